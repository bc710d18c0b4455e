"""What a step will cost: its parts, the lesson's figures beside the true ones, the largest batch."""

import itertools
import time
from types import SimpleNamespace

import pytest
import torch

from imgmlp.memory import search
from imgmlp.memory.devices import DEVICES, Device, blas_workspace_bytes, column_sum_bytes
from imgmlp.memory.estimate import estimate, fits
from imgmlp.memory.lesson import reckon
from imgmlp.memory.measure import TooLarge, measure
from imgmlp.memory.search import CapTooSmall, predict_largest, probe_largest
from imgmlp.memory.step import MOST_PICTURES, StepConfig
from imgmlp.memory.trace import Allocation, Release, StepBegins, trace

H100, T4 = DEVICES["h100"], DEVICES["t4"]
OPTIMIZERS = ("sgd", "momentum", "adam", "adamw")
MIB = 1 << 20


@pytest.mark.parametrize("hidden, less", [((128,), False), ((2048,) * 6, True)])
def test_bf16_saves_activations_only_where_there_are_many(hidden, less):
    """The inputs are copied into bf16 too. Not held against the CPU, whose bf16 products take buffers of their own."""
    plain, half = (estimate(StepConfig(hidden=hidden, batch_size=10_000, bf16=bf16), None).parts for bf16 in (False, True))
    assert half["parameters"] == plain["parameters"] and half["gradients"] == plain["gradients"]
    assert (half["activations"] < plain["activations"]) == less


def test_the_lessons_network_is_taken_apart():
    """LESSON.md, rows 10 to 13: the true figures."""
    found = {optimizer: estimate(StepConfig(optimizer=optimizer), None).parts for optimizer in OPTIMIZERS}
    assert found["adam"]["parameters"] == found["adam"]["gradients"] == 407_080
    assert [found[optimizer]["optimizer"] for optimizer in OPTIMIZERS] == [0, 407_080, 814_160, 814_160]
    assert found["adam"]["batch"] == 200_704 + 64 * 8
    assert estimate(StepConfig(batch_size=1024), None).parts["batch"] == 3_211_264 + 1024 * 8
    assert reckon(StepConfig()).total_bytes == 1_829_024


@pytest.mark.parametrize("version, batch, allocated", [((2, 14), 64, 69_348_352), ((2, 15), 64, 35_419_136), ((2, 14), 1024, 73_532_928), ((2, 15), 1024, 39_092_224)])
def test_the_workspaces_follow_torchs_version(version, batch, allocated):
    """Worked out independently, from the sources, before this was written."""
    assert estimate(StepConfig(batch_size=batch), H100, version).peaks.allocated_bytes == allocated


@pytest.mark.parametrize("capability, large", [((9, 0), (11, 12, 13, 14)), ((10, 0), (12, 13, 14)), ((12, 0), (12, 13, 14)), ((11, 0), (14,)), ((8, 9), ())])
def test_which_cards_have_the_large_workspace_depends_on_torchs_version(capability, large):
    card = Device("a card", capability, 100, 2048, 80 << 30)
    assert tuple(minor for minor in (11, 12, 13, 14) if blas_workspace_bytes(card, (2, minor)) == 32 * MIB) == large


def test_since_torch_2_15_a_product_with_a_bias_takes_a_workspace_of_a_mebibyte():
    assert estimate(StepConfig(training=False), H100, (2, 15)).parts["workspace"] == MIB


@pytest.mark.parametrize("device", [None, H100, T4])
def test_the_timeline_is_of_the_last_step_alone(device):
    """The handles' workspaces are there since the first."""
    found, events = estimate(StepConfig(), device, (2, 11)), trace(StepConfig())
    third = events[[place for place, event in enumerate(events) if isinstance(event, StepBegins)][2] :]
    made = sum(isinstance(event, Allocation) and event.size(64) > 0 for event in third)
    assert [moment.op for moment in found.timeline].count("step") == 1 and len(found.timeline) == 1 + made


def test_a_card_takes_its_workspace_for_each_of_forward_and_backward():
    for device, size in ((H100, 32 * MIB), (T4, 8_519_680)):
        assert estimate(StepConfig(), device, (2, 11)).parts["workspace"] == 2 * size
        assert estimate(StepConfig(training=False), device, (2, 11)).parts["workspace"] == size


@pytest.mark.parametrize("rows, mebibytes", [(512, 0), (1020, 0), (1024, 1), (4096, 4), (16_384, 16)])
def test_a_bias_is_summed_with_a_buffer_that_grows(rows, mebibytes):
    assert column_sum_bytes(rows, 128, H100)[0] == mebibytes * MIB


@pytest.mark.parametrize("config", [StepConfig(), StepConfig("cifar10", (300, 40), "sgd", "fused"), StepConfig(bf16=True), StepConfig(training=False)])
@pytest.mark.parametrize("batch", [1, 2, 47, 4096])
def test_two_traces_tell_every_batch_size(config, batch):
    from imgmlp.memory.trace import _events

    sized = [(event.storage, event.size(batch)) for event in trace(config) if isinstance(event, Allocation)]
    assert sized == [(event.storage, event.bytes_fixed) for event in _events(config.batch(batch)) if isinstance(event, Allocation)]


