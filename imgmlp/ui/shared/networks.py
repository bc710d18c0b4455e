"""The networks that a user can choose between: the shipped one, and those of their own runs."""

import logging
from collections.abc import Sequence
from functools import cache

from ... import checkpoints
from ...checkpoints import CheckpointError
from ...inference.classifier import Answer
from ...inference.familiarity import Familiarity, load
from ...model import MLP
from ...training.run import Run
from .text import label

SHIPPED = 0  # where a user's own runs are numbered from 1

shipped = cache(checkpoints.shipped)


@cache
def familiarity(dataset: str) -> Familiarity | None:
    """What the data set's pictures look like; None where the shipped checkpoint's folder does not say, or its file is damaged."""
    try:
        return load(checkpoints.ROOT / checkpoints.SHIPPED[dataset])
    except CheckpointError as error:
        logging.warning(error)
        return None


def own(runs: Sequence[Run], dataset: str, number: int) -> Run | None:
    """The run of that number, if it is there and of that data set."""
    return next((run for run in runs if run.number == number and run.config.dataset == dataset), None)


def network(dataset: str, runs: Sequence[Run], number: int, snapshot: int | None = None) -> MLP:
    """The network of a run, as it was at a snapshot, from 1, or as it is; else the shipped one. Raises CheckpointError."""
    run = own(runs, dataset, number)
    return run.model(min(snapshot or len(run.snapshots), len(run.snapshots)) - 1) if run else shipped(dataset)


def choices(runs: Sequence[Run], dataset: str) -> list[tuple[object, int]]:
    """What a dropdown shows, and the number that it means."""
    return [(label("classify.shipped"), SHIPPED), *((f"#{run.number}: {run.accuracy:.1%}", run.number) for run in runs if run.config.dataset == dataset)]


def strange(dataset: str, found: Answer, run: Run | None) -> bool:
    """Whether a picture looks like nothing in the data set; how much a network should have to say is known of the shipped one alone."""
    known = familiarity(dataset)
    return known is not None and known.is_strange(found.prepared.image, None if run else found.energy)
