"""How near our prediction and others' ways to reckon come to what the profiler sees of the real step, on the same cells, on the CPU.

    python -m tests.benchmarks.memory
"""

import itertools
import warnings
from statistics import mean
from time import perf_counter

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torchinfo import summary

from imgmlp.data.datasets import DATASETS
from imgmlp.memory.estimate import estimate
from imgmlp.memory.lesson import FLOAT32, reckon
from imgmlp.memory.measure import measure
from imgmlp.memory.step import STEPS, StepConfig, make_batch, step_model, step_optimizer, take_step
from imgmlp.training.engine import parameter_count

WIDTHS = ((128,), (512, 256), (2048,))
BATCHES = (1, 16, 64, 256, 512, 1000, 1024, 2048)


def ours(config: StepConfig) -> int:
    return estimate(config, None).peaks.requested_bytes


def lesson(config: StepConfig) -> int:
    return reckon(config).total_bytes


def accelerate(config: StepConfig) -> int:
    """accelerate estimate-memory: weights, gradients and Adam's moments are four times the weights; no batch, no activations."""
    return 4 * FLOAT32 * parameter_count(DATASETS[config.dataset], config.hidden)


def torchinfo(config: StepConfig) -> int:
    """Its "estimated total size": input, forward/backward pass, parameters; no gradients of parameters, no optimizer."""
    found = summary(step_model(config), input_size=(config.batch_size, *DATASETS[config.dataset].shape), verbose=0)
    return found.total_input + found.total_output_bytes + found.total_param_bytes


def mem_tracker(config: StepConfig) -> int:
    """torch.distributed._tools.mem_tracker on fake tensors, its peak over STEPS steps."""
    with FakeTensorMode():
        model = step_model(config)
        optimizer = step_optimizer(config, model)
        tracker = MemTracker()
        tracker.track_external(model, optimizer)
        with tracker:
            for _ in range(STEPS):
                inputs, targets = make_batch(config, "cpu")
                take_step(config, model, optimizer, inputs, targets)
                del inputs, targets
                tracker.reset_mod_stats()
        return tracker.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"]


def main() -> None:
    warnings.simplefilter("ignore")
    cells = [
        StepConfig(dataset, hidden, optimizer, implementation, batch)
        for dataset, hidden, batch, optimizer, implementation in itertools.product(
            DATASETS, WIDTHS, BATCHES, ("sgd", "momentum", "adam", "adamw"), ("foreach", "fused")
        )
    ]
    seen = {one.config: one.peaks.requested_bytes for one in measure(tuple(cells), "cpu")}
    print(f"{len(cells)} cells, bytes of tensors at once in the third step; scalars on the host left out")
    for way in (ours, lesson, accelerate, torchinfo, mem_tracker):
        began = perf_counter()
        gaps = [abs(way(config) - seen[config]) for config in cells]
        seconds = (perf_counter() - began) / len(cells)
        shares = [gap / seen[config] for config, gap in zip(cells, gaps)]
        print(f"{way.__name__:12} equal in {sum(not gap for gap in gaps)}, off by {mean(shares):.1%} on average, {max(shares):.1%} at most; {seconds * 1000:.1f} ms each")
    warm = perf_counter()
    for batch in range(1, 1001):
        estimate(StepConfig(batch_size=batch), None)
    print(f"a warm prediction for another batch: {perf_counter() - warm:.2f} ms")  # 1,000 of them, in seconds: the mean in ms


if __name__ == "__main__":
    main()
