"""The largest batch that can be trained with under a cap: predicted for any card, or probed with real steps on this one."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from .devices import Device, live_device
from .estimate import fits
from .lesson import SAFETY
from .measure import context_bytes, take_steps
from .step import MOST_PICTURES, StepConfig


@dataclass(frozen=True)
class Probe:
    """One batch size that was tried, STEPS steps on fresh state."""

    batch_size: int
    fits: bool


@dataclass(frozen=True)
class LargestBatch:
    """What a search found; 0 if not even one picture fits."""

    batch_size: int
    predicted: int
    probes: tuple[Probe, ...]  # of real steps, the last one the verification if a batch was found; none where it is predicted alone
    cap_bytes: int  # at most the card's memory; of it, on a card, the CUDA context takes its part
    device: str

    @property
    def advised(self) -> int:
        """The lesson's: a convention that leaves room for what else runs."""
        return int(self.batch_size * SAFETY)

    @property
    def endless(self) -> bool:
        """Whether the search ended at its own limit, not at the memory's."""
        return self.batch_size == MOST_PICTURES


class CapTooSmall(ValueError):
    """CUDA's own context is larger than the cap."""

    def __init__(self, needed_bytes: int):
        super().__init__(needed_bytes)  # as it came, or it could not be pickled
        self.needed_bytes = needed_bytes

    def __str__(self) -> str:
        return f"CUDA alone takes {self.needed_bytes:,} bytes of this card; set the cap above that."


def predict_largest(config: StepConfig, device: Device, cap_bytes: int) -> LargestBatch:
    """By the prediction alone; the context, which only a card can tell, is not counted."""
    most = min(cap_bytes, device.memory_bytes)
    largest = _bisect(lambda batch: fits(config.batch(batch), device, most), 1)
    return LargestBatch(largest, largest, (), most, device.name)


def probe_largest(config: StepConfig, cap_bytes: int) -> Iterator[LargestBatch]:
    """With real steps on this machine's card, from where the prediction says; yields the answer, and leaves the card's memory as it was.

    Raises CapTooSmall.
    """
    device, context = live_device(), context_bytes()
    cap_bytes = min(cap_bytes, device.memory_bytes)
    if cap_bytes <= context:
        raise CapTooSmall(context)
    predicted = predict_largest(config, device, cap_bytes - context).batch_size
    probes: list[Probe] = []
    known: dict[int, bool] = {}
    torch.cuda.set_per_process_memory_fraction((cap_bytes - context) / device.memory_bytes)
    try:
        def attempt(batch: int) -> bool:
            if batch not in known:
                known[batch] = _fits_really(config.batch(batch))
                probes.append(Probe(batch, known[batch]))
            return known[batch]

        largest = _bisect(attempt, max(1, predicted))
        while largest and not _fits_really(config.batch(largest)):  # what fitted once need not fit again
            probes.append(Probe(largest, False))
            largest = largest * 99 // 100
        if largest:
            probes.append(Probe(largest, True))
        yield LargestBatch(largest, predicted, tuple(probes), cap_bytes, device.name)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def _fits_really(config: StepConfig) -> bool:
    fitted = True
    try:
        take_steps(config, "cuda")
    except torch.OutOfMemoryError:
        fitted = False
    # Only here, for the error's traceback holds the tensors of the step.
    gc.collect()
    torch.cuda.empty_cache()
    return fitted


def _bisect(fits: Callable[[int], bool], first: int) -> int:
    """The largest number from 1 to MOST_PICTURES that fits, 0 if none does: up and down from `first` in growing strides, then halved."""
    low, high = 0, MOST_PICTURES + 1  # low fits, high does not
    number, stride = min(first, MOST_PICTURES), 1
    while high - low > 1:
        if fits(number):
            low = number
        else:
            high = number
        if low and high <= MOST_PICTURES:
            number = (low + high) // 2
        else:
            number = min(number + stride, MOST_PICTURES) if low else max(number - stride, 1)
            stride *= 2
    return low
