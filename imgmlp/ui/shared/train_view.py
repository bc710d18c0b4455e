"""A run as HTML: the line in words, its curves, the first layer's weights, the runs beside each other."""

from collections.abc import Sequence
from dataclasses import asdict
from html import escape

import gradio as gr

from ...memory.estimate import estimate
from ...memory.step import StepConfig
from ...training.engine import Diverged, TrainConfig
from ...training.run import Point, Run
from .pictures import data_address, diverging, figure
from .plot import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, in_numbers, plot, ticks
from .text import say, size

SHOWN_UNITS = 16


def line(run: Run, request: gr.Request) -> str:
    """Where a run is: epoch, accuracy, speed, time left, and what peak was measured on what."""
    point, config = run.points[-1], run.config
    left = point.seconds / point.step * (point.steps - point.step)
    where = "CPU" if config.device == "cpu" else "GPU"
    values = dict(
        epoch=point.epoch, epochs=config.epochs, loss=f"{point.loss:.3f}", accuracy=f"{point.accuracy:.1%}", speed=f"{point.images_per_second:,.0f}",
        left=f"{left:.0f}", seconds=f"{run.seconds:.1f}", peak=f"{point.peak_bytes / 2**20:,.0f}",
    )  # fmt: skip
    if run.test is None:
        return say(request, "train.line", **values) + " " + say(request, f"train.peak_{where.lower()}", **values)
    ended = "train.capped" if run.capped else "train.done"
    return say(request, ended, test=f"{run.test.accuracy:.2%}", total=f"{len(run.test.labels):,}", **values)


def curves(run: Run | None, request: gr.Request) -> tuple[str, str, str]:
    """The loss and the accuracy over the steps, as wide as the whole run will be, and both as a table; empty without a run."""
    points = run.points if run else ()
    last = points[-1] if points else None
    where = dict(step=f"{last.step:,}", steps=f"{last.steps:,}") if last else {}
    words = lambda name, value: say(request, f"train.{name}_now", value=value, **where) if last else ""
    columns = [say(request, f"train.{name}") for name in ("step", "loss", "accuracy")]
    return (
        _curve(columns[1], words("loss", f"{last.loss:.3f}" if last else ""), points, [point.loss for point in points], max([1, *(point.loss for point in points)]), "{:g}"),
        _curve(columns[2], words("accuracy", f"{last.accuracy:.1%}" if last else ""), points, [point.accuracy for point in points], 1, "{:.0%}"),
        in_numbers(columns, [(f"{point.step:,}", f"{point.loss:.4f}", f"{point.accuracy:.1%}") for point in points]) if points else "",
    )


def _curve(title: str, words: str, points: Sequence[Point], values: Sequence[float], most: float, numbers: str) -> str:
    """Values over the steps, from nothing to `most`; `numbers` formats what stands at the axis."""
    steps = points[-1].steps if points else 1
    x = lambda step: LEFT + step / steps * (WIDTH - LEFT - 8)
    y = lambda value: HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)
    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 8}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        f'<text x="{LEFT - 4}" y="{y(tick) + 4:.1f}" text-anchor="end">{numbers.format(tick)}</text>'
        for tick in ticks(most)
    )
    if points:
        grid += "".join(
            f'<text x="{x(tick):.1f}" y="{HEIGHT - 8}" text-anchor="{"end" if tick == steps else "middle"}">{tick:,.0f}</text>' for tick in ticks(steps)
        )
    line = " ".join(f"{x(point.step):.1f},{y(value):.1f}" for point, value in zip(points, values))
    dot = f'<circle class="now" cx="{x(points[-1].step):.1f}" cy="{y(values[-1]):.1f}" r="4"/>' if points else ""
    return plot(title, words, f'{grid}<polyline class="line" points="{line}"/>{dot}')


def weights(run: Run, request: gr.Request) -> str:
    """What the first units weigh, each as a picture on one scale."""
    model = run.model()
    rows = model.linears[0].weight.detach()[:SHOWN_UNITS].unflatten(1, model.shape).sum(1)
    limit = rows.abs().max().item()
    figures = "".join(figure(data_address(diverging(row, limit)), f"#{index}") for index, row in enumerate(rows))
    return f'<h2>{escape(say(request, "train.weights", limit=f"{limit:.2f}"))}</h2><div class="film small">{figures}</div>'


def comparison(runs: Sequence[Run], chosen: int, request: gr.Request) -> str:
    """The runs kept, a row each, to choose from by number."""
    columns = ("dataset", "widths", "optimizer", "rate", "batch", "epochs", "seed", "augment", "test", "seconds")
    head = "".join(f'<th scope="col">{escape(say(request, f"train.{column}"))}</th>' for column in columns)
    rows = []
    for run in runs:
        config = run.config
        values = (
            config.dataset, "-".join(map(str, config.hidden)) or "–", config.optimizer, f"{config.learning_rate:g}", f"{config.batch_size:,}",
            config.epochs, config.seed, "✓" if config.augment else "–", f"{run.test.accuracy:.2%}" if run.test else "–", f"{run.seconds:.1f}",
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
