"""The command line: `python -m imgmlp {evaluate,classify,train,pretrain,memory,bench} ...`.

Progress goes to stderr; with --json the last line of stdout is one JSON object; bad input ends with 2 and one line.
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from . import checkpoints
from .checkpoints import CheckpointError
from .data.datasets import DATASETS, DataError, Images, Split, load
from .inference import classifier
from .inference.preprocess import PictureError, open_picture
from .memory.devices import DEVICES, live_device
from .memory.estimate import estimate
from .memory.measure import measure
from .memory.step import IMPLEMENTATIONS, StepConfig
from .training import bench as benchmark
from .training import engine, recipes
from .training.config import OPTIMIZERS, TrainConfig
from .training.engine import Diverged, OutOfMemory, Progress
from .training.recipes import RecipeError

CLEAR_LINE = "\r\033[K"  # on a terminal, a line of progress is written over the last one


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        result = options.run(options)
    except (CheckpointError, DataError, PictureError, RecipeError, ValueError) as error:
        return _refuse(str(error))
    except (torch.OutOfMemoryError, OutOfMemory):
        return _refuse("The card's memory ran out; take a smaller batch or narrower layers.")
    except OSError as error:
        return _refuse(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
    _clear_line()
    print(json.dumps(result) if options.json else _lines(result))
    return 0


def evaluate(options: argparse.Namespace) -> dict:
    """A checkpoint against the test set."""
    model = checkpoints.load(options.checkpoint) if options.checkpoint else checkpoints.shipped(options.dataset)
    if model.dataset != options.dataset:
        raise CheckpointError(f"{options.checkpoint} was trained on {model.dataset}, not on {options.dataset}.")
    images = _load(options.dataset, "test", options.data)
    result = classifier.evaluate(model, images)
    return {
        "accuracy": result.accuracy,
        "correct": result.correct,
        "total": len(images),
        "parameters": model.parameter_count,
        "source": str(images.source),
    }


def classify(options: argparse.Namespace) -> dict:
    """Picture files through the small shipped network."""
    model = checkpoints.shipped(options.dataset)
    results = []
    for file in options.files:
        try:
            results.append({"file": file} | classifier.classify(model, open_picture(file)).as_json())
        except PictureError as error:
            raise ValueError(f"{file}: {error}") from error
    return {"results": results}


def train(options: argparse.Namespace) -> dict:
    """A network of one's own."""
    config = TrainConfig(
        dataset=options.dataset,
        hidden=tuple(options.hidden),
        optimizer=options.optimizer,
        learning_rate=options.lr,
        batch_size=options.batch_size,
        epochs=options.epochs,
        augment=options.augment,
        device=_device(options.device),
        seed=options.seed,
    )
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)  # now, for it is too late once the network is trained
    images, test = (_load(options.dataset, split, options.data) for split in ("train", "test"))
    try:
        for event in engine.train(config, images.pixels, images.labels):
            if isinstance(event, Progress):
                _report(f"epoch {event.epoch} of {config.epochs}, loss {event.loss:.4f}, {event.images_per_second:,.0f} images/s")
    except Diverged as error:
        raise ValueError(f"The run diverged: its loss grew beyond all bounds at a rate of {config.learning_rate:g}; try a tenth of it with --lr.") from error
    if options.save:
        checkpoints.save(event.model, options.save)
    return {
        "accuracy": classifier.evaluate(event.model, test).accuracy,
        "seconds": event.seconds,
        "images_per_second": event.images_per_second,
        "device": config.device,
        "parameters": event.model.parameter_count,
        "peak_bytes": event.peak_bytes,
        "source": str(images.source),
    }


def pretrain(options: argparse.Namespace) -> dict:
    """The recipe of a shipped network."""
    recipe = recipes.recipe_for(options.dataset, options.large, _device(options.device))
    best = recipes.pretrain(recipe, options.save, options.data, _report)
    return {
        "accuracy": best.test.accuracy,
        "seconds": best.seconds,
        "images_per_second": best.images_per_second,
        "device": recipe.pupil.device,
        "parameters": best.model.parameter_count,
        "peak_bytes": best.peak_bytes,
    }


