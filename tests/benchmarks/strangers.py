"""How often a picture is told to look like nothing in the training set: test pictures, which should not be, and strangers, which should.

    python -m tests.benchmarks.strangers
"""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from imgmlp import checkpoints
from imgmlp.data.datasets import DATASETS, load
from imgmlp.inference import familiarity
from tests.canvases import canvas
from tests.strangers import STRANGERS, prepared

COUNT = 1000


def pictures(dataset: str) -> Iterator[tuple[str, Tensor]]:
    """What is looked at, by name."""
    random = np.random.default_rng(4)
    test = load(DATASETS[dataset], "test").pixels
    yield "test pictures", test.float() / 255
    if dataset == "mnist":
        yield "test digits re-rendered on canvases", prepared(dataset, (canvas(digit, random) for digit in test[:COUNT, 0].numpy()))
    for name, kind in STRANGERS[dataset].items():
        yield name, prepared(dataset, kind(COUNT, random))


def main() -> None:
    for dataset, spec in DATASETS.items():
        known, network = familiarity.load(checkpoints.folder(dataset, large=True), spec), checkpoints.shipped(dataset, large=True)
        for name, images in pictures(dataset):
            told = known.strangers(images, familiarity.energies(network, images)).float().mean()
            print(f"{spec.title}, {name}: {told:.1%}")


if __name__ == "__main__":
    main()
