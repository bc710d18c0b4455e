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


def test_an_agent_is_its_user(shared_app):
    """Its tool calls reach the queue from the app itself, as if it were this machine's own user."""

    async def call(user: str):
        async with streamablehttp_client(f"{shared_app}gradio_api/mcp/", headers={"x-forwarded-for": user}) as (read, write, _), ClientSession(read, write) as client:
            await client.initialize()
            return await client.call_tool("measure_memory", {"hidden": [8]})

    assert not asyncio.run(call("9.9.9.3")).isError
    refused = asyncio.run(call("9.9.9.3"))
    assert refused.isError and TEXTS["en"]["error.share"].partition("{")[0] in refused.content[0].text
    assert not asyncio.run(call("9.9.9.4")).isError
