"""What the tests stand on: the shipped networks, official digits, and the app as its own process."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, MNIST, load

ROOT = Path(__file__).parents[1]
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


@pytest.fixture(params=["mnist", "cifar10"])
def network(request):
    return checkpoints.shipped(request.param)


@pytest.fixture(scope="session")
def digits():
    return load(MNIST, "test")


@pytest.fixture(scope="session")
def photographs():
    return load(CIFAR10, "test")


@pytest.fixture(scope="session")
def app():
    """The address of the app, started as a user starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str, process: subprocess.Popen) -> None:
    for _ in range(600):
        assert process.poll() is None, "the app stopped while starting"
        try:
            if httpx.get(f"{address}/gradio_api/app_id").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the app did not answer within a minute")


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        reason = "no Chromium on this machine"
        pytest.fail(reason) if "IMGMLP_BROWSER_REQUIRED" in os.environ else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()
