"""The app in a ZeroGPU Space: what needs a GPU is asked for in one short call, the rest never touches CUDA."""

import json

import httpx
import pytest

from tests.conftest import ROOT, started
from tests.pictures import THREE, drawn, encoded


@pytest.fixture(scope="module")
def durations(tmp_path_factory):
    return tmp_path_factory.mktemp("zerogpu") / "durations"


@pytest.fixture(scope="module")
def space(durations):
    with started(PYTHONPATH=str(ROOT / "tests" / "zerogpu"), IMGMLP_DURATIONS=str(durations)) as running:
        yield running


def train(space, *inputs: object) -> str:
    event = httpx.post(f"{space.address}/gradio_api/call/train", json={"data": inputs}).json()["event_id"]
    return httpx.get(f"{space.address}/gradio_api/call/train/{event}", timeout=120).text


def test_a_picture_is_classified_without_asking_for_a_gpu(space, durations):
    answer = space.call("classify", space.upload(encoded(drawn(THREE))), "mnist").json()["data"][0]
    assert answer["label"] == "3" and not durations.exists()


def test_a_whole_run_is_one_short_call(space, durations):
    answer = train(space, "mnist", [16], "adam", 0.003, 500, 2, 0, False)
    last = json.loads(answer.split("data: ")[-2].partition("\n")[0])[0]
    assert "event: complete" in answer and last["test_accuracy"] > 0.85
    [asked] = durations.read_text().split()
    assert int(asked) <= 30


def test_an_error_in_the_worker_is_told_as_ever(space):
    assert "The run diverged: its loss grew beyond all bounds at a rate of 10; try 1." in train(space, "mnist", [64, 64], "sgd", 10, 64, 3, 0, False)


def test_measuring_is_one_call_that_asks_for_half_a_minute(space, durations):
    before = len(durations.read_text().split())
    event = httpx.post(f"{space.address}/gradio_api/call/measure_memory", json={"data": ["cifar10", [37], "sgd", 9, "loop"]}).json()["event_id"]
    answer = httpx.get(f"{space.address}/gradio_api/call/measure_memory/{event}", timeout=60).text
    found = json.loads(answer.partition("data: ")[2])[0]
    assert found["measured"]["requested_bytes"] > 4 * 37 * 3072
    assert durations.read_text().split()[before:] == ["30"]
