"""How many of the 10,000 test digits are read as people draw and photograph them, and how many through the chain untouched.

    python -m tests.benchmarks.canvases
"""

import numpy as np
import torch
from PIL import Image

from imgmlp import checkpoints
from imgmlp.data.datasets import MNIST, load
from imgmlp.inference.classifier import evaluate, probabilities
from imgmlp.inference.preprocess import PictureError, prepare
from tests.canvases import canvas

SEED = 2


def read(pictures: list[Image.Image]) -> torch.Tensor:
    """(N,) the digit read in each picture, -1 where the chain found nothing to read."""
    model = checkpoints.shipped("mnist")
    answers = torch.full((len(pictures),), -1)
    for index, picture in enumerate(pictures):
        try:
            answers[index] = probabilities(model, prepare(picture, MNIST).image[None]).argmax()
        except PictureError:
            pass
    return answers


def main() -> None:
    images = load(MNIST, "test")
    digits = images.pixels[:, 0].numpy()
    random = np.random.default_rng(SEED)
    straight = evaluate(checkpoints.shipped("mnist"), images).accuracy
    untouched = (read([Image.fromarray(digit) for digit in digits]) == images.labels).float().mean().item()
    answers = read([canvas(digit, random) for digit in digits])
    print(f"straight to the network:          {straight:.2%}")
    print(f"28x28 through the whole chain:    {untouched:.2%}")
    print(f"re-rendered on 280 px canvases:   {(answers == images.labels).float().mean().item():.2%}, {int((answers < 0).sum())} unread")


if __name__ == "__main__":
    main()
