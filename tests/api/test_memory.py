"""`estimate_memory` and `measure_memory` over real HTTP, in the command line's shape; settings beyond the limits get one sentence."""

import json

import httpx
import pytest

from imgmlp.memory.devices import DEVICES
from imgmlp.memory.estimate import estimate
from imgmlp.memory.step import StepConfig
from imgmlp.ui.shared.text import TEXTS

DEFAULTS = ["mnist", [128], "adam", 64, "foreach"]
ENGLISH = TEXTS["en"]


def measured(app, *inputs) -> str:
    event = httpx.post(f"{app.address}/gradio_api/call/measure_memory", json={"data": inputs}).json()["event_id"]
    return httpx.get(f"{app.address}/gradio_api/call/measure_memory/{event}", timeout=60).text


def test_the_estimate_is_the_librarys(app):
    answer = app.call("estimate_memory", *DEFAULTS, "h100").json()["data"][0]
    assert answer == json.loads(json.dumps(estimate(StepConfig(), DEVICES["h100"]).as_json()))


def test_what_is_measured_is_what_was_predicted_here(app):
    answer = json.loads(measured(app, "cifar10", [64, 32], "momentum", 100, "fused").partition("data: ")[2])[0]
    assert answer["measured"]["requested_bytes"] == answer["predicted"]["requested_bytes"] > 0


@pytest.mark.parametrize(
    "place, value, key",
    [
        (0, "imagenet", "error.dataset"), (0, ["mnist"], "error.dataset"), (1, [0], "error.step_settings"), (1, 7, "error.step_settings"),
        (1, [10**7], "error.step_settings"), (2, "lion", "error.optimizer"), (3, 0, "error.step_settings"), (3, 10**7, "error.step_settings"),
        (3, 1.5, "error.step_settings"), (3, True, "error.step_settings"), (4, "magic", "error.implementation"), (5, "abacus", "error.device"), (5, ["h100"], "error.device"),
    ],
)  # fmt: skip
def test_settings_beyond_the_limits_get_one_sentence(app, place, value, key):
    inputs = [*DEFAULTS, "h100"]
    inputs[place] = value
    answer = app.call("estimate_memory", *inputs)
    assert answer.status_code == 422 and answer.json()["error"] == ENGLISH[key]


def test_what_no_machine_can_measure_is_refused_with_its_bytes_and_the_app_goes_on(app):
    before = app.memory_bytes
    answer = measured(app, "cifar10", [10**6, 10**6], "adam", 10**6, "foreach")
    assert answer.startswith("event: error") and "This step would take" in answer
    assert app.memory_bytes < before + 20e6
    assert app.call("estimate_memory", *DEFAULTS, "h100").status_code == 200
