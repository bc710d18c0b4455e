"""When something around the app breaks: a clear sentence, and what can go on goes on."""

import os
import resource
import shutil
import signal
import subprocess
import sys

import httpx
import pytest

from imgmlp import checkpoints
from imgmlp.ui.shared.text import TEXTS
from tests.conftest import ROOT, started
from tests.pictures import THREE, drawn, encoded

ENGLISH = TEXTS["en"]


def reads_a_three(app) -> bool:
    return app.call("classify", app.upload(encoded(drawn(THREE))), "mnist").json()["data"][0]["label"] == "3"


def test_a_run_whose_process_is_killed_is_told_and_the_next_one_runs(app):
    train = lambda epochs: httpx.post(f"{app.address}/gradio_api/call/train", json={"data": ["mnist", [16], "adam", 0.003, 500, epochs, 0, False]}).json()["event_id"]
    with httpx.stream("GET", f"{app.address}/gradio_api/call/train/{train(10_000)}", timeout=30) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if "generating" in line)
        [run] = app.runs
        os.kill(run, signal.SIGKILL)
        rest = "\n".join(lines)
    assert ENGLISH["error.memory"].partition("{")[0] in rest and "Traceback" not in rest
    assert "event: complete" in httpx.get(f"{app.address}/gradio_api/call/train/{train(1)}", timeout=60).text
    assert reads_a_three(app)


def test_a_port_that_is_taken_is_told_in_one_line(app):
    port = app.address.rpartition(":")[2]
    done = subprocess.run([sys.executable, "app.py", "--port", port], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.strip().splitlines()[-1] == f"Port {port} is taken; give another one with --port." and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--port", "70000", "70000 is no whole number from 1 to 65535"), ("--port", "-5", "-5 is no whole number from 1 to 65535"),
        ("--host", "203.0.113.5", "203.0.113.5 is no address of this machine"), ("--host", "nowhere.invalid", "nowhere.invalid is no address of this machine"),
    ],
)  # fmt: skip
def test_where_nobody_can_listen_is_told_in_one_line(option, value, said):
    done = subprocess.run([sys.executable, "app.py", option, value], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.splitlines()[-1] == f"app.py: error: argument {option}: {said}"


def test_without_room_for_an_upload_drawing_goes_on():
    with started() as app:
        assert reads_a_three(app)
        resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE, (0, 0))  # every write fails, as on a full disk
        answer = httpx.post(f"{app.address}/gradio_api/upload", files={"files": ("picture.png", encoded(drawn(THREE)))})
        assert 400 <= answer.status_code < 500 and "Traceback" not in answer.text
        assert len(app.call("samples", "mnist", 3, 7).json()["data"][0]) == 3


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_data_root_that_cannot_be_written_or_read_is_no_obstacle(tmp_path, mode):
    tmp_path.chmod(mode)
    try:
        with started("--data", str(tmp_path)) as app:
            assert len(app.call("samples", "mnist", 3, 7).json()["data"][0]) == 3
    finally:
        tmp_path.chmod(0o700)


def test_a_damaged_checkpoint_leaves_the_other_network_working(tmp_path):
    """The app, copied, with one of the two files cut short."""
    for name in ("app.py", "imgmlp", "checkpoints"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    weights = tmp_path / "checkpoints" / checkpoints.SHIPPED["mnist"] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with started(folder=tmp_path) as app:
        picture = encoded(drawn(THREE))
        assert app.call("classify", app.upload(picture), "mnist").json()["error"] == ENGLISH["error.checkpoint"]
        assert app.call("classify", app.upload(picture), "cifar10").json()["data"][0]["label"]


def test_an_app_that_is_ended_leaves_no_upload_behind(tmp_path):
    with started(TMPDIR=str(tmp_path)) as app:
        assert reads_a_three(app) and list(tmp_path.rglob("picture.png"))
    assert not list(tmp_path.rglob("picture.png"))
