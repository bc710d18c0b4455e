"""A run as HTML: the line in words, its curves, the first layer's weights, the runs beside each other."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from math import ceil

import gradio as gr

from ...data.datasets import DATASETS
from ...memory.estimate import estimate
from ...memory.step import StepConfig
from ...training.config import TrainConfig
from ...training.engine import Diverged
from ...training.run import PROBE, SECONDS_CAP, Point, Run
from . import gallery
from .pictures import data_address, diverging, figure
from .plot import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, in_numbers, plot, ticks
from .text import say, size

SHOWN_UNITS = 16
RIGHT = WIDTH - 8  # where a curve ends, half of its last mark's width from the edge


def line(run: Run, request: gr.Request) -> str:
    """Where a run is: epoch, accuracy, speed, time left, and what peak was measured on what; after one step there is no speed to tell."""
    point, config = run.points[-1], run.config
    left = min(point.seconds / point.step * (point.steps - point.step), SECONDS_CAP - point.seconds)
    where = "CPU" if config.device == "cpu" else "GPU"
    values = dict(
        number=run.number, epoch=point.epoch, epochs=config.epochs, loss=f"{point.loss:.3f}", accuracy=f"{point.accuracy:.1%}", speed=f"{point.images_per_second:,.0f}",
        left=f"{left:.0f}", steps=f"{point.steps:,}", seconds=f"{run.seconds:.1f}", peak=f"{point.peak_bytes / 2**20:,.0f}",
    )  # fmt: skip
    if run.test is None and point.step == 1:
        return say(request, "train.first", **values)
    if run.test is None:
        return say(request, "train.line", **values) + " " + say(request, f"train.peak_{where.lower()}", **values)
    ended = "train.capped" if run.capped else "train.done"
    return say(request, ended, test=f"{run.test.accuracy:.2%}", total=f"{len(run.test.labels):,}", **values)


def summary(run: Run, request: gr.Request) -> str:
    """A run that is looked at again: its test, or how far it had come."""
    point = run.points[-1]
    values = dict(number=run.number, step=f"{point.step:,}", steps=f"{point.steps:,}", loss=f"{point.loss:.3f}", accuracy=f"{point.accuracy:.1%}")
    return line(run, request) if run.test else say(request, "train.untested", **values)


def views(run: Run, request: gr.Request, over: bool = False) -> tuple[str, str, str, str, str]:
    """What is shown of a run below its line: its curves, both in numbers, its weights, and once it was tested its confusion matrix."""
    matrix = gallery.matrix(DATASETS[run.config.dataset], run.test, request, choose=False) if run.test else ""
    return *curves(run, request, over), weights(run, request), matrix


def curves(run: Run | None, request: gr.Request, over: bool = False) -> tuple[str, str, str]:
    """The loss and the accuracy over the steps, and both as a table; empty without a run.

    As wide as the whole run will be, or as far as it can come before it is stopped, or, once it is over, as far as it came.
    """
    step, loss, accuracy = (say(request, f"train.{name}") for name in ("step", "loss", "accuracy"))
    if run is None:
        return plot(loss, "", _axis(1, "{:g}")), plot(accuracy, "", _axis(1, "{:.0%}")), ""
    titles = [say(request, "train.of", title=title, number=run.number) for title in (loss, accuracy)]
    last = run.points[-1]
    where = dict(step=f"{last.step:,}", steps=f"{last.steps:,}")
    words = (
        say(request, "train.loss_first" if last.step == 1 else "train.loss_now", value=f"{last.loss:.3f}", **where),
        say(request, "train.accuracy_now", value=f"{last.accuracy:.1%}", **where),
    )
    losses, accuracies = ([getattr(point, name) for point in run.points] for name in ("loss", "accuracy"))
    steps = last.step if over or run.test else _reach(last)
    rows = [(f"{point.step:,}", f"{point.loss:.4f}", f"{point.accuracy:.1%}") for point in run.points]
    return (
        plot(titles[0], words[0], _curve(run.points, losses, steps, max(1, *losses), "{:g}"), step),
        plot(titles[1], words[1], _curve(run.points, accuracies, steps, 1, "{:.0%}"), step),
        in_numbers((step, loss, accuracy), rows),
    )


def _reach(point: Point) -> int:
    """The step that a run ends at: its last, or where the time limit stops it; after one step there is no speed to tell."""
    return point.steps if point.step == 1 else min(point.steps, ceil(point.step * max(1, SECONDS_CAP / point.seconds)))


def _curve(points: Sequence[Point], values: Sequence[float], steps: int, most: float, numbers: str) -> str:
    """Values, a point each, over so many steps."""
    x = lambda step: LEFT + step / steps * (RIGHT - LEFT)
    marks = "".join(
        f'<text x="{x(tick):.1f}" y="{HEIGHT - 8}" text-anchor="{"end" if tick == steps else "middle"}">{tick:,.0f}</text>'
        for tick in ticks(steps)
        if tick == int(tick)  # there is no half of a step
    )
    places = [(x(point.step), _y(value, most)) for point, value in zip(points, values)]
    line = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
    across, down = places[-1]
    return f'{_axis(most, numbers)}{marks}<polyline class="line" points="{line}"/><circle class="now" cx="{across:.1f}" cy="{down:.1f}" r="4"/>'


def _axis(most: float, numbers: str) -> str:
    """Lines from nothing to `most` that values are read off at; `numbers` formats what stands beside them."""
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{_y(tick, most):.1f}" y2="{_y(tick, most):.1f}"/>'
        f'<text x="{LEFT - 4}" y="{_y(tick, most) + 4:.1f}" text-anchor="end">{numbers.format(tick)}</text>'
        for tick in ticks(most)
    )


def _y(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)


def weights(run: Run, request: gr.Request) -> str:
    """What the first units weigh, by brightness from 0 to 1 and not as normalised, each as a picture on one scale."""
    model = run.model()
    rows = (model.linears[0].weight.detach()[:SHOWN_UNITS].unflatten(1, model.shape) / model.std).sum(1)
    limit = rows.abs().max().item()
    figures = "".join(figure(data_address(diverging(row, limit)), f"#{index}") for index, row in enumerate(rows))
    return f'<h2>{escape(say(request, "train.weights", limit=f"{limit:.2f}"))}</h2><div class="film small">{figures}</div>'


def comparison(runs: Sequence[Run], chosen: int, request: gr.Request) -> str:
    """The runs kept, a row each, to choose from by number."""
    columns = ("test", "seconds", "dataset", "widths", "optimizer", "rate", "batch", "epochs", "seed", "augment")
    head = "".join(f'<th scope="col">{escape(say(request, f"train.{column}"))}</th>' for column in columns)
    rows = []
    for run in runs:
        config = run.config
        values = (
            f"{run.test.accuracy:.2%}" if run.test else f"{run.points[-1].accuracy:.1%} ({PROBE:,})", f"{run.seconds:.1f}", config.dataset, "-".join(map(str, config.hidden)) or "–", config.optimizer, f"{config.learning_rate:g}", f"{config.batch_size:,}",
            config.epochs, config.seed, "✓" if config.augment else "–",
        )  # fmt: skip
        pressed = "true" if run.number == chosen else "false"
        words = escape(say(request, "train.choose", number=run.number))
        button = f'<button data-choice="{run.number}" aria-pressed="{pressed}" aria-label="{words}" title="{words}">#{run.number}</button>'
        rows.append(f'<tr><th scope="row">{button}</th>{"".join(f"<td>{value}</td>" for value in values)}</tr>')
    return f'<div class="scrolling" tabindex="0"><table class="statistics"><tr><td></td>{head}</tr>{"".join(rows)}</table></div>'


def as_json(run: Run) -> dict:
    """The run's last event, and the test accuracy once there is one."""
    event = asdict(run.points[-1]) | {"device": run.config.device}
    return event | {"test_accuracy": run.test.accuracy, "seconds": run.seconds} if run.test else event


def advice(error: Exception, config: TrainConfig, request: gr.Request | None) -> str:
    """What to try after a run that has diverged, or that memory has run out for."""
    if isinstance(error, Diverged):
        return say(request, "error.diverged", rate=f"{config.learning_rate:g}", tenth=f"{config.learning_rate / 10:g}")
    step = StepConfig(config.dataset, config.hidden, config.optimizer, "fused", config.batch_size, config.bf16)
    return say(request, "error.memory", batch=f"{config.batch_size:,}", bytes=size(estimate(step, None).peaks.requested_bytes))
