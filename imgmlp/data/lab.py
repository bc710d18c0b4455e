"""The tensor lab: a picture's way into a network line by line, and what a beginner breaks in it.

Each step is one line of PyTorch, written once as it should be and, for a mistake, once as it is often written. What the
app shows as code is the source of these functions.
"""

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from .datasets import DatasetSpec


def channels_first(pixels: Tensor) -> Tensor:
    return pixels.permute(2, 0, 1)


def hwc_read_as_chw(pixels: Tensor) -> Tensor:
    return pixels.reshape(pixels.shape[2], pixels.shape[0], pixels.shape[1])


def as_read(image: Tensor) -> Tensor:
    return image


def turned_round(image: Tensor) -> Tensor:
    return image[[2, 1, 0]]


def scaled_to_one(image: Tensor) -> Tensor:
    return image.float() / 255


def left_at_255(image: Tensor) -> Tensor:
    return image.float()


def normalised(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (image - mean) / std


def normalised_twice(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return ((image - mean) / std - mean) / std


def shown(inputs: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return (inputs * std + mean).clamp(0, 1).permute(1, 2, 0)


def shown_normalised(inputs: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return inputs.clamp(0, 1).permute(1, 2, 0)


@dataclass(frozen=True)
class Mistake:
    """A line that beginners write, and the one that mends it."""

    name: str
    wrong: Callable[..., Tensor]
    right: Callable[..., Tensor]
    channels: int = 1  # the fewest with which it is offered


MISTAKES = {
    mistake.name: mistake
    for mistake in (
        Mistake("order", hwc_read_as_chw, channels_first),
        Mistake("colours", turned_round, as_read, channels=3),
        Mistake("range", left_at_255, scaled_to_one),
        Mistake("twice", normalised_twice, normalised),
        Mistake("display", shown_normalised, shown),
    )
}


@dataclass(frozen=True)
class Statistics:
    """A tensor in numbers."""

    shape: tuple[int, ...]
    dtype: str
    size_bytes: int
    minimum: float
    maximum: float
    mean: float
    std: float  # of the population, as torchvision's constants are


@dataclass(frozen=True)
class Experiment:
    """A picture that went through every step, right or wrong."""

    pixels: Tensor  # (H, W, C) uint8, as Pillow and NumPy give it
    image: Tensor  # (C, H, W) float32, before normalising; 0..1 if nothing is wrong
    inputs: Tensor  # (C, H, W) float32, what the network gets
    shown: Tensor  # (H, W, C) float32 in 0..1, what the screen gets


def experiment(picture: Tensor, spec: DatasetSpec, mistakes: Collection[str] = ()) -> Experiment:
    """Take a picture to the network and to the screen, making the named mistakes on the way.

    picture: (C, H, W) uint8, as a data set keeps it. Mistakes that need more channels than the picture has change nothing.
    Raises KeyError for a mistake that is not in MISTAKES.
    """

    def step(name: str) -> Callable[..., Tensor]:
        return MISTAKES[name].wrong if name in made else MISTAKES[name].right

    made = {mistake.name for mistake in map(MISTAKES.__getitem__, mistakes)}
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (spec.mean, spec.std))
    pixels = picture.permute(1, 2, 0).contiguous()
    image = step("order")(pixels)
    if spec.shape[0] >= MISTAKES["colours"].channels:
        image = step("colours")(image)
    image = step("range")(image)
    inputs = step("twice")(image, mean, std)
    return Experiment(pixels, image, inputs, step("display")(inputs, mean, std))


def statistics(tensor: Tensor) -> Statistics:
    """The figures of a tensor, whatever its dtype."""
    values = tensor.double()
    return Statistics(
        tuple(tensor.shape),
        str(tensor.dtype).removeprefix("torch."),
        tensor.nbytes,
        values.min().item(),
        values.max().item(),
        values.mean().item(),
        values.std(correction=0).item(),
    )


def way(spec: DatasetSpec) -> str:
    """The lines of PyTorch from `pixels`, (H, W, C) uint8, to `inputs`, and back to `shown`, (H, W, C) in 0..1, as they should be."""
    constants = [f"{name} = torch.tensor({list(values)}).view({spec.shape[0]}, 1, 1)" for name, values in (("mean", spec.mean), ("std", spec.std))]
    steps = (("image", "order"), ("image", "range"), ("inputs", "twice"), ("shown", "display"))
    return "\n".join([*constants, *(f"{result} = {line_of(MISTAKES[name].right)}" for result, name in steps)])


def line_of(step: Callable[..., Tensor]) -> str:
    """The one line of PyTorch inside a step."""
    return inspect.getsource(step).rpartition("return ")[2].strip()
