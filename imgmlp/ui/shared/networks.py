"""The networks that a user can choose between: the two shipped ones, and those of their own runs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from ... import checkpoints
from ...checkpoints import CheckpointError
from ...data.datasets import DATASETS
from ...inference.classifier import seconds_an_answer
from ...inference.familiarity import Familiarity, energies, load
from ...model import MLP
from ...training.run import Run
from .text import label

SHIPPED, LARGE = 0, -1  # where a user's own runs are numbered from 1



@cache
def _shipped(dataset: str, large: bool) -> MLP:
    return checkpoints.shipped(dataset, large)


def shipped(dataset: str, large: bool = False) -> MLP:
    """A shipped network, read once. Raises CheckpointError."""
    return _shipped(dataset, large)


@cache
def watch(dataset: str) -> tuple[Familiarity, MLP] | None:
    """What tells a data set's strangers: what its pictures look like, and the large network; None if a file is damaged."""
    try:
        return load(checkpoints.folder(dataset, large=True), DATASETS[dataset]), shipped(dataset, True)
    except CheckpointError as error:
        logging.warning(error)
        return None


def own(runs: Sequence[Run], dataset: str, number: int) -> Run | None:
    """The run of that number, if it is there and of that data set."""
    return next((run for run in runs if run.number == number and run.config.dataset == dataset), None)


def network(dataset: str, runs: Sequence[Run], number: int, snapshot: int | None = None) -> MLP:
    """The network of a run, as it was at a snapshot, from 1, or as it is; else a shipped one. Raises CheckpointError."""
    run = own(runs, dataset, number)
    return run.model(_place(run, snapshot)) if run else shipped(dataset, number == LARGE)


def _place(run: Run, snapshot: int | None) -> int:
    """Of a snapshot, from 1, among the run's; the last one's without a choice, and where there are fewer by now."""
    return min(snapshot or len(run.snapshots), len(run.snapshots)) - 1


def choices(runs: Sequence[Run], dataset: str) -> list[tuple[object, int]]:
    """What a dropdown shows, and the number that it means."""
    own_ones = [(f"#{run.number}: {run.tested()[0]:.1%}", run.number) for run in runs if run.config.dataset == dataset]
    return [(label("classify.shipped"), SHIPPED), (label("classify.large"), LARGE), *own_ones]


def still_there(runs: Sequence[Run], dataset: str, number: int) -> int:
    """The choice, or the shipped network where there is no such run any more, or it is of the other data set."""
    return number if number == LARGE or own(runs, dataset, number) else SHIPPED


@dataclass(frozen=True)
class Facts:
    """What a network is worth and what it costs."""

    accuracy: float  # 0..1, of `tested` test pictures
    tested: int
    file_bytes: int
    seconds: float  # for one picture, here
    step: int | None = None  # of a run of one's own
    convolutions: int = 0  # layers that began as such


def facts(model: MLP, runs: Sequence[Run], number: int, snapshot: int | None = None) -> Facts:
    """Of `model`, which `network` gives for that number and snapshot; raises CheckpointError."""
    dataset = model.dataset
    if run := own(runs, dataset, number):
        place = _place(run, snapshot)
        return Facts(*run.tested(place), 4 * model.parameter_count, seconds_an_answer(model), run.snapshots[place].step)
    large = number == LARGE
    size = (checkpoints.folder(dataset, large) / "model.safetensors").stat().st_size
    record = checkpoints.record(dataset, large)
    return Facts(record.accuracy, DATASETS[dataset].sizes["test"], size, seconds_an_answer(model), convolutions=record.convolutions)


def strange(dataset: str, image: Tensor) -> bool:
    """Whether a picture, (C, H, W) float in 0..1, looks like nothing in the data set, whichever network answers it."""
    if not (watching := watch(dataset)):
        return False
    known, large = watching
    return known.strangers(image[None], energies(large, image[None])).item()
