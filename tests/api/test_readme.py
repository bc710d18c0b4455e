"""The README's examples do what they say, on the app that runs."""

import asyncio
import json
import re
import subprocess

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from tests.conftest import ROOT
from tests.pictures import SEVEN, drawn, encoded

README = (ROOT / "README.md").read_text()


def example(app, start: str) -> str:
    """The block that begins so, with the running app's address."""
    [block] = re.findall(rf"```\w*\n({re.escape(start)}.*?)```", README, re.DOTALL)
    return block.replace("http://127.0.0.1:7860", app.address)


def test_the_python_example_runs(app, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seven.png").write_bytes(encoded(drawn(SEVEN)))
    found = {}
    code = example(app, "from gradio_client")
    lines = [f"found[{number}] = {line}" if line.startswith("app.predict") else line for number, line in enumerate(code.splitlines())]
    exec("\n".join(lines), {"found": found})
    classified, samples, estimated, measured = found.values()
    assert classified["label"] == "7" and samples[0]["index"] == 5368 and len(samples) == 24
    assert estimated["parts"]["parameters"] == 407_080 and measured["measured"]
    assert "test_accuracy" in capsys.readouterr().out


def test_the_curl_example_runs(app):
    try:
        done = subprocess.run(example(app, "curl"), shell=True, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        pytest.skip("no curl here") if error.returncode == 127 else pytest.fail(error.stderr)
    assert json.loads(done.stdout)["data"][0]["predicted"]["allocated_bytes"] == 73_532_928


def test_the_mcp_example_is_a_server_with_five_tools(app):
    server = json.loads(example(app, '{"mcpServers"'))["mcpServers"]["imgmlp"]

    async def tools() -> int:
        async with streamablehttp_client(server["url"]) as (read, write, _), ClientSession(read, write) as client:
            await client.initialize()
            return len((await client.list_tools()).tools)

    assert asyncio.run(tools()) == 5
