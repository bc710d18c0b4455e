"""An MLP that learns its first layers as convolutions.

A convolution is a Linear layer too: each of its units sees a small square, and those of a channel share their weights. Trained as that, a
network finds what an MLP of the same widths does not find by itself; written out, it is that MLP, and goes on with every weight free
(d'Ascoli et al. 2019, "Finding the Needle in the Haystack with Convolutions").
"""

from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from ..model import MLP

KERNEL = 5  # pixels a side


@dataclass(frozen=True)
class Convolution:
    """A hidden layer while it is trained as a convolution."""

    channels: int
    # At every second place, as in Simard et al. 2003, "Best Practices for Convolutional Neural Networks Applied to Visual Document
    # Analysis": pooling, which is not linear, could not be written out.
    stride: int = 2


class Convolutional(nn.Module):
    """Convolutions in the place of an MLP's first hidden layers, and new Linear layers for the others.

    All but the last are batch-normalised: that too ends as a part of the weights.
    forward: (N, C, H, W) float32, normalised -> (N, classes) logits; to train, of two pictures or more. Raises ValueError if a hidden
    layer is not as wide as its convolution.
    """

    def __init__(self, model: MLP, convolutions: tuple[Convolution, ...]):
        super().__init__()
        self.shape = shape = model.shape
        layers: list[nn.Module] = []
        for one, width in zip(convolutions, model.hidden, strict=False):
            layer = nn.Conv2d(shape[0], one.channels, KERNEL, one.stride, padding=KERNEL // 2, bias=False)
            layers += [layer, nn.BatchNorm2d(one.channels), nn.ReLU()]
            shape = (one.channels, *(ceil(side / one.stride) for side in shape[1:]))
            if prod(shape) != width:
                raise ValueError(f"A layer of {one.channels} channels has {prod(shape):,} units here, not {width:,}.")
        rest: list[nn.Module] = []
        inputs = prod(shape)
        for width in model.hidden[len(convolutions) :]:
            rest += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
            inputs = width
        self.convolutions = nn.Sequential(*layers)
        self.rest = nn.Sequential(*rest, nn.Linear(inputs, len(model.classes)))

    def forward(self, images: Tensor) -> Tensor:
        return self.rest(self.convolutions(images.contiguous(memory_format=torch.channels_last)).flatten(1))


@torch.no_grad()
def unroll(trained: Convolutional, model: MLP) -> MLP:
    """`model`, which `trained` was made for, given the weights that make it answer alike."""
    convolutions, rest = trained.eval().convolutions, trained.rest
    shape, linears = model.shape, iter(model.linears)
    for convolution, norm in zip(convolutions[::3], convolutions[1::3]):
        convolution, linear = fuse_conv_bn_eval(convolution, norm), next(linears)
        pixels = torch.eye(linear.in_features, device=convolution.weight.device).unflatten(1, shape)
        answers = conv2d(pixels, convolution.weight, None, convolution.stride, convolution.padding)  # to one pixel each: a column of the matrix
        shape = answers.shape[1:]
        linear.weight.copy_(answers.flatten(1).T)
        linear.bias.copy_(convolution.bias.repeat_interleave(prod(shape[1:])))
    for layer, norm in zip(rest[:-1:3], rest[1::3]):
        next(linears).load_state_dict(fuse_linear_bn_eval(layer, norm).state_dict())
    next(linears).load_state_dict(rest[-1].state_dict())
    return model


@torch.no_grad()
def prune(model: MLP, smallest: float) -> None:
    """Zero the weights that are smaller, as most are where a convolution had none."""
    for linear in model.linears:
        linear.weight.masked_fill_(linear.weight.abs() < smallest, 0)
