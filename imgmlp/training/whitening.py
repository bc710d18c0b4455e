"""PCA whitening, folded away: a network learns on decorrelated inputs and ends as the same network on pixels.

Neighbouring pixels say nearly the same, so that the first layer's gradient is dominated by a few smooth directions. On
the leading principal components, scaled to equal variance (LeCun et al. 1998, "Efficient BackProp", section 4.3), every
direction learns at one speed; a linear map in front of a Linear layer is again a Linear layer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..model import MLP

FLOOR = 1e-2  # added to each variance, so that the faintest components are not blown up into noise


@dataclass(frozen=True)
class Whitening:
    """`(inputs.flatten(1) - centre) @ matrix` has about unit variance in every column."""

    centre: Tensor  # (C*H*W,)
    matrix: Tensor  # (C*H*W, components)

    def __call__(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) normalised -> (N, components, 1, 1)."""
        return ((inputs.flatten(1) - self.centre) @ self.matrix)[:, :, None, None]


def fit(inputs: Tensor, components: int) -> Whitening:
    """The whitening of the leading principal components of (N, C, H, W) normalised inputs."""
    rows = inputs.flatten(1)
    centre = rows.mean(0)
    rows = rows - centre
    variances, directions = torch.linalg.eigh(rows.T @ rows / len(rows))  # ascending
    matrix = directions[:, -components:] * (variances[-components:] + FLOOR).rsqrt()
    return Whitening(centre, matrix / (rows @ matrix).std())


@torch.no_grad()
def fold(trained: MLP, whitening: Whitening, model: MLP) -> MLP:
    """`model`, given the weights that make it answer on pixels as `trained` does on whitened inputs."""
    first = trained.linears[0]
    model.linears[0].weight.copy_(first.weight @ whitening.matrix.T)
    model.linears[0].bias.copy_(first.bias - first.weight @ (whitening.centre @ whitening.matrix))
    for source, target in zip(trained.linears[1:], model.linears[1:]):
        target.load_state_dict(source.state_dict())
    return model
