"""The engine: a TrainConfig in, events out. The app, the command line and the shipped recipes all train with it."""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, log, prod

import torch
from torch import Generator, Tensor, autocast
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from ..data.datasets import DATASETS, DatasetSpec
from ..model import MLP
from . import whitening
from .batches import Teacher, View, epochs, prepare
from .config import TrainConfig
from .step import training_step
from .unrolled import Convolutional, unroll
from .update import FusedUpdate

EVENT_SECONDS = 0.45
HOPELESS = 4  # times the loss of an even guess, log(classes): a run that is there will not come back
WHITENING_SAMPLE = 20_000  # pictures that the principal components are taken from


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    step: int
    steps: int
    epoch: int  # from 1
    loss: float  # mean since the last event
    accuracy: float | None  # 0..1, on the probe; None without one
    seconds: float
    images_per_second: float
    peak_bytes: int  # as Trained's
    model: MLP | Convolutional  # the very network that is training: copy what is to be kept


@dataclass(frozen=True)
class Trained:
    """The end of a run; `model` is in eval mode on the run's device."""

    model: MLP
    seconds: float
    images_per_second: float
    peak_bytes: int  # CUDA: max_memory_allocated; CPU: the largest resident set of the process so far


def new_model(spec: DatasetSpec, hidden: tuple[int, ...]) -> MLP:
    """An MLP for a data set with PyTorch's initial weights (Kaiming uniform, from the global seed)."""
    return MLP(spec.name, list(spec.shape), list(hidden), list(spec.mean), list(spec.std), list(spec.classes))


def parameter_count(spec: DatasetSpec, hidden: tuple[int, ...]) -> int:
    """Weights and biases of the MLP that `new_model` would make, nothing allocated."""
    widths = [prod(spec.shape), *hidden, len(spec.classes)]
    return sum((inputs + 1) * outputs for inputs, outputs in zip(widths, widths[1:]))


class Diverged(Exception):
    """A run whose loss is no number any more, or worse than guessing would be."""


class OutOfMemory(Exception):
    """A run that the device has no memory for; what it held has been given back."""


def train(
    config: TrainConfig,
    pixels: Tensor,
    labels: Tensor,
    probe: tuple[Tensor, Tensor] | None = None,
    teacher: Teacher | None = None,
    views: Sequence[View] = (),
    start: MLP | None = None,
) -> Iterator[Progress | Trained]:
    """Train an MLP, with a Progress after the first step, a few times a second and after the last, and a Trained at the end.

    pixels: (N, C, H, W) uint8; labels: (N,) int64. The last, smaller batch of an epoch is trained on too.
    teacher: what is learned instead of the labels, or beside them: its answer to each picture exactly as the network gets it, augmented and all.
    views: what `ask` has given, epoch after epoch and from the first again; then nobody is asked any more.
    probe: pixels and labels of pictures to measure `Progress.accuracy` on; they are never trained on.
    start: a network of the same widths to go on from, where neither components nor convolutions are asked for; else the weights are new.
    The same config gives the same weights on the same device and thread count. Raises Diverged.
    """
    # The moments of a unit that has died fade into numbers so small that a CPU takes many times as long for each: on one thread a long run of a
    # wide network slows from 13,700 to 6,000 pictures a second without this. Threads that were started before keep their own way.
    torch.set_flush_denormal(True)
    torch.manual_seed(config.seed)
    generator = Generator(config.device).manual_seed(config.seed)
    spec = DATASETS[config.dataset]
    final = model = new_model(spec, config.hidden).to(config.device)
    if start:
        model.load_state_dict(start.state_dict())
    pixels, labels = pixels.to(config.device), labels.to(config.device)
    whiten = None
    if config.components:
        sample = prepare(pixels[torch.randperm(len(pixels), device=generator.device, generator=generator)[:WHITENING_SAMPLE]], config, generator)
        whiten = whitening.fit(final.normalise(sample), config.components)
        whitened = replace(spec, shape=(config.components, 1, 1))
        model = new_model(whitened, config.hidden).to(config.device)
    elif config.convolutions:
        model = Convolutional(final, config.convolutions).to(config.device)
    optimizer = make_optimizer(config, model)
    steps = ceil(len(labels) / config.batch_size) * config.epochs
    schedule = OneCycleLR(optimizer, config.learning_rate, steps, pct_start=0.1, cycle_momentum=False) if config.schedule == "one-cycle" else None
    weights = [parameter.detach() for parameter in model.parameters()]
    average = [weight.clone() for weight in weights]
    if config.device == "cuda":
        torch.cuda.reset_peak_memory_stats()

    targets = torch.empty(0, len(spec.classes), device=config.device) if teacher or views else labels
    take_step = GraphedStep(config, model, optimizer, targets) if config.device == "cuda" else EagerStep(config, model, FusedUpdate(optimizer))
    started = last_event = time.perf_counter()
    step, done, losses = 0, 0, []
    for epoch, batches in enumerate(epochs(config, final, whiten, pixels, labels, teacher, views, generator), 1):
        for inputs, targets in batches:
            losses.append(take_step(inputs, targets))
            step, done = step + 1, done + len(inputs)
            if schedule:
                schedule.step()
            if config.averaging:
                # A short run's average would else still hold its first, random weights.
                torch._foreach_lerp_(average, weights, 1 - min(config.averaging, step / (step + 10)))
            # The first step is an event too: there a curve begins, with the loss of a network that guesses.
            if (now := time.perf_counter()) - last_event > EVENT_SECONDS or step in (1, steps):
                loss, last_event = torch.stack(losses).mean().item(), now
                losses.clear()
                if not loss < HOPELESS * log(len(spec.classes)):
                    raise Diverged
                accuracy = _accuracy(final, model, whiten, *probe) if probe else None
                yield Progress(step, steps, epoch, loss, accuracy, now - started, done / (now - started), _peak_bytes(config.device), model)
    if config.averaging:
        torch._foreach_copy_(weights, average)
    if whiten:
        whitening.fold(model, whiten, final)
    elif config.convolutions:
        unroll(model, final)
    seconds = time.perf_counter() - started
    yield Trained(final.eval(), seconds, len(labels) * config.epochs / seconds, _peak_bytes(config.device))


