"""How a digits' network reads test digits that are thinner, thicker, turned or moved, straight to the network; networks side by side.

    python -m tests.benchmarks.robustness [FOLDER ...]      # default: the shipped ones
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, max_pool2d, pad

from imgmlp import checkpoints
from imgmlp.data.datasets import MNIST, load
from imgmlp.inference.classifier import evaluate, probabilities


def turned(images: Tensor, degrees: float) -> Tensor:
    angle = torch.tensor(degrees).deg2rad()
    theta = torch.stack([torch.stack([angle.cos(), -angle.sin(), angle * 0]), torch.stack([angle.sin(), angle.cos(), angle * 0])])
    return grid_sample(images, affine_grid(theta.expand(len(images), 2, 3), list(images.shape), align_corners=False), align_corners=False)


def moved(images: Tensor, right: int, down: int) -> Tensor:
    """By whole pixels; what leaves the picture is lost."""
    return pad(images, (right, -right, down, -down))


# Half-way to the brightest or darkest of the 3x3 neighbours: a whole step would wipe out thin strokes.
CHANGES: dict[str, list[Callable[[Tensor], Tensor]]] = {
    "thinner": [lambda images: (images - max_pool2d(-images, 3, 1, 1)) / 2],
    "thicker": [lambda images: (images + max_pool2d(images, 3, 1, 1)) / 2],
    "turned by 15 degrees": [lambda images: turned(images, 15), lambda images: turned(images, -15)],
    "moved by 4 px": [lambda images, to=to: moved(images, *to) for to in ((4, 0), (-4, 0), (0, 4), (0, -4))],
}


def main(folders: list[Path]) -> None:
    images = load(MNIST, "test")
    pixels = images.pixels.float() / 255
    for folder in folders:
        network = checkpoints.load(folder)
        found = evaluate(network, images)
        print(f"{folder.name}: {found.accuracy:.2%}, calibration error {found.calibration_error:.2%}")
        for name, changes in CHANGES.items():
            right = [(probabilities(network, change(pixels)).argmax(1) == images.labels).float().mean().item() for change in changes]
            print(f"  {name}: {sum(right) / len(right):.2%}")


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]] or [checkpoints.folder("mnist", large) for large in (False, True)])
