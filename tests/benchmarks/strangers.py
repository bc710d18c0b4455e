"""How often a picture is told to look like nothing in the training set: test pictures, which should not be, and strangers, which should.

    python -m tests.benchmarks.strangers
"""

from collections.abc import Iterable

import numpy as np
import torch
from PIL.Image import Image

from imgmlp import checkpoints
from imgmlp.data.datasets import DATASETS, MNIST, load
from imgmlp.inference import familiarity
from imgmlp.inference.preprocess import PictureError, prepare
from tests.canvases import canvas
from tests.strangers import STRANGERS

COUNT = 1000


def share(dataset: str, pictures: Iterable[Image]) -> float:
    """The share of `pictures` that are strangers, of those in which there is anything to read."""
    images = []
    for picture in pictures:
        try:
            images.append(prepare(picture, DATASETS[dataset]).image)
        except PictureError:
            pass
    return told(dataset, torch.stack(images))


def told(dataset: str, images: torch.Tensor) -> float:
    folder = checkpoints.ROOT / checkpoints.SHIPPED[dataset]
    return familiarity.load(folder).strangers(images, familiarity.energies(checkpoints.load(folder), images)).float().mean().item()


def main() -> None:
    for dataset, kinds in STRANGERS.items():
        random = np.random.default_rng(4)
        print(f"{dataset}: {told(dataset, load(DATASETS[dataset], 'test').pixels.float() / 255):.1%} of the test pictures")
        if dataset == "mnist":
            digits = load(MNIST, "test").pixels[:COUNT, 0].numpy()
            print(f"  {share(dataset, (canvas(digit, random) for digit in digits)):.1%} of test digits re-rendered on canvases")
        for name, pictures in kinds.items():
            print(f"  {share(dataset, pictures(COUNT, random)):.1%} of {name}")


if __name__ == "__main__":
    main()