def memory(options: argparse.Namespace) -> dict:
    """What a training step takes of a card's memory, predicted, and measured."""
    config = StepConfig(options.dataset, tuple(options.hidden), options.optimizer, options.implementation, options.batch_size)
    device = DEVICES.get(options.device) or (None if options.device == "cpu" else live_device())
    measured = None
    if options.measure:
        [measured] = measure((config,), "cuda" if torch.cuda.is_available() else "cpu")
    return estimate(config, device).as_json(measured and measured.as_json())


def bench(options: argparse.Namespace) -> dict:
    """The lesson's loop and ours, side by side on MNIST."""
    return benchmark.bench(_load("mnist", "train", options.data), _load("mnist", "test", options.data), _device(options.device)).as_json()


def _load(dataset: str, split: Split, root: str | None) -> Images:
    """A split, from the next place if the given folder does not have it; then that is told."""
    images = load(DATASETS[dataset], split, root)
    if images.source.problem:
        _report(f"{images.source.problem} These are the {images.source}.\n")
    return images


def _device(name: str | None) -> str:
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("This machine has no CUDA device; leave --device out to train on the CPU.")
    return name or ("cuda" if torch.cuda.is_available() else "cpu")


def _report(line: str) -> None:
    """A line of progress, which the next one replaces on a terminal unless it ends with a new line."""
    _clear_line()
    print(line.rstrip(), end="" if sys.stderr.isatty() and not line.endswith("\n") else "\n", file=sys.stderr, flush=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        print(CLEAR_LINE, end="", file=sys.stderr, flush=True)


def _refuse(sentence: str) -> int:
    _clear_line()
    print(sentence, file=sys.stderr)
    return 2


def _lines(result: dict) -> str:
    if "results" in result:
        return "\n".join(f"{one['file']}: {one['label']} ({max(one['probabilities'].values()):.1%})" for one in result["results"])
    flat = {}
    for name, value in result.items():
        flat |= {f"{name} {inner}": one for inner, one in value.items()} if isinstance(value, dict) else {name: value}
    return "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in flat.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m imgmlp", description="How images become tensors, and a plain MLP reads them.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run, *, dataset: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(run.__name__, help=run.__doc__.rstrip("."))
        if dataset:
            added.add_argument("dataset", choices=list(DATASETS))
        added.add_argument("--json", action="store_true", help="one JSON object as the last line")
        added.set_defaults(run=run)
        return added

    evaluating = command(evaluate)
    evaluating.add_argument("--checkpoint", metavar="DIR", type=Path)
    classifying = command(classify)
    classifying.add_argument("files", metavar="FILE", nargs="+")
    training = command(train)
    training.add_argument("--hidden", metavar="WIDTH", type=int, nargs="*", default=[128])
    training.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    training.add_argument("--lr", type=float, default=1e-3)
    training.add_argument("--batch-size", type=int, default=64)
    training.add_argument("--epochs", type=int, default=1)
    training.add_argument("--augment", action="store_true")
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--save", metavar="DIR", type=Path)
    pretraining = command(pretrain)
    pretraining.add_argument("--save", metavar="DIR", type=Path, required=True)
    pretraining.add_argument("--large", action="store_true", help="the larger network")
    remembering = command(memory)
    remembering.add_argument("--hidden", metavar="WIDTH", type=int, nargs="*", default=[128])
    remembering.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    remembering.add_argument("--batch-size", type=int, default=64)
    remembering.add_argument("--implementation", choices=IMPLEMENTATIONS, default="foreach")
    remembering.add_argument("--device", choices=["cpu", *DEVICES], help="a card to predict for (default: this machine's, else the CPU)")
    remembering.add_argument("--measure", action="store_true", help="take the step too: on this machine's card, else on the CPU")
    benching = command(bench, dataset=False)
    for run in (training, pretraining, benching):
        run.add_argument("--device", choices=["cpu", "cuda"])
    for reader in (evaluating, training, pretraining, benching):
        reader.add_argument("--data", metavar="DIR", help="official files in torchvision's layout (default: IMGMLP_DATA)")
    return parser
