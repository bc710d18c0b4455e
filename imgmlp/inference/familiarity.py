"""Whether a picture looks like anything that networks are trained on here: a network names a class for everything, also for a letter or noise.

Four things are looked at, each of which other strangers fail: how far the nearest training picture is, along the directions in which
training pictures differ most; how much of the picture lies outside of these directions, and what share of it; and how little the large
network has to say (the free energy of its logits; a better network is silent about more strangers). What is far, outside or met with
silence to a degree that hardly any picture is that the network has not learned from either, is a stranger.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod, sqrt
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ..checkpoints import CheckpointError
from ..data.datasets import DatasetSpec, Images
from ..model import MLP

DIRECTIONS = 48  # principal components: with NEIGHBOURS, what fits into a file of 2 MB and a look of 2 ms
NEIGHBOURS = 20_000  # training pictures that are remembered, as their places along the directions
FALSE_ALARMS = 0.01  # of pictures like the training pictures: seldom enough that who draws a plain digit hardly ever meets it
FILE = "familiarity.safetensors"


@dataclass(frozen=True)
class Familiarity:
    """What the training pictures look like, and the limits beyond which a picture is a stranger."""

    centre: Tensor  # (C*H*W,) float32, the mean picture, 0..1
    directions: Tensor  # (C*H*W, DIRECTIONS) float32, orthonormal
    places: Tensor  # (NEIGHBOURS, DIRECTIONS) float32
    limits: Tensor  # (4,) float32, the largest distance, remainder, share of it and energy that are familiar

    @cached_property
    def lengths(self) -> Tensor:
        """(NEIGHBOURS,) squared, of the places."""
        return self.places.square().sum(1)

    def strangeness(self, images: Tensor, energy: Tensor) -> Tensor:
        """(N, C, H, W) float in 0..1 and (N,) energies -> (N, 4): distance, remainder, share of it, energy."""
        rows = images.flatten(1) - self.centre
        places = rows @ self.directions
        whole = rows.square().sum(1)
        remainder = (whole - places.square().sum(1)).clamp(min=0)
        # |a - b|2 = |a|2 - 2ab + |b|2, since for one picture torch.cdist takes 16 ms where this product takes 1.
        nearest = torch.cat([(self.lengths - 2 * some @ self.places.T).amin(1) for some in places.split(1000)]) + places.square().sum(1)
        return torch.stack([nearest.clamp(min=0).sqrt(), remainder.sqrt(), remainder / whole, energy], dim=1)

    def strangers(self, images: Tensor, energy: Tensor) -> Tensor:
        """(N,) bool; as `strangeness`, with the energies of the network that the limits were drawn with."""
        return (self.strangeness(images, energy) > self.limits).any(1)


@torch.inference_mode()
def energies(model: MLP, images: Tensor) -> Tensor:
    """(N, C, H, W) float in 0..1 -> (N,) float32, less where the network has more to say.

    Liu et al. 2020, "Energy-based Out-of-distribution Detection", equation 4 at temperature 1.
    """
    return -model(model.normalise(images)).logsumexp(1)


def fit(model: MLP, training: Images, held_out: Images) -> Familiarity:
    """Remember `training`, and draw the limits on `held_out`, which nothing has learned from. Raises ValueError as `draw_limits` does."""
    rows = training.pixels.flatten(1).float() / 255
    centre = rows.mean(0)
    rows -= centre
    _, directions = torch.linalg.eigh(rows.T @ rows)  # ascending
    directions = directions[:, -DIRECTIONS:]
    # Evenly, for MNIST's come writer by writer.
    remembered = rows[torch.linspace(0, len(rows) - 1, min(NEIGHBOURS, len(rows))).long()]
    found = Familiarity(*(_halved(tensor) for tensor in (centre, directions, remembered @ directions)), torch.full((4,), torch.inf))
    return replace(found, limits=draw_limits(found, model, held_out))


def draw_limits(known: Familiarity, model: MLP, held_out: Images) -> Tensor:
    """(4,) float32: the limits beyond which FALSE_ALARMS of `held_out` are strangers.

    Less one standard error, since limits drawn from few pictures may be too narrow for others. Raises ValueError for so few that nothing is left.
    """
    if FALSE_ALARMS * len(held_out) <= 1:
        raise ValueError(f"Limits need more than {1 / FALSE_ALARMS:.0f} held-out pictures.")
    images = held_out.pixels.float() / 255
    strangeness = known.strangeness(images, energies(model, images))
    # The alarms overlap, so that each may be given a little more than a quarter.
    alarms = FALSE_ALARMS - sqrt(FALSE_ALARMS / len(held_out))
    few, many = alarms / 4, alarms
    for _ in range(20):
        share = (few + many) / 2
        limits = strangeness.quantile(1 - share, dim=0)
        few, many = (share, many) if (strangeness > limits).any(1).float().mean() < alarms else (few, share)
    return limits


def save(found: Familiarity, folder: Path) -> None:
    """Write it beside a checkpoint, in half precision but for the limits."""
    tensors = {name: getattr(found, name).half().contiguous() for name in ("centre", "directions", "places")}
    safetensors.torch.save_file(tensors | {"limits": found.limits}, folder / FILE)


def load(folder: Path, spec: DatasetSpec) -> Familiarity:
    """What `save` has written. Raises CheckpointError if it is missing, damaged or of another data set."""
    path = folder / FILE
    try:
        found = Familiarity(**{name: tensor.float() for name, tensor in safetensors.torch.load(path.read_bytes()).items()})
    except (OSError, SafetensorError, TypeError) as error:
        raise CheckpointError(f"{path} is missing or damaged.") from error
    shapes = [tuple(getattr(found, name).shape) for name in ("centre", "directions", "limits")]
    if found.places.dim() != 2 or shapes != [(prod(spec.shape),), (prod(spec.shape), found.places.shape[1]), (4,)]:
        raise CheckpointError(f"{path} is damaged, or of another data set.")
    return found


def _halved(tensor: Tensor) -> Tensor:
    """As it will be read again."""
    return tensor.half().float()