@dataclass(frozen=True)
class EagerStep:
    """`training_step`, called anew for every batch."""

    config: TrainConfig
    model: MLP | Convolutional
    optimizer: Optimizer | FusedUpdate

    def __call__(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """(N, C, H, W) normalised, and targets as `train` takes them -> the loss, a scalar without its graph."""
        with autocast(self.config.device, torch.bfloat16, enabled=self.config.bf16):
            return training_step(self.model, self.optimizer, inputs, targets, self.config.label_smoothing)


class GraphedStep:
    """`training_step` captured once in a CUDA graph and replayed: a launch a batch instead of some thirty.

    A batch of another size, an epoch's last one, is trained on eagerly. Follows torch.cuda.graph's rules: three warm-up
    steps on a side stream, here on throw-away state, static inputs, gradients made inside the capture.
    """

    def __init__(self, config: TrainConfig, model: MLP | Convolutional, optimizer: Optimizer, targets: Tensor):
        """targets: any number of what a batch will have."""
        self.eager = EagerStep(config, model, optimizer)
        self.inputs = torch.zeros(config.batch_size, *model.shape, device=config.device)
        self.targets = torch.zeros(config.batch_size, *targets.shape[1:], dtype=targets.dtype, device=config.device)
        state = [*model.parameters(), *model.buffers()]
        before = [tensor.detach().clone() for tensor in state]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.eager(self.inputs, self.targets)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = self.eager(self.inputs, self.targets)
        # The warm-up has moved weights, what batches are normalised with, and moments: back to where the run begins.
        with torch.no_grad():
            torch._foreach_copy_(state, before)
            for moments in optimizer.state.values():
                for moment in moments.values():
                    if isinstance(moment, Tensor):
                        moment.zero_()

    def __call__(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """As EagerStep."""
        if len(inputs) != len(self.inputs):
            return self.eager(inputs, targets)
        self.inputs.copy_(inputs)
        self.targets.copy_(targets)
        self.graph.replay()
        return self.loss.clone()


def make_optimizer(config: TrainConfig, model: MLP | Convolutional) -> Optimizer:
    """The fused form of the optimizer: one kernel over all parameters."""
    # A captured step reads the rate from the device, where the schedule can change it.
    rate = torch.tensor(config.learning_rate, device="cuda") if config.device == "cuda" else config.learning_rate
    decay = config.weight_decay
    if config.optimizer in ("sgd", "momentum"):
        momentum = 0.9 if config.optimizer == "momentum" else 0.0
        return SGD(model.parameters(), rate, momentum=momentum, weight_decay=decay, fused=True)
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(model.parameters(), rate, weight_decay=decay, fused=True, capturable=config.device == "cuda")


@torch.no_grad()
def _accuracy(final: MLP, model: MLP | Convolutional, whiten: whitening.Whitening | None, pixels: Tensor, labels: Tensor) -> float:
    inputs = final.normalise(pixels.to(final.mean.device).float().div_(255))
    model.eval()  # or batches that are normalised would learn from these pictures
    answers = model(whiten(inputs) if whiten else inputs).argmax(1).cpu()
    model.train()
    return (answers == labels).float().mean().item()


def _peak_bytes(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # Linux counts in KiB
