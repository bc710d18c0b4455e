"""`train` over real HTTP: events stream while it trains, and settings beyond the limits get one sentence."""

import json
import time

import httpx
import pytest
from gradio_client import Client

from imgmlp.ui.shared.text import TEXTS

DEFAULTS = ["mnist", [16], "adam", 0.003, 500, 1, 0, False]


def test_events_stream_and_the_last_has_the_test_accuracy(app):
    job = Client(app.address, verbose=False).submit(*DEFAULTS[:5], 6, 0, False, api_name="/train")
    job.result(timeout=60)
    events = job.outputs()
    assert len(events) >= 2
    assert [one["step"] for one in events] == sorted(one["step"] for one in events)
    assert events[-1]["test_accuracy"] > 0.9 and events[-1]["step"] == events[-1]["steps"] == 720
    assert {"epoch", "loss", "accuracy", "images_per_second", "seconds", "peak_bytes", "device"} <= events[0].keys()


@pytest.mark.parametrize("endpoint", ["train", "measure_memory"])
def test_nobody_trains_or_measures_past_the_queue(app, endpoint):
    answer = httpx.post(f"{app.address}/gradio_api/run/{endpoint}", json={"data": DEFAULTS if endpoint == "train" else ["mnist", [16], "adam", 64, "foreach"]})
    assert answer.status_code == 404 and not app.runs


@pytest.mark.parametrize(
    "place, value",
    [
        (0, "imagenet"), (0, ["mnist"]), (1, [0]), (1, [10**6]), (1, [8] * 40), (1, ["wide"]), (1, 7), (1, [1.5]), (2, "lion"), (3, 0), (3, -1), (3, 1e9),
        (3, "fast"), (4, 0), (4, 10**6), (4, 2.5), (5, 0), (5, 10**9), (6, -1), (6, None), (3, True), (7, "no"), (7, 1),
    ],
)  # fmt: skip
def test_settings_beyond_the_limits_get_one_sentence(app, place, value):
    inputs = [*DEFAULTS[:place], value, *DEFAULTS[place + 1 :]]
    started = httpx.post(f"{app.address}/gradio_api/call/train", json={"data": inputs}).json()["event_id"]
    answer = httpx.get(f"{app.address}/gradio_api/call/train/{started}", timeout=30).text
    assert answer.startswith("event: error")
    setting = ("dataset", "hidden", "optimizer", "learning_rate", "batch_size", "epochs", "seed", "augment")[place]
    assert json.loads(answer.partition("data: ")[2])["error"] == TEXTS["en"][f"error.{setting}"]


def test_a_run_that_diverges_gets_advice(app):
    inputs = ["mnist", [64, 64], "sgd", 10, 64, 3, 0, False]
    started = httpx.post(f"{app.address}/gradio_api/call/train", json={"data": inputs}).json()["event_id"]
    answer = httpx.get(f"{app.address}/gradio_api/call/train/{started}", timeout=60).text
    assert "The run diverged: its loss grew beyond all bounds at a rate of 10; try 1." in answer


def waited(condition, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def begun(app, epochs: int) -> str:
    return httpx.post(f"{app.address}/gradio_api/call/train", json={"data": [*DEFAULTS[:5], epochs, 0, False]}).json()["event_id"]


def test_a_lost_connection_ends_the_run_and_the_next_one_starts(app):
    with httpx.stream("GET", f"{app.address}/gradio_api/call/train/{begun(app, 10_000)}", timeout=30) as answer:
        next(line for line in answer.iter_lines() if "generating" in line)
        assert len(app.runs) == 1
    assert waited(lambda: not app.runs, 2)
    answer = httpx.get(f"{app.address}/gradio_api/call/train/{begun(app, 1)}", timeout=30).text
    assert "event: complete" in answer


def test_a_run_leaves_no_process_and_no_memory(app):
    run = lambda: httpx.get(f"{app.address}/gradio_api/call/train/{begun(app, 1)}", timeout=30)
    run()
    before = app.memory_bytes
    for _ in range(5):
        run()
    assert waited(lambda: not app.runs, 2) and app.memory_bytes < before + 20e6


def test_two_runs_take_turns_and_both_end(app):
    events = [begun(app, epochs) for epochs in (6, 1)]
    assert waited(lambda: len(app.runs) == 1)
    answers = [httpx.get(f"{app.address}/gradio_api/call/train/{event}", timeout=60).text for event in events]
    assert all("event: complete" in answer for answer in answers)


@pytest.mark.parametrize("hidden, batch, words", [([8192, 8192], 64, "needs 1,178,"), ([4096], 60_000, "batch of at most 7,"), ([], 0, "The batch must be a whole number from 1 to 60,000")])
def test_what_would_take_the_machine_is_refused_at_once(app, hidden, batch, words):
    started = time.monotonic()
    event = httpx.post(f"{app.address}/gradio_api/call/train", json={"data": ["mnist", hidden, "adam", 0.001, batch, 1, 0, False]}).json()["event_id"]
    answer = httpx.get(f"{app.address}/gradio_api/call/train/{event}", timeout=30).text
    assert answer.startswith("event: error") and words in json.loads(answer.partition("data: ")[2])["error"]
    assert not app.runs and time.monotonic() - started < 5
