"""Accuracy against parameters, ours and the published: the plot in the README.

    python -m tests.benchmarks.accuracy
"""

import json
from dataclasses import dataclass
from math import prod

from matplotlib.figure import Figure

from imgmlp import checkpoints
from imgmlp.data.datasets import DATASETS
from imgmlp.training.engine import parameter_count
from tests.conftest import ROOT


@dataclass(frozen=True)
class Published:
    """A plain MLP trained on the official training set alone, one forward pass."""

    source: str
    dataset: str
    accuracy: float  # 0..1, of the official test set
    hidden: tuple[int, ...]

    @property
    def parameters(self) -> int:
        return parameter_count(DATASETS[self.dataset], self.hidden)


PUBLISHED = (
    Published("the usual 784-128-10", "mnist", 0.979, (128,)),  # 97.5 to 98.3 % in tutorials and course notes
    Published("Ciresan et al. 2010", "mnist", 0.9965, (2500, 2000, 1500, 1000, 500)),
    Published("the usual 3072-128-10", "cifar10", 0.482, (128,)),
    Published("the usual 3072-512-10", "cifar10", 0.532, (512,)),
)


def main() -> None:
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, (dataset, spec) in zip(figure.subplots(1, 2), DATASETS.items()):
        record = json.loads((checkpoints.ROOT / checkpoints.SHIPPED[dataset] / "recipe.json").read_text())
        ours = next(seed["test_accuracy"] for seed in record["seeds"] if seed["seed"] == record["chosen_seed"])
        others = [one for one in PUBLISHED if one.dataset == dataset]
        points = [("ours", parameter_count(spec, record["config"]["hidden"]), ours), *((one.source, one.parameters, one.accuracy) for one in others)]
        for name, parameters, accuracy in points:
            axes.plot(parameters, 100 * accuracy, "o" if name == "ours" else "s", color="#d95f02" if name == "ours" else "#2166ac", markersize=8)
            axes.annotate(f"{name}, {accuracy:.2%}", (parameters, 100 * accuracy), (8, -3), textcoords="offset points")
            print(f"{spec.title}: {name}, {parameters:,} parameters, {accuracy:.2%}")
        axes.set(title=f"{spec.title}, {prod(spec.shape):,} inputs", xscale="log", xlabel="parameters", ylabel="% of the test set")
        axes.set_xlim(3e4, 3e9)  # room for the names
        axes.margins(y=0.15)
        axes.grid(alpha=0.3)
    figure.savefig(ROOT / "docs" / "accuracy.png", dpi=110)


if __name__ == "__main__":
    main()
