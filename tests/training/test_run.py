"""A run is followed: its points, its snapshots, its test; it holds nothing of the device, and can be left."""

import pickle
import threading

import pytest
import torch

from imgmlp.inference.classifier import evaluate
from imgmlp.training import run as runs
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import OutOfMemory
from imgmlp.training.run import MOST_SNAPSHOTS, follow


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch, digits):
    monkeypatch.setattr(runs, "load", lambda spec, split: digits.take(torch.arange(4000) if split == "train" else torch.arange(4000, 6000)))
    monkeypatch.setattr("imgmlp.training.engine.EVENT_SECONDS", 0)


def test_the_last_run_is_tested_on_the_whole_test_set(digits):
    *_, last = follow(TrainConfig(hidden=(16,), batch_size=200))
    assert last.test.accuracy == evaluate(last.model(), digits.take(torch.arange(4000, 6000))).accuracy == last.tested()[0]
    assert last.points[-1].step == last.points[-1].steps == 20


def test_snapshots_are_the_network_on_its_way():
    grown = list(follow(TrainConfig(hidden=(16,), batch_size=200)))
    first, last = grown[0], grown[-1]
    assert first.snapshots[0].step == 1 and last.snapshots[-1].step == 20
    assert [one.step for one in last.snapshots] == sorted({one.step for one in last.snapshots})
    assert len(last.snapshots) <= MOST_SNAPSHOTS < len(last.points)
    weights = [last.model(place).linears[0].weight for place in (0, -1)]
    assert not torch.equal(*weights)
    assert torch.equal(first.snapshots[0].weights["layers.linear00.weight"], weights[0])  # training on has not changed it


@pytest.mark.parametrize("networks, steps", [(1, [20]), (2, [19, 20]), (3.5, 3)])
def test_snapshots_take_so_many_bytes_and_no_more(monkeypatch, networks, steps):
    size = 4 * (784 * 16 + 16 + 16 * 10 + 10)
    monkeypatch.setattr(runs, "SNAPSHOT_BYTES", int(networks * size))
    *_, last = follow(TrainConfig(hidden=(16,), batch_size=200))
    kept = [one.step for one in last.snapshots]
    assert kept[-1] == 20 and (len(kept) == steps if isinstance(steps, int) else len(kept) == len(steps) and kept[0] > 1)


def test_a_snapshot_says_what_it_reads_of_the_probe_and_the_last_one_of_the_whole_test_set(digits):
    *_, last = follow(TrainConfig(hidden=(16,), batch_size=200))
    assert last.tested() == (last.test.accuracy, 2000)
    assert last.tested(0) == (last.points[0].accuracy, runs.PROBE)


def test_a_run_can_be_sent_to_another_process():
    *_, last = follow(TrainConfig(hidden=(8,), batch_size=1000))
    assert pickle.loads(pickle.dumps(last)).tested() == last.tested()


def test_a_run_ends_at_its_time_cap_and_is_tested_all_the_same():
    *_, last = follow(TrainConfig(hidden=(8,), epochs=10_000), seconds_cap=0.5)
    assert last.capped and last.test is not None and 0.5 <= last.seconds < 5


def test_leaving_a_run_leaves_no_thread():
    before = threading.active_count()
    running = follow(TrainConfig(hidden=(8,), epochs=10_000))
    next(running)
    running.close()
    assert threading.active_count() == before


def test_memory_that_runs_out_is_told_and_the_next_run_goes_on(monkeypatch):
    def run_out(*inputs):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with monkeypatch.context() as patch:
        patch.setattr("imgmlp.training.engine.training_step", run_out)
        with pytest.raises(OutOfMemory):
            list(follow(TrainConfig(hidden=(8,))))
    *_, last = follow(TrainConfig(hidden=(8,), batch_size=500))
    assert last.test
