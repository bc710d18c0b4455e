"""The one place that knows ZeroGPU: elsewhere, what is decorated runs as it is."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from ...memory.devices import DEVICES, Device, live_device
from .own_process import in_own_process

try:
    import spaces
except ImportError:
    spaces = None

ON_LOAN = spaces is not None  # a GPU is there for the seconds that were asked for


def on_gpu(seconds: Callable[..., int]):
    """Decorate a function or generator that may use CUDA: in a ZeroGPU Space it gets a GPU for as long as `seconds` of its inputs says."""
    return spaces.GPU(duration=seconds) if spaces else lambda function: function


def isolated(function: Callable[..., Iterator], *inputs: object) -> Iterator:
    """What `function(*inputs)` yields, from a process of its own: in a ZeroGPU Space a decorated function is in one already."""
    return function(*inputs) if spaces else in_own_process(function, *inputs)


def device() -> str:
    """`cuda` where there is one, else `cpu`; in a ZeroGPU Space to be asked inside a decorated function."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def this_card() -> Device | None:
    """This machine's card; in a ZeroGPU Space the part of one that is lent, which `spaces` describes outside of decorated functions too."""
    if not spaces:
        return live_device()
    card = torch.cuda.get_device_properties(0)
    return replace(DEVICES["h200"], name=card.name, multiprocessors=card.multi_processor_count, memory_bytes=card.total_memory)
