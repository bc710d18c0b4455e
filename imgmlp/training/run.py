"""A user's training run, followed while it goes: what the curves show, and networks on the way to draw with.

A `Run` holds nothing of the device that trained it: its weights are on the CPU, so it can be kept and sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.datasets import DATASETS, load
from ..inference.classifier import Evaluation, evaluate
from ..model import MLP
from .config import TrainConfig
from .engine import OutOfMemory, Progress, new_model, train

PROBE = 1000  # test pictures for the live accuracy, the lesson's test batch
MOST_SNAPSHOTS = 16
SNAPSHOT_BYTES = 8 << 20  # of a run, all its snapshots together; a large network has fewer, one at least
SECONDS_CAP = 120


@dataclass(frozen=True)
class Point:
    """One event on the curves."""

    step: int
    steps: int
    epoch: int
    loss: float
    accuracy: float  # 0..1, of PROBE test pictures
    seconds: float
    images_per_second: float
    peak_bytes: int


@dataclass(frozen=True)
class Snapshot:
    """The network as it was at a step."""

    step: int
    weights: dict[str, Tensor]  # on the CPU


@dataclass(frozen=True)
class Run:
    """A run so far, or whole once it has been tested."""

    config: TrainConfig
    number: int = 1  # among the user's runs
    points: tuple[Point, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    seconds: float = 0.0
    test: Evaluation | None = None  # of the whole test set, once the run is over
    capped: bool = False  # stopped at the time cap

    def tested(self, snapshot: int = -1) -> tuple[float, int]:
        """A snapshot's accuracy, 0..1, and of how many test pictures: the last one's of all once the run is over, else of the probe."""
        step = self.snapshots[snapshot].step
        if self.test and step == self.points[-1].step:
            return self.test.accuracy, len(self.test.labels)
        return next(point.accuracy for point in self.points if point.step == step), PROBE

    def model(self, snapshot: int = -1) -> MLP:
        """The network of a snapshot, in eval mode on the CPU; raises IndexError for one that is not there."""
        model = new_model(DATASETS[self.config.dataset], self.config.hidden)
        model.load_state_dict(self.snapshots[snapshot].weights)
        return model.eval()


def follow(config: TrainConfig, number: int = 1, seconds_cap: float = SECONDS_CAP) -> Iterator[Run]:
    """The run as it grows, a few times a second, and at last with its test. Raises Diverged as the engine does, and OutOfMemory.

    Closing the iterator ends the training at once.
    """
    try:
        yield from _follow(config, number, seconds_cap)
        return
    except torch.OutOfMemoryError:
        pass
    torch.cuda.empty_cache()  # only here, for the error's traceback holds the tensors of the step
    raise OutOfMemory


def _follow(config: TrainConfig, number: int, seconds_cap: float) -> Iterator[Run]:
    spec = DATASETS[config.dataset]
    images, test = load(spec, "train"), load(spec, "test")
    run = Run(config, number)
    events = train(config, images.pixels, images.labels, (test.pixels[:PROBE], test.labels[:PROBE]))
    for event in events:
        if isinstance(event, Progress):
            point = Point(
                event.step, event.steps, event.epoch, event.loss, event.accuracy, event.seconds, event.images_per_second, event.peak_bytes
            )
            snapshots = _thinned((*run.snapshots, _snapshot(event.step, event.model)))
            run = replace(run, points=(*run.points, point), snapshots=snapshots, seconds=event.seconds)
            model = event.model
            if event.seconds > seconds_cap:
                events.close()
                run = replace(run, capped=True)
            yield run
        else:
            model = event.model
            run = replace(run, snapshots=(*run.snapshots[:-1], _snapshot(run.points[-1].step, model)), seconds=event.seconds)
    yield replace(run, test=evaluate(model, test))


def _snapshot(step: int, model: MLP) -> Snapshot:
    return Snapshot(step, {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()})


def _thinned(snapshots: tuple[Snapshot, ...]) -> tuple[Snapshot, ...]:
    """Every second one goes when there are too many; the newest stays."""
    size = sum(tensor.nbytes for tensor in snapshots[-1].weights.values())
    most = max(1, min(MOST_SNAPSHOTS, SNAPSHOT_BYTES // size))
    if most == 2 and snapshots[0].step == 1:
        snapshots = snapshots[1:] or snapshots  # of two networks that are kept none should be the one that has learned least
    return snapshots if len(snapshots) <= most else (*snapshots[:-1:2], snapshots[-1])[-most:]
