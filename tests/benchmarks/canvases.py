"""How many of the 10,000 test digits are read as people draw and photograph them, and how many through the chain untouched.

    python -m tests.benchmarks.canvases [FOLDER ...]      # default: the shipped networks
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from imgmlp import checkpoints
from imgmlp.data.datasets import MNIST, load
from imgmlp.inference.classifier import evaluate, probabilities
from imgmlp.inference.preprocess import PictureError, prepare
from imgmlp.model import MLP
from tests.canvases import canvas

SEED = 2


def prepared(pictures: list[Image.Image]) -> tuple[Tensor, list[int]]:
    """What the chain makes of the pictures in which it finds something to read, and their places."""
    images = {}
    for place, picture in enumerate(pictures):
        try:
            images[place] = prepare(picture, MNIST).image
        except PictureError:
            pass
    return torch.stack([*images.values()]), [*images]


def share_read(model: MLP, images: Tensor, places: list[int], labels: Tensor) -> float:
    """0..1, of all pictures; one in which nothing was found is not read."""
    return (probabilities(model, images).argmax(1) == labels[places]).sum().item() / len(labels)


def main(folders: list[Path]) -> None:
    images = load(MNIST, "test")
    digits = images.pixels[:, 0].numpy()
    random = np.random.default_rng(SEED)
    untouched = prepared([Image.fromarray(digit) for digit in digits])
    rendered = prepared([canvas(digit, random) for digit in digits])
    for folder in folders:
        model = checkpoints.load(folder)
        print(folder.name)
        print(f"  straight to the network:        {evaluate(model, images).accuracy:.2%}")
        print(f"  28x28 through the whole chain:  {share_read(model, *untouched, images.labels):.2%}")
        unread = len(images) - len(rendered[1])
        print(f"  re-rendered on 280 px canvases: {share_read(model, *rendered, images.labels):.2%}, {unread} unread")


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]] or [checkpoints.folder("mnist", large) for large in (False, True)])
