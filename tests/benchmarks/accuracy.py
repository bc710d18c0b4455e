"""Accuracy against parameters, ours and the published: the plot in the README.

    python -m tests.benchmarks.accuracy
"""

from dataclasses import dataclass
from math import prod

from matplotlib.figure import Figure

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, DATASETS, MNIST
from imgmlp.training.engine import parameter_count
from tests.conftest import ROOT


@dataclass(frozen=True)
class Network:
    """A plain MLP trained on the official training set alone, one forward pass."""

    name: str
    dataset: str
    parameters: int | None  # None where we could not find how many it has: a line across the plot
    accuracy: float  # 0..1, of the official test set


LEFT = 2e3  # parameters, where the plot begins
PUBLISHED = (  # beside Ciresan et al. the best found in papers and public repositories for networks of about these sizes
    Network("784-128-10, usual", "mnist", parameter_count(MNIST, (128,)), 0.979),  # 97.5 to 98.3 % in tutorials and course notes
    Network("104,938 parameters, published", "mnist", 104_938, 0.9885),  # with affine augmentation
    Network("Ciresan et al. 2010", "mnist", parameter_count(MNIST, (2500, 2000, 1500, 1000, 500)), 0.9965),  # Neural Computation 22, table 1
    Network("3072-128-10, published", "cifar10", parameter_count(CIFAR10, (128,)), 0.482),
    Network("3072-512-10, published", "cifar10", parameter_count(CIFAR10, (512,)), 0.532),
    Network("Lin et al. 2015", "cifar10", None, 0.78),  # arXiv:1511.02580, with deformed training pictures
    Network("Bachmann et al. 2023", "cifar10", None, 0.754),  # arXiv:2306.13575
    Network("Neyshabur 2020", "cifar10", None, 0.852),  # beta-LASSO, arXiv:2007.13657
)


def main() -> None:
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    for axes, (dataset, spec) in zip(figure.subplots(1, 2), DATASETS.items()):
        ours = [
            Network("ours", dataset, checkpoints.shipped(dataset, large).parameter_count, checkpoints.record(dataset, large).accuracy)
            for large in (False, True)
        ]
        for networks, mark, colour in ((ours, "o", "#d95f02"), ([one for one in PUBLISHED if one.dataset == dataset], "s", "#2166ac")):
            for one in networks:
                if one.parameters is None:
                    axes.axhline(100 * one.accuracy, color=colour, linestyle=":")
                    place, offset, side = LEFT, (4, 3), "left"
                else:
                    axes.plot(one.parameters, 100 * one.accuracy, mark, color=colour, markersize=8)
                    place, (offset, side) = one.parameters, ((-6, 5), "right") if one in ours else ((6, -12), "left")
                axes.annotate(f"{one.name}, {one.accuracy:.2%}", (place, 100 * one.accuracy), offset, textcoords="offset points", ha=side)
                print(f"{spec.title}: {one.name}, {one.parameters or 'unknown'} parameters, {one.accuracy:.2%}")
        axes.set(title=f"{spec.title}, {prod(spec.shape):,} inputs", xscale="log", xlabel="parameters", ylabel="% of the test set")
        axes.set_xlim(LEFT, 3e10)  # room for the names
        axes.margins(y=0.15)
        axes.grid(alpha=0.3)
    figure.savefig(ROOT / "docs" / "accuracy.png", dpi=110)


if __name__ == "__main__":
    main()
