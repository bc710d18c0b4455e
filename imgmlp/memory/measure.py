"""The same step, measured: on a card by its allocator's statistics, on the CPU by the profiler."""

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import torch
from torch.autograd.profiler import record_function
from torch.optim import Optimizer
from torch.profiler import ProfilerActivity, profile

from ..model import MLP
from ..training.engine import OutOfMemory
from .devices import live_device
from .estimate import Peaks, estimate
from .step import STEPS, StepConfig, make_batch, step_model, step_optimizer, take_step


class TooLarge(ValueError):
    """A step that this machine has no memory for; nothing was allocated."""

    def __init__(self, needed_bytes: int, there_bytes: int):
        super().__init__(needed_bytes, there_bytes)  # as they came, or it could not be pickled
        self.needed_bytes, self.there_bytes = needed_bytes, there_bytes

    def __str__(self) -> str:
        return f"This step would take {self.needed_bytes:,} bytes, and here are {self.there_bytes:,}; take a smaller batch or narrower layers."


@dataclass(frozen=True)
class Measurement:
    """What one configuration took, in steady state."""

    config: StepConfig
    peaks: Peaks
    context_bytes: int | None  # taken by CUDA itself, in no peak; None on the CPU
    device: str  # its name
    torch: str
    statistics: dict[str, int]  # of torch.cuda.memory_stats(), the peaks and what they start from; empty on the CPU

    def as_json(self) -> dict:
        return asdict(self.peaks) | {"batch_size": self.config.batch_size, "context_bytes": self.context_bytes, "device": self.device, "torch": self.torch}


STEP = "one step"  # as the profiler shows it
NUMBER_BYTES = 8  # a float64, as which an op takes a Python number
STATISTICS = tuple(f"{kind}_bytes.all.{when}" for kind in ("requested", "allocated", "reserved", "active", "inactive_split") for when in ("peak", "current"))


def measure(configs: tuple[StepConfig, ...], device: str) -> Iterator[Measurement]:
    """Each of the configs on `cuda` or `cpu`, in turn; best in a process of its own, which starts clean.

    Raises TooLarge before a step that cannot fit, and OutOfMemory, with the card's memory given back, after one that did not.
    """
    for config in configs:
        _check(config, device)
        measured = None
        try:
            measured = _on_card(config) if device == "cuda" else _on_cpu(config)
        except torch.OutOfMemoryError:
            pass
        if not measured:
            # Only here, for the error's traceback holds the tensors of the step.
            gc.collect()
            torch.cuda.empty_cache()
            raise OutOfMemory
        yield measured


def _check(config: StepConfig, device: str) -> None:
    if device == "cuda":
        card = live_device()
        needed, there = estimate(config, card).peaks.reserved_bytes, card.memory_bytes
    else:
        # Half of the machine's: what goes beyond ends not in an error but in the end of some process.
        needed, there = estimate(config, None).peaks.requested_bytes, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE") // 2
    if needed > there:
        raise TooLarge(needed, there)


def take_steps(config: StepConfig, device: str, before_last: Callable[[], None] = lambda: None) -> MLP:
    """Model, optimizer and STEPS steps as the trace has them, on fresh state; `before_last` is called before the last one."""
    model = step_model(config)
    model.layers.to(device)
    optimizer = step_optimizer(config, model)
    for number in range(1, STEPS + 1):
        if number == STEPS:
            before_last()
        _one_step(config, model, optimizer, device)
    return model


def context_bytes() -> int:
    """What CUDA takes of the card for this process and others, before any tensor; in none of the allocator's figures."""
    torch.zeros(1, device="cuda")
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info()
    return total - free - torch.cuda.memory_reserved()


def _one_step(config: StepConfig, model: MLP, optimizer: Optimizer, device: str) -> None:
    with record_function(STEP):
        inputs, targets = make_batch(config, device)
        take_step(config, model, optimizer, inputs, targets)
        del inputs, targets  # within the step


def _on_card(config: StepConfig) -> Measurement:
    gc.collect()
    torch._C._cuda_clearCublasWorkspaces()  # those of what was measured before: the step takes its own
    context = context_bytes()
    take_steps(config, "cuda", _begin_counting)
    torch.cuda.synchronize()
    statistics = {name: torch.cuda.memory_stats()[name] for name in STATISTICS}
    peaks = Peaks(*(statistics[f"{kind}_bytes.all.peak"] for kind in ("requested", "allocated", "reserved")))
    return Measurement(config, peaks, context, torch.cuda.get_device_name(), torch.__version__, statistics)


def _begin_counting() -> None:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()


def _on_cpu(config: StepConfig) -> Measurement:
    """The most bytes of tensors that live at once in the last step, by the profiler's memory events.

    Left out is what would be on the host with a card too: the mean and the deviation, and the optimizer's numbers, anything of
    at most NUMBER_BYTES that its step makes, save with aten::zeros, by which a fused optimizer makes its counters. What it makes for
    the bias of a layer of one or two units passes for such a number too, so that up to 8 bytes are missing there.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # else the profiler complains of every machine without a card
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's, that only the events of this one profile are kept
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            model = take_steps(config, "cpu")
    events = sorted(profiler.profiler.kineto_results.events(), key=lambda event: event.start_ns())
    spans = lambda name: [(event.start_ns(), event.end_ns()) for event in events if event.name().startswith(name)]
    steps, updates, zeros = spans(STEP), spans("Optimizer.step#"), spans("aten::zeros")
    inside = lambda spans, time: any(start <= time <= end for start, end in spans)
    living = peak = -model.mean.nbytes - model.std.nbytes
    for event in events:
        if event.name() != "[memory]":
            continue
        time = event.start_ns()
        number = abs(event.nbytes()) <= NUMBER_BYTES and inside(updates, time) and not inside(zeros, time)
        if not number:
            living += event.nbytes()
            if inside(steps[-1:], time):
                peak = max(peak, living)
    return Measurement(config, Peaks(peak, None, None), None, "cpu", torch.__version__, {})
