"""What the tests stand on: the shipped networks, official digits, and the app as its own process."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, MNIST, load
from tests.pictures import THREE, encoded, photographed

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


@dataclass(frozen=True)
class App:
    """The app, started as a user starts it."""

    address: str
    process: subprocess.Popen

    @property
    def memory_bytes(self) -> int:
        """The resident set now; Linux says it in pages (proc_pid_statm(5))."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    @property
    def runs(self) -> list[int]:
        """The processes of computations that go on: grandchildren, of the server that forks them; those that open pictures give way (nice 10), runs do not.

        proc_pid_stat(5).
        """
        parents, niceness = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, parent, *_, nice = path.read_text().rpartition(")")[2].split()[:17]
            except OSError:
                continue  # it has ended meanwhile
            if state != "Z":
                pid = int(path.parent.name)
                parents[pid], niceness[pid] = int(parent), int(nice)
        return [pid for pid, parent in parents.items() if parents.get(parent) == self.process.pid and niceness[pid] == niceness[self.process.pid]]

    def upload(self, content: bytes, name: str = "picture.png") -> dict:
        """The record of an uploaded file, as Gradio's own page sends it."""
        answer = httpx.post(f"{self.address}/gradio_api/upload", files={"files": (name, content)}).raise_for_status()
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}

    def call(self, endpoint: str, *inputs: object) -> httpx.Response:
        """The answer of a public endpoint over plain HTTP."""
        return httpx.post(f"{self.address}/gradio_api/run/{endpoint}", json={"data": inputs}, timeout=30)


@contextmanager
def started(*options: str, log: Path | None = None, folder: Path = ROOT, **environment: str) -> Iterator[App]:
    """The app in a process of its own, on a free port, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(log or os.devnull, "w") as output:
        process = subprocess.Popen([sys.executable, "app.py", "--port", str(port), *options], cwd=folder, env=os.environ | environment, stdout=output, stderr=output)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(address, process)
            yield App(address, process)
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session")
def app():
    with started() as running:
        yield running


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
def browser(tmp_path_factory):
    """Real Chromium, before whose camera somebody holds a 3."""
    if not CHROMIUM:
        reason = "no Chromium on this machine"
        pytest.fail(reason) if "IMGMLP_BROWSER_REQUIRED" in os.environ else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        camera = tmp_path_factory.mktemp("camera") / "three.mjpeg"
        camera.write_bytes(encoded(photographed(THREE).resize((640, 480)), "JPEG") * 5)
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
            ],
        )
        yield chromium
        chromium.close()
