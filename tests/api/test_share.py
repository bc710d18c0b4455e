"""A user who has used up a share is told so over HTTP and MCP; who sits at the machine itself is not."""

import asyncio
import json

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from imgmlp.ui.demo import build, launch_options
from imgmlp.ui.shared import own_process, share
from imgmlp.ui.shared.text import TEXTS


@pytest.fixture
def shared_app(monkeypatch):
    """The app in this process, with a share of no more than one computation."""
    monkeypatch.setattr(share, "SHARE_SECONDS", 0.001)
    own_process.prepare()
    demo = build()
    _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield address
    demo.close()


def ask(address: str, endpoint: str, inputs: list, user: str | None = None) -> str:
    event = httpx.post(f"{address}gradio_api/call/{endpoint}", json={"data": inputs}, headers={"x-forwarded-for": user} if user else {}).json()["event_id"]
    return httpx.get(f"{address}gradio_api/call/{endpoint}/{event}", timeout=60).text


def test_a_share_is_for_training_and_measuring_together(shared_app):
    train = ("train", ["mnist", [8], "adam", 0.003, 1000, 1, 0, False])
    measure = ("measure_memory", ["mnist", [8], "adam", 8, "foreach"])
    spent = json.dumps(TEXTS["en"]["error.share"].partition("{")[0])[1:-1]
    assert "event: complete" in ask(shared_app, *train, "9.9.9.1")
    for again in (train, measure):
        answer = ask(shared_app, *again, "9.9.9.1")
        assert "event: error" in answer and spent in answer
    assert "event: complete" in ask(shared_app, *measure, "9.9.9.2")
    for _ in range(2):
        assert "event: complete" in ask(shared_app, *measure)


def test_an_agent_is_its_user(shared_app, monkeypatch):
    """Its tool calls reach the queue from the app itself, as if they were this machine's own; the agent sits at 127.0.0.2."""
    monkeypatch.setattr(share, "is_this_machine", lambda address: address == "127.0.0.1")
    invented = {"x-forwarded-for": "127.0.0.1"}

    def from_elsewhere(headers=None, timeout=None, auth=None):
        return httpx.AsyncClient(headers=headers, timeout=timeout, transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2"))

    async def call():
        connection = streamablehttp_client(f"{shared_app}gradio_api/mcp/", headers=invented, httpx_client_factory=from_elsewhere)
        async with connection as (read, write, _), ClientSession(read, write) as client:
            await client.initialize()
            return await client.call_tool("measure_memory", {"hidden": [8]})

    assert not asyncio.run(call()).isError
    refused = asyncio.run(call())
    assert refused.isError and TEXTS["en"]["error.share"].partition("{")[0] in refused.content[0].text
