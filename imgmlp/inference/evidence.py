"""Why a network answers as it does, exactly: around any one input a ReLU network is linear."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..model import MLP


@dataclass(frozen=True)
class Evidence:
    """One logit taken apart: `pixels.sum() + bias` is the logit."""

    pixels: Tensor  # (C, H, W) float64, in logits; positive speaks for the class
    bias: float  # in logits

    @property
    def logit(self) -> float:
        return self.pixels.sum().item() + self.bias


@dataclass(frozen=True)
class Unit:
    """A unit of the last hidden layer and what it gave to a logit."""

    index: int
    contribution: float  # in logits
    weights: Tensor  # (C, H, W) float64, how the unit weighs each pixel around this input


def evidence(model: MLP, image: Tensor, label: int, against: int | None = None) -> Evidence:
    """What each pixel of `image` and the biases gave to one logit, or to the gap between two.

    image: (C, H, W) float in 0..1, not normalised, so that a black pixel gives exactly nothing.
    Exact on the ReLU region around `image`, and only there (Montufar et al. 2014, section 2).
    Raises ValueError if a label is not one of the model's classes.
    """
    weights, bias = _linear_map(model, image, _readout(model, label, against))
    return Evidence(weights * image.double(), bias.item() + _readout_bias(model, label, against))


def units(model: MLP, image: Tensor, label: int, against: int | None = None, *, count: int) -> list[Unit]:
    """The hidden units that gave most to a logit, or to the gap between two, either way; none without a hidden layer.

    image: as for `evidence`; raises as it does.
    """
    if not model.hidden:
        return []
    contributions = _activations(model, image)[-1] * _readout(model, label, against)
    chosen = contributions.abs().topk(min(count, len(contributions))).indices
    weights, _ = _linear_map(model, image, one_hot(chosen, len(contributions)).double())
    return [Unit(*parts) for parts in zip(chosen.tolist(), contributions[chosen].tolist(), weights)]


@torch.no_grad()
def _activations(model: MLP, image: Tensor) -> list[Tensor]:
    """What comes out of each hidden layer, after its ReLU, in float64."""
    value = ((image.double() - model.mean.double()) / model.std.double()).flatten()
    outputs = []
    for linear in model.linears[:-1]:
        value = (linear.weight.double() @ value + linear.bias.double()).relu()
        outputs.append(value)
    return outputs


@torch.no_grad()
def _linear_map(model: MLP, image: Tensor, readout: Tensor) -> tuple[Tensor, Tensor]:
    """(weights (..., C, H, W), bias (...)): `readout @ last hidden layer == (weights * image).sum() + bias`.

    readout: (..., width). Read backwards: a unit that is off passes nothing on, one that is on passes its weights.
    """
    weights, bias = readout, torch.zeros(readout.shape[:-1], dtype=torch.double)
    hidden = list(zip(model.linears[:-1], _activations(model, image)))
    for linear, output in reversed(hidden):
        gated = weights * (output > 0)
        bias = bias + gated @ linear.bias.double()
        weights = gated @ linear.weight.double()
    scaled = weights.unflatten(-1, model.shape) / model.std.double()
    return scaled, bias - (scaled * model.mean.double()).sum((-3, -2, -1))


@torch.no_grad()
def _readout(model: MLP, label: int, against: int | None) -> Tensor:
    return _difference(model, model.linears[-1].weight.double(), label, against)


@torch.no_grad()
def _readout_bias(model: MLP, label: int, against: int | None) -> float:
    return _difference(model, model.linears[-1].bias.double(), label, against).item()


def _difference(model: MLP, rows: Tensor, label: int, against: int | None) -> Tensor:
    for one in (label, against):
        if one is not None and not 0 <= one < len(model.classes):
            raise ValueError(f"{one} is not one of the network's {len(model.classes)} classes.")
    return rows[label] if against is None else rows[label] - rows[against]
