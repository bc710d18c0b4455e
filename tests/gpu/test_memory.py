"""On a card: the prediction against what torch.cuda counted, and a search that leaves the card as it was."""

import pytest
import torch

from imgmlp.memory.devices import live_device
from imgmlp.memory.estimate import estimate
from imgmlp.memory.measure import measure
from imgmlp.memory.search import probe_largest
from imgmlp.memory.step import StepConfig

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA, and there is none here")]


@pytest.mark.parametrize("implementation", ["foreach", "fused"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
@pytest.mark.parametrize("batch", [64, 1024, 16_384])
def test_the_prediction_is_what_the_card_counts(optimizer, implementation, batch):
    config = StepConfig(optimizer=optimizer, implementation=implementation, batch_size=batch)
    [measured] = measure((config,), "cuda")
    predicted = estimate(config, live_device()).peaks
    assert predicted.requested_bytes == measured.peaks.requested_bytes
    assert predicted.allocated_bytes == pytest.approx(measured.peaks.allocated_bytes, rel=0.001)
    assert abs(predicted.reserved_bytes - measured.peaks.reserved_bytes) <= 32 << 20  # a segment


def test_the_largest_batch_is_the_predicted_one_and_the_card_is_as_before():
    before = torch.cuda.memory_allocated()
    [found] = probe_largest(StepConfig("cifar10", (2048, 2048)), 8 << 30)
    assert found.batch_size == pytest.approx(found.predicted, rel=0.01)
    assert torch.cuda.memory_allocated() <= before + (64 << 20)  # cuBLAS keeps its workspaces