def test_what_a_step_makes_it_gives_back():
    """From the second step on, each allocates and frees the same bytes: gradients of the one before, its own batch and activations."""
    events = trace(StepConfig())
    begins = [place for place, event in enumerate(events) if isinstance(event, StepBegins)]
    third = events[begins[2] :]
    made = {event.storage for event in third if isinstance(event, Allocation)}
    left = made - {event.storage for event in third if isinstance(event, Release)}
    assert sum(event.size(64) for event in third if isinstance(event, Allocation) and event.storage in left) == 407_080  # the gradients


def test_the_parts_at_the_peak_add_up_to_it():
    for device, optimizer, batch in itertools.product((None, H100, T4), OPTIMIZERS, (1, 64, 5000)):
        found = estimate(StepConfig(optimizer=optimizer, batch_size=batch), device)
        assert found.peak.total_bytes == found.peaks.requested_bytes
        if device:
            assert found.peaks.requested_bytes <= found.peaks.allocated_bytes <= found.peaks.reserved_bytes


def test_a_step_for_no_card_is_answered_at_once():
    config = StepConfig("cifar10", (1_000_000, 1_000_000), batch_size=MOST_PICTURES)
    trace(StepConfig())  # torch's own warming up
    began = time.monotonic()
    found = estimate(config, H100)
    assert not found.fits and found.peaks.requested_bytes > 16 * 10**12 and time.monotonic() - began < 5
    with pytest.raises(TooLarge):
        next(measure((config,), "cpu"))


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"batch_size": 10**7}, {"batch_size": True}, {"hidden": (0,)}, {"hidden": (8,) * 17}, {"optimizer": "lion"}, {"implementation": "magic"}, {"dataset": "imagenet"}, {"dataset": ["mnist"]}])
def test_settings_that_cannot_be_are_refused(change):
    with pytest.raises(ValueError):
        StepConfig(**change)


@pytest.mark.parametrize("config, device", [(StepConfig("cifar10", (2048, 2048)), T4), (StepConfig("cifar10", (4096,), "sgd", "fused"), H100)])
def test_the_largest_batch_fits_and_the_next_does_not(config, device):
    found = predict_largest(config, device, 4 << 30)
    assert fits(config.batch(found.batch_size), device, 4 << 30) and not fits(config.batch(found.batch_size + 1), device, 4 << 30)
    assert found.advised == int(0.8 * found.batch_size) and not found.endless


def test_no_cap_makes_a_card_larger_than_it_is():
    config = StepConfig("cifar10", (4096, 4096))
    found = predict_largest(config, T4, 200 << 30)
    assert found.batch_size == predict_largest(config, T4, T4.memory_bytes).batch_size < MOST_PICTURES
    assert found.cap_bytes == T4.memory_bytes


def test_small_networks_meet_the_searchs_end_before_memorys():
    assert predict_largest(StepConfig(), H100, 80 << 30).endless
    assert predict_largest(StepConfig(), H100, MIB).batch_size == 0  # not even the weights' segment


class FakeCard:
    """A card of `capacity` bytes at torch's edge: its steps are replayed through the allocator's model."""

    def __init__(self, monkeypatch, capacity: int, context: int, slack: int = 0):
        self.share, self.steps, self.slack = 1.0, 0, slack
        self.capacity = capacity
        monkeypatch.setattr(search, "live_device", lambda: T4)
        monkeypatch.setattr(search, "context_bytes", lambda: context)
        monkeypatch.setattr(search, "take_steps", self.take_steps)
        monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda share: setattr(self, "share", share))
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
        monkeypatch.setattr(search, "gc", SimpleNamespace(collect=lambda: None))  # nothing is there, and to look takes 100 ms

    def take_steps(self, config, device):
        self.steps += 1
        if not fits(config, T4, min(self.capacity, int(self.share * T4.memory_bytes)) - self.slack):
            raise torch.OutOfMemoryError("CUDA out of memory.")


@pytest.mark.parametrize("slack", [0, 64 * MIB])
def test_a_search_with_real_steps_starts_at_the_prediction_and_is_verified(monkeypatch, slack):
    """slack: memory that something else took, so that the prediction is too high."""
    card = FakeCard(monkeypatch, T4.memory_bytes, 500 * MIB, slack)
    config = StepConfig("cifar10", (2048, 2048))
    [found] = probe_largest(config, 4 << 30)
    truth = predict_largest(config, T4, (4 << 30) - 500 * MIB - slack).batch_size
    assert abs(found.batch_size - truth) <= 1 and found.probes[-1].fits and found.probes[-1].batch_size == found.batch_size
    assert (found.predicted == found.batch_size or slack) and card.share == 1.0 and card.steps < (6 if not slack else 60)


def test_a_card_that_others_fill_meanwhile_is_told_as_one_where_nothing_fits(monkeypatch):
    card = FakeCard(monkeypatch, 0, 500 * MIB)
    [found] = probe_largest(StepConfig("cifar10", (2048, 2048)), 4 << 30)
    assert found.batch_size == found.advised == 0 and not any(probe.fits for probe in found.probes) and card.share == 1.0


def test_a_cap_below_the_context_is_refused(monkeypatch):
    FakeCard(monkeypatch, T4.memory_bytes, 500 * MIB)
    with pytest.raises(CapTooSmall, match="524,288,000 bytes"):
        next(probe_largest(StepConfig(), 400 * MIB))
