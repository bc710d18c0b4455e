"""What a network is trained on, made ready: pictures augmented, blended, normalised or whitened, and what is to be learned of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from ..model import MLP
from .augment import AUGMENTATIONS, augment
from .config import TrainConfig
from .whitening import Whitening

CHUNK = 512  # pictures made ready at a time: large enough to be cheap, small enough to stay in the cache

Teacher = Callable[[Tensor], Tensor]  # (N, C, H, W) float in 0..1 -> (N, classes) float32 that sum to one
Batch = tuple[Tensor, Tensor]  # (N, C, H, W) float32, as the network takes them, and (N,) labels or (N, classes) that sum to one
View = tuple[Tensor, Tensor]  # an epoch's pictures, augmented, (N, C, H, W) uint8, and what is learned of them, (N, classes) float32


def epochs(
    config: TrainConfig,
    model: MLP,
    whiten: Whitening | None,
    pixels: Tensor,
    labels: Tensor,
    teacher: Teacher | None,
    views: Sequence[View],
    generator: Generator,
) -> Iterator[Iterator[Batch]]:
    """The batches of each epoch, in a new order every time; what is not named here is as `engine.train` takes it.

    model: who normalises; whiten: what comes after that, if anything; generator: on the device.
    """
    # Once, not every epoch: they are met ten times and more.
    whitened = [(_whitened(model, whiten, pictures, config), answers) for pictures, answers in views] if whiten else []
    for epoch in range(config.epochs):
        if whitened:
            yield _shuffled(*whitened[epoch % len(views)], config.batch_size, generator)
        elif views:
            yield _batches(model, None, *views[epoch % len(views)], replace(config, augment=False), generator)
        else:
            yield _batches(model, whiten, pixels, labels, config, generator, teacher)


def prepare(pixels: Tensor, config: TrainConfig, generator: Generator) -> Tensor:
    """(N, C, H, W) uint8 -> float32 in 0..1, augmented if the config says so."""
    if not config.augment:
        return pixels.float().div_(255)
    return augment(pixels, config.augmentation or AUGMENTATIONS[config.dataset], generator)


def ask(config: TrainConfig, pixels: Tensor, labels: Tensor, teacher: Teacher) -> Iterator[View]:
    """`config.views` epochs of a teacher's answers to augmented pictures; pixels and labels as `train` takes them."""
    generator = Generator(config.device).manual_seed(config.seed)
    pixels, labels = pixels.to(config.device), labels.to(config.device)
    for _ in range(config.views):
        views, answers = torch.empty_like(pixels), []
        order = torch.randperm(len(pixels), generator=generator, device=pixels.device)  # else a picture would be blended with its neighbours alone
        for places, some in zip(order.split(CHUNK), views.split(CHUNK)):
            some.copy_(_blended(prepare(pixels[places], config, generator), config.blend, generator).mul_(255).round_())
            answers.append(_taught(teacher(some.float().div_(255)), labels[places], config.trust))
        yield views, torch.cat(answers)


def _batches(
    model: MLP, whiten: Whitening | None, pixels: Tensor, labels: Tensor, config: TrainConfig, generator: Generator, teacher: Teacher | None = None
) -> Iterator[Batch]:
    """One epoch, in a new order."""
    order = torch.randperm(len(labels), generator=generator, device=labels.device)
    chunk = max(1, CHUNK // config.batch_size) * config.batch_size
    rows = pixels.flatten(1)  # picking rows of a table takes a third of what picking pictures does
    for places, targets in zip(order.split(chunk), labels[order].split(chunk)):
        inputs = prepare(rows.index_select(0, places).view(-1, *model.shape), config, generator)
        if teacher:
            inputs = _blended(inputs, config.blend, generator)
            targets = _taught(teacher(inputs), targets, config.trust)
        inputs = inputs.sub_(model.mean).div_(model.std)
        yield from zip((whiten(inputs) if whiten else inputs).split(config.batch_size), targets.split(config.batch_size))


def _shuffled(inputs: Tensor, targets: Tensor, batch_size: int, generator: Generator) -> Iterator[Batch]:
    """One epoch, in a new order, of what is ready for the network."""
    for places in torch.randperm(len(inputs), generator=generator, device=inputs.device).split(batch_size):
        yield inputs[places], targets[places]


def _whitened(model: MLP, whiten: Whitening, pixels: Tensor, config: TrainConfig) -> Tensor:
    """(N, C, H, W) uint8 -> (N, components, 1, 1), in the precision that it will be multiplied in."""
    dtype = torch.bfloat16 if config.bf16 else torch.float32
    return torch.cat([whiten(model.normalise(some.float().div_(255))).to(dtype) for some in pixels.split(CHUNK)])


def _taught(answers: Tensor, labels: Tensor, trust: float) -> Tensor:
    """(N, classes) from a teacher's answers and (N,) labels."""
    return one_hot(labels, answers.shape[1]).to(answers.dtype).lerp(answers, trust)


def _blended(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Mixup (Zhang et al. 2018): that share of the pictures gets up to half of another's brightness, so that no picture is met twice."""
    if not share:
        return images
    draw = lambda: torch.rand(len(images), device=images.device, generator=generator)
    others = torch.randperm(len(images), device=images.device, generator=generator)
    return images.lerp(images[others], (draw() / 2 * (draw() < share)).view(-1, 1, 1, 1))
