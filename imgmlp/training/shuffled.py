"""Pixel shuffle: an MLP does as well on pictures whose pixels are put in one fixed random order.

    python -m imgmlp.training.shuffled [--data DIR]     # trains and writes shuffled.json; some minutes on 2 cores

Every input has its own weights, so no input is next to another: shuffling the columns of the first layer's weights
undoes shuffling the pixels. People, who see neighbours, read nothing.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor

from ..data.datasets import DATASETS, DatasetSpec, Images, load
from ..inference.classifier import evaluate
from .config import TrainConfig
from .engine import train

FIGURES = Path(__file__).with_name("shuffled.json")
SEEDS = range(5)
EPOCHS = 10


@dataclass(frozen=True)
class Comparison:
    """Test accuracy, 0..1, of the same recipe on pictures as they are and shuffled."""

    plain: tuple[float, ...]  # a seed each
    shuffled: tuple[float, ...]
    source: str

    @property
    def means(self) -> tuple[float, float]:
        return mean(self.plain), mean(self.shuffled)


def permutation(spec: DatasetSpec) -> Tensor:
    """(H*W,) int64: the one order that every picture of a data set is shuffled into, its channels together."""
    return torch.randperm(prod(spec.shape[1:]), generator=torch.Generator().manual_seed(28))


def shuffle(pixels: Tensor, spec: DatasetSpec) -> Tensor:
    """(..., C, H, W) of any dtype -> the same, every picture's pixels in the order of `permutation`."""
    return pixels.flatten(-2)[..., permutation(spec)].unflatten(-1, spec.shape[1:])


def figures(dataset: str) -> Comparison:
    """What was measured when the project was made."""
    measured = json.loads(FIGURES.read_text())[dataset]
    return Comparison(tuple(measured["plain"]), tuple(measured["shuffled"]), measured["source"])


def compare(training: Images, test: Images, seeds: range = SEEDS, epochs: int = EPOCHS) -> Comparison:
    """The lesson's recipe (Adam, 1e-3, batch 64) on both, every seed in its own order of pictures."""
    spec = training.spec
    accuracies = {}
    for name, change in (("plain", lambda pixels: pixels), ("shuffled", lambda pixels: shuffle(pixels, spec))):
        accuracies[name] = []
        for seed in seeds:
            config = TrainConfig(dataset=spec.name, epochs=epochs, seed=seed)
            *_, last = train(config, change(training.pixels), training.labels)
            accuracies[name].append(evaluate(last.model, replace(test, pixels=change(test.pixels))).accuracy)
    return Comparison(tuple(accuracies["plain"]), tuple(accuracies["shuffled"]), str(training.source))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", metavar="DIR")
    root = parser.parse_args().data
    measured = {}
    for name, spec in DATASETS.items():
        training, test = load(spec, "train", root), load(spec, "test", root)
        if not (training.whole and test.whole):
            sys.exit(f"The figures are of all of {spec.title}, whose official files are not here; give their folder with --data.")
        found = compare(training, test)
        measured[name] = asdict(found) | {"epochs": EPOCHS, "torch": torch.__version__}
        for kind, values in (("as they are", found.plain), ("shuffled", found.shuffled)):
            print(f"{spec.title}, pictures {kind}: {mean(values):.2%}, standard deviation {stdev(values):.2%} over {len(values)} seeds")
    FIGURES.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
