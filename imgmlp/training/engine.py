"""The engine: a TrainConfig in, events out. The app, the command line and the shipped recipes all train with it."""

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from ..data.datasets import DATASETS, DatasetSpec
from ..model import MLP
from . import whitening
from .augment import AUGMENTATIONS, augment
from .step import training_step

CHUNK = 2048  # pictures made ready at a time: large enough to be cheap, small enough to stay in the cache
EVENT_SECONDS = 0.3
WHITENING_SAMPLE = 20_000  # pictures that the principal components are taken from

OptimizerName = Literal["sgd", "momentum", "adam", "adamw"]


@dataclass(frozen=True)
class TrainConfig:
    """Everything a run depends on. The defaults are the lesson's."""

    dataset: str = "mnist"
    hidden: tuple[int, ...] = (128,)
    optimizer: OptimizerName = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "one-cycle"] = "constant"
    batch_size: int = 64
    epochs: int = 1
    augment: bool = False
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    averaging: float = 0.0  # decay of the weights' moving average; 0 keeps the last weights
    components: int = 0  # principal components to whiten the inputs to; 0 trains on the pixels
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Raises ValueError, with one sentence for the user, for a value that cannot be trained with."""
        checks = {
            f"The data set must be one of {', '.join(DATASETS)}.": self.dataset in DATASETS,
            "Every hidden width must be between 1 and 8,192.": all(1 <= width <= 8192 for width in self.hidden),
            "There can be at most 16 hidden layers.": len(self.hidden) <= 16,
            "The optimizer must be sgd, momentum, adam or adamw.": self.optimizer in ("sgd", "momentum", "adam", "adamw"),
            "The learning rate must be above 0 and at most 10.": 0 < self.learning_rate <= 10,
            "The batch size must be between 1 and 60,000.": 1 <= self.batch_size <= 60_000,
            "The epochs must be between 1 and 10,000.": 1 <= self.epochs <= 10_000,
        }
        for sentence, holds in checks.items():
            if not holds:
                raise ValueError(sentence)


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    step: int
    steps: int
    epoch: int  # from 1
    loss: float  # mean since the last event
    seconds: float
    images_per_second: float


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


def train(config: TrainConfig, pixels: Tensor, labels: Tensor) -> Iterator[Progress | Trained]:
    """Train an MLP, with a Progress a few times a second and a Trained at the end.

    pixels: (N, C, H, W) uint8; labels: (N,) int64. The last, smaller batch of an epoch is trained on too.
    The same config gives the same weights on the same device and thread count.
    """
    torch.manual_seed(config.seed)
    generator = Generator(config.device).manual_seed(config.seed)
    spec = DATASETS[config.dataset]
    final = model = new_model(spec, config.hidden).to(config.device)
    pixels, labels = pixels.to(config.device), labels.to(config.device)
    whiten = None
    if config.components:
        sample = _images(pixels[torch.randperm(len(pixels), device=generator.device, generator=generator)[:WHITENING_SAMPLE]], config, generator)
        whiten = whitening.fit(final.normalise(sample), config.components)
        whitened = replace(spec, shape=(config.components, 1, 1))
        model = new_model(whitened, config.hidden).to(config.device)
    optimizer = make_optimizer(config, model)
    steps = ceil(len(labels) / config.batch_size) * config.epochs
    schedule = OneCycleLR(optimizer, config.learning_rate, steps, pct_start=0.1, cycle_momentum=False) if config.schedule == "one-cycle" else None
    weights = [parameter.detach() for parameter in model.parameters()]
    average = [weight.clone() for weight in weights]
    if config.device == "cuda":
        torch.cuda.reset_peak_memory_stats()

    started = last_event = time.perf_counter()
    step, losses = 0, []
    for epoch in range(1, config.epochs + 1):
        for inputs, targets in _batches(final, pixels, labels, config, generator):
            inputs = whiten(inputs) if whiten else inputs
            losses.append(training_step(model, optimizer, inputs, targets, config.label_smoothing))
            step += 1
            if schedule:
                schedule.step()
            if config.averaging:
                # A short run's average would else still hold its first, random weights.
                torch._foreach_lerp_(average, weights, 1 - min(config.averaging, step / (step + 10)))
            if (now := time.perf_counter()) - last_event > EVENT_SECONDS or step == steps:
                loss, last_event = torch.stack(losses).mean().item(), now
                losses.clear()
                done = min(step * config.batch_size, len(labels) * config.epochs)
                yield Progress(step, steps, epoch, loss, now - started, done / (now - started))
    if config.averaging:
        torch._foreach_copy_(weights, average)
    if whiten:
        whitening.fold(model, whiten, final)
    seconds = time.perf_counter() - started
    yield Trained(final.eval(), seconds, len(labels) * config.epochs / seconds, _peak_bytes(config.device))


def make_optimizer(config: TrainConfig, model: MLP) -> Optimizer:
    """The fused form of the optimizer: one kernel over all parameters."""
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer in ("sgd", "momentum"):
        momentum = 0.9 if config.optimizer == "momentum" else 0.0
        return SGD(model.parameters(), rate, momentum=momentum, weight_decay=decay, fused=True)
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(model.parameters(), rate, weight_decay=decay, fused=True)


def _batches(
    model: MLP, pixels: Tensor, labels: Tensor, config: TrainConfig, generator: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch in a new order: (N, C, H, W) float32 normalised, (N,) int64."""
    order = torch.randperm(len(labels), generator=generator, device=labels.device)
    for chunk in order.split(max(1, CHUNK // config.batch_size) * config.batch_size):
        images = model.normalise(_images(pixels[chunk], config, generator))
        yield from zip(images.split(config.batch_size), labels[chunk].split(config.batch_size))


def _images(pixels: Tensor, config: TrainConfig, generator: Generator) -> Tensor:
    """(N, C, H, W) uint8 -> float32 in 0..1, augmented if the config says so."""
    return augment(pixels, AUGMENTATIONS[config.dataset], generator) if config.augment else pixels.float().div_(255)


def _peak_bytes(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
