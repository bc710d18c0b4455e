"""How the shipped checkpoints are made: `python -m imgmlp pretrain {mnist,cifar10} --save DIR`.

A part of the training set is held out; each seed trains on the rest; the seed that reads the held-out part best is kept;
the test set is read once, at the end, by every seed for the spread, and chooses nothing.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

import torch

from .. import checkpoints
from ..data.datasets import DATASETS, DataError, Images, download, load
from ..inference.classifier import Evaluation, evaluate
from .card import model_card
from .engine import Progress, TrainConfig, Trained, train

SEEDS = (0, 1, 2)
RECIPES = {
    "mnist": TrainConfig(
        dataset="mnist", optimizer="adamw", learning_rate=2e-3, schedule="one-cycle", batch_size=256, epochs=200,
        augment=True, weight_decay=0.01, averaging=0.999,
    ),
    "cifar10": TrainConfig(
        dataset="cifar10", optimizer="adamw", learning_rate=4e-3, schedule="one-cycle", batch_size=256, epochs=200,
        augment=True, label_smoothing=0.1, weight_decay=0.01, averaging=0.999, components=320,
    ),
}
HELD_OUT = {"mnist": 5000, "cifar10": 2500}  # training pictures


@dataclass(frozen=True)
class Attempt:
    """One seed of a recipe."""

    seed: int
    trained: Trained
    held_out_accuracy: float
    test: Evaluation


class RecipeError(Exception):
    """A recipe that cannot run; the message is one sentence for the user."""


def pretrain(dataset: str, folder: Path, root: str | None, report: Callable[[str], None], config: TrainConfig | None = None) -> Attempt:
    """Train the recipe's seeds, save the best on the held-out pictures with its card, and return it.

    root: where the official files are; where there are none, they are downloaded. `config` replaces the recipe's own.
    Raises RecipeError if the data set cannot be had whole.
    """
    config = config or RECIPES[dataset]
    spec = DATASETS[dataset]
    training, test = load(spec, "train", root), load(spec, "test", root)
    if not training.whole:
        try:
            for fetched in download(spec):
                report(f"downloading {spec.title}: {fetched / 1e6:.0f} MB")
        except DataError as error:
            raise RecipeError(f"The recipe needs all of {spec.title}: {error} Or give its folder with --data.") from error
        training, test = load(spec, "train"), load(spec, "test")
    rest, held_out = _split(training, HELD_OUT[dataset])
    attempts = []
    for seed in SEEDS:
        seeded = TrainConfig(**asdict(config) | {"seed": seed})
        for event in train(seeded, rest.pixels, rest.labels):
            if isinstance(event, Progress):
                report(f"seed {seed}, epoch {event.epoch} of {config.epochs}, loss {event.loss:.4f}, {event.images_per_second:,.0f} images/s")
        accuracy = evaluate(event.model, held_out).accuracy
        attempts.append(Attempt(seed, event, accuracy, evaluate(event.model, test)))
        report(f"seed {seed}: {accuracy:.2%} of the held-out pictures after {event.seconds:.0f} s\n")
    best = max(attempts, key=lambda attempt: attempt.held_out_accuracy)
    checkpoints.save(best.trained.model, folder)
    tests = [attempt.test.accuracy for attempt in attempts]
    record = {
        "config": asdict(config),
        "held_out": HELD_OUT[dataset],
        "seeds": [
            {
                "seed": attempt.seed,
                "held_out_accuracy": attempt.held_out_accuracy,
                "test_accuracy": attempt.test.accuracy,
                "seconds": round(attempt.trained.seconds),
            }
            for attempt in attempts
        ],
        "chosen_seed": best.seed,
        "test_mean": mean(tests),
        "test_stdev": stdev(tests),
        "test_class_accuracy": dict(zip(spec.classes, best.test.class_accuracy)),
        "test_ece": best.test.calibration_error,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    (folder / "recipe.json").write_text(json.dumps(record, indent=2) + "\n")
    (folder / "README.md").write_text(model_card(spec, best.trained.model, record))
    return best


def _split(images: Images, held_out: int) -> tuple[Images, Images]:
    """The pictures to train on and those to choose with: a fixed random part, the same for every seed."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(123))
    return images.take(order[held_out:]), images.take(order[:held_out])
