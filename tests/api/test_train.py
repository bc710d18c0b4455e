"""`train` over real HTTP: events stream while it trains, and settings beyond the limits get one sentence."""

import json

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


@pytest.mark.parametrize(
    "place, value",
    [
        (0, "imagenet"), (0, ["mnist"]), (1, [0]), (1, [10**6]), (1, [8] * 40), (1, ["wide"]), (1, 7), (1, [1.5]), (2, "lion"), (3, 0), (3, -1), (3, 1e9),
        (3, "fast"), (4, 0), (4, 10**6), (4, 2.5), (5, 0), (5, 10**9), (6, -1), (6, None),
    ],
)  # fmt: skip
def test_settings_beyond_the_limits_get_one_sentence(app, place, value):
    inputs = [*DEFAULTS[:place], value, *DEFAULTS[place + 1 :]]
    started = httpx.post(f"{app.address}/gradio_api/call/train", json={"data": inputs}).json()["event_id"]
    answer = httpx.get(f"{app.address}/gradio_api/call/train/{started}", timeout=30).text
    assert answer.startswith("event: error")
    assert json.loads(answer.partition("data: ")[2])["error"] == TEXTS["en"]["error.settings"]


def test_a_run_that_diverges_gets_advice(app):
    inputs = ["mnist", [64, 64], "sgd", 10, 64, 3, 0, False]
    started = httpx.post(f"{app.address}/gradio_api/call/train", json={"data": inputs}).json()["event_id"]
    answer = httpx.get(f"{app.address}/gradio_api/call/train/{started}", timeout=60).text
    assert "The loss left every bound at a rate of 10; try 1." in answer
