"""The allocations of the real step, without a GPU and without a byte of it: on fake tensors, every storage is seen made and die.

Sizes are affine in the batch (a N + c), so that two traces give every batch size.
"""

import os
import weakref
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..model import MLP
from .step import STEPS, StepConfig, make_batch, step_model, step_optimizer, take_step

Part = Literal["parameters", "gradients", "optimizer", "batch", "activations", "workspace", "host"]
PARTS: tuple[Part, ...] = ("parameters", "gradients", "optimizer", "batch", "activations", "workspace")  # of the device
TRACED = (48, 80)  # batch sizes: of two traces, what differs grows with the batch


@dataclass(frozen=True)
class Allocation:
    """A storage is made."""

    storage: int
    bytes_per_picture: int
    bytes_fixed: int
    part: Part
    op: str  # aten's name

    def size(self, batch: int) -> int:
        """In bytes, for a batch size."""
        return self.bytes_per_picture * batch + self.bytes_fixed


@dataclass(frozen=True)
class Release:
    """A storage dies."""

    storage: int


@dataclass(frozen=True)
class Product:
    """A matrix product is computed: the BLAS library wants its workspace."""

    op: str
    backward: bool  # autograd computes there in a thread of its own, which has a library handle of its own


@dataclass(frozen=True)
class ColumnSum:
    """The batch is summed away, as for the gradient of a bias: (N, columns) -> (columns,)."""

    op: str
    columns: int


@dataclass(frozen=True)
class StepBegins:
    """The next step starts; the first is 1."""

    number: int


Event = Allocation | Release | Product | ColumnSum | StepBegins


class Recorder(TorchDispatchMode):
    """Notes every new storage, its death, and what makes a GPU library take memory of its own."""

    def __init__(self):
        super().__init__()
        self.events: list[Event] = []
        self.parts: dict[int, Part] = {}  # of the storages by number
        self.living: dict[int, int] = {}  # address of a living storage -> its number

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        result = function(*arguments, **(options or {}))
        op = function._schema.name
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                # lift_fresh makes the scalars of torch.tensor(), which stay on the host whatever the device is.
                self.add(tensor, "host" if op == "aten::lift_fresh" else "activations", op)
        if op in ("aten::mm", "aten::addmm"):
            self.events.append(Product(op, backward=torch._C._current_autograd_node() is not None))
        elif op == "aten::sum" and len(arguments) > 1 and list(arguments[1]) == [0]:
            self.events.append(ColumnSum(op, arguments[0].shape[1]))
        return result

    def add(self, tensor: Tensor, part: Part, op: str) -> None:
        """Note a tensor's storage, if it is new and not empty."""
        storage = tensor.untyped_storage()
        if storage._cdata in self.living or not storage.nbytes():
            return
        number = self.living[storage._cdata] = len(self.parts)
        self.parts[number] = part
        self.events.append(Allocation(number, 0, storage.nbytes(), part, op))
        weakref.finalize(storage, self._died, storage._cdata).atexit = False

    def belongs(self, tensors: Iterable[Tensor], part: Part) -> None:
        """What these tensors were made for, which is known only now."""
        for tensor in tensors:
            number = self.living.get(tensor.untyped_storage()._cdata)
            if number is not None and self.parts[number] != "host":
                self.parts[number] = part

    def _died(self, address: int) -> None:
        self.events.append(Release(self.living.pop(address)))


@lru_cache(maxsize=64)
def trace(config: StepConfig) -> tuple[Event, ...]:
    """What model, optimizer and STEPS steps allocate and free, in order, for every batch size: `config`'s own does not matter."""
    small, large = (_tracer(os.getpid()).submit(_events, config.batch(batch)).result() for batch in TRACED)
    return tuple(_affine(*pair) for pair in zip(small, large, strict=True))


@cache
def _tracer(process: int) -> ThreadPoolExecutor:
    """The one thread of a process that traces: torch 2.11 crashes where a second one enters FakeTensorMode and there is no card."""
    return ThreadPoolExecutor(1)


def _affine(small: Event, large: Event) -> Event:
    if not isinstance(small, Allocation):
        return small
    grows = (large.bytes_fixed - small.bytes_fixed) // (TRACED[1] - TRACED[0])
    return replace(small, bytes_per_picture=grows, bytes_fixed=small.bytes_fixed - grows * TRACED[0])


def _events(config: StepConfig) -> list[Event]:
    """The events for one batch size, all of their bytes in `bytes_fixed`."""
    with FakeTensorMode():
        model = step_model(config)
        with Recorder() as recorder:
            for parameter in model.parameters():
                recorder.add(parameter, "parameters", "model")
            optimizer = step_optimizer(config, model)
            # It asks CUDA itself whether a graph is being captured, where CUDA says that it is there; in a ZeroGPU Space it only says so.
            optimizer._accelerator_graph_capture_health_check = lambda: None
            optimizer.register_step_pre_hook(lambda *_: recorder.belongs((one.grad for one in model.parameters()), "gradients"))
            for number in range(1, STEPS + 1):
                recorder.events.append(StepBegins(number))
                _one_step(config, model, optimizer, recorder)
                state = (value for values in optimizer.state.values() for value in values.values() if isinstance(value, Tensor))
                recorder.belongs(state, "optimizer")
            events = list(recorder.events)  # as they are before everything dies
    FakeTensorMode.cache_clear()  # it would grow by 0.1 MB with every network that is asked about
    events = [replace(event, part=recorder.parts[event.storage]) if isinstance(event, Allocation) else event for event in events]
    return [event for event in events if not (isinstance(event, Allocation) and event.part == "host")]


def _one_step(config: StepConfig, model: MLP, optimizer: Optimizer, recorder: Recorder) -> None:
    inputs, targets = make_batch(config, "cpu")
    recorder.belongs((inputs, targets), "batch")
    take_step(config, model, optimizer, inputs, targets)
