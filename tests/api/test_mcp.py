"""The five endpoints as tools of an MCP server: an agent finds them, calls them, and cannot make the app fetch anything."""

import asyncio
import base64
import json
import socket

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from imgmlp.inference.preprocess import SENTENCES
from tests.pictures import THREE, drawn, encoded

TOOLS = {"classify", "samples", "train", "estimate_memory", "measure_memory"}


@pytest.fixture
def ask(app):
    """Call a method of an MCP session with the app."""

    async def session(method: str, *inputs):
        async with streamablehttp_client(f"{app.address}/gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as client:
            await client.initialize()
            return await getattr(client, method)(*inputs)

    return lambda method, *inputs: asyncio.run(session(method, *inputs))


def test_an_agent_finds_five_tools_with_descriptions_and_typed_inputs(ask):
    tools = {tool.name: tool for tool in ask("list_tools").tools}
    assert set(tools) == TOOLS
    for tool in tools.values():
        assert len(tool.description) > 40
        assert all("type" in one and one["description"] for one in tool.inputSchema["properties"].values()), tool.name


def test_an_agent_classifies_a_picture(ask):
    picture = "data:image/png;base64," + base64.b64encode(encoded(drawn(THREE))).decode()
    answer = ask("call_tool", "classify", {"image": picture, "dataset": "mnist"})
    assert not answer.isError and "'label': '3'" in answer.content[0].text


def test_an_agent_asks_for_the_memory_of_a_step(ask):
    answer = ask("call_tool", "estimate_memory", {"batch_size": 1024, "device": "h100"})
    assert not answer.isError and "'parameters': 407080" in answer.content[0].text


def test_an_agent_trains(ask):
    answer = ask("call_tool", "train", {"hidden": [16], "batch_size": 500, "learning_rate": 0.003})
    assert not answer.isError and "test_accuracy" in answer.content[0].text


def test_an_address_is_refused_and_never_asked(ask):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(1)
        answer = ask("call_tool", "classify", {"image": f"http://127.0.0.1:{server.getsockname()[1]}/seven.png", "dataset": "mnist"})
        assert answer.isError and SENTENCES["missing"] in answer.content[0].text
        with pytest.raises(TimeoutError):
            server.accept()


def test_bad_settings_get_the_same_sentence_as_over_http(ask):
    answer = ask("call_tool", "estimate_memory", {"batch_size": 0})
    assert answer.isError and "a batch of 1 to 1,000,000" in answer.content[0].text and "Traceback" not in json.dumps(answer.content[0].text)
