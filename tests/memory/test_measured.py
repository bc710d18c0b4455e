"""What a step costs here, measured, is what was predicted, byte for byte."""

import pytest
import torch

from imgmlp.data.datasets import DATASETS
from imgmlp.memory import measure as measuring
from imgmlp.memory.estimate import estimate
from imgmlp.memory.measure import measure
from imgmlp.memory.step import StepConfig
from imgmlp.training.engine import OutOfMemory


@pytest.mark.parametrize("dataset", list(DATASETS))
@pytest.mark.parametrize("implementation", ["foreach", "fused", "loop"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_the_prediction_is_what_the_profiler_sees_to_the_byte(dataset, optimizer, implementation):
    for hidden, batch in (((128,), 64), ((128,), 1), ((40, 24), 500), ((), 10)):
        config = StepConfig(dataset, hidden, optimizer, implementation, batch)
        [measured] = measure((config,), "cpu")
        assert estimate(config, None).peaks == measured.peaks, config


@pytest.mark.parametrize("batch", [1, 64, 1000])
def test_testing_is_predicted_too(batch):
    config = StepConfig(batch_size=batch, training=False)
    [measured] = measure((config,), "cpu")
    assert estimate(config, None).peaks == measured.peaks


def test_memory_that_runs_out_in_the_middle_is_told_and_the_next_step_is_measured(monkeypatch):
    def run_out(config, *others):
        monkeypatch.undo()
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(measuring, "take_step", run_out)
    with pytest.raises(OutOfMemory):
        next(measure((StepConfig(),), "cpu"))
    [measured] = measure((StepConfig(),), "cpu")
    assert measured.peaks == estimate(StepConfig(), None).peaks
