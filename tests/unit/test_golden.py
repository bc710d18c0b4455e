"""The prediction against what a card counted, without that card; and the script that writes it down, tried without one."""

import json

import pytest

from imgmlp.memory import measure as measuring
from imgmlp.memory.devices import DEVICES
from imgmlp.memory.estimate import estimate
from tests.gpu import golden


@pytest.fixture
def measured():
    if not golden.FILE.exists():
        pytest.skip("no card has been measured yet: python -m tests.gpu.golden tests/gpu/golden.json")
    return golden.differences(json.loads(golden.FILE.read_text()))


def test_requested_bytes_are_equal_in_every_cell(measured):
    assert [config for config, predicted, seen in measured if predicted.requested_bytes != seen.requested_bytes] == []


def test_allocated_bytes_are_equal_in_95_of_100_cells_and_near_in_all(measured):
    off = [abs(predicted.allocated_bytes - seen.allocated_bytes) / seen.allocated_bytes for _, predicted, seen in measured]
    assert sum(one == 0 for one in off) >= 0.95 * len(off) and max(off) <= 0.001


def test_reserved_bytes_are_a_segment_apart_at_most(measured):
    assert all(abs(predicted.reserved_bytes - seen.reserved_bytes) <= 32 << 20 for _, predicted, seen in measured)


def test_the_script_writes_what_a_card_says(tmp_path, monkeypatch):
    """A card at torch's edge that takes what is predicted, and 512 bytes more for one step."""
    card = DEVICES["h100"]

    def on_card(config):
        peaks = estimate(config, card).peaks
        if config.batch_size == 100 and config.optimizer == "sgd":
            peaks = measuring.Peaks(peaks.requested_bytes + 512, peaks.allocated_bytes, peaks.reserved_bytes)
        return measuring.Measurement(config, peaks, 0, card.name, "2.11.0", {})

    monkeypatch.setattr(measuring, "_on_card", on_card)
    monkeypatch.setattr(measuring, "live_device", lambda: card)
    monkeypatch.setattr(golden, "live_device", lambda: card)
    monkeypatch.setattr(golden, "driver", lambda: "0.0")
    monkeypatch.setattr(golden, "grid", lambda: [config for config in golden_grid if config.batch_size <= 512][::7])
    golden.record(tmp_path / "golden.json")
    found = json.loads((tmp_path / "golden.json").read_text())
    assert found["card"]["name"] == "H100" and found["torch"] and found["date"] and found["driver"]
    off = [config for config, predicted, seen in golden.differences(found) if predicted != seen]
    assert off and all(config.batch_size == 100 and config.optimizer == "sgd" for config in off)


golden_grid = list(golden.grid())


def test_the_grid_is_whole():
    assert len(golden_grid) == 2 * 3 * 8 * 4 * 2 == len(set(golden_grid))
