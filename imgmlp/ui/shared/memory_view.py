"""What a step takes of memory, as HTML and SVG: the three peaks in words, the step over time, the peak against the batch, the parts."""

from collections.abc import Sequence
from html import escape
from math import log10

import gradio as gr

from ...data.datasets import DATASETS
from ...memory.devices import Device
from ...memory.estimate import Estimate, estimate
from ...memory.lesson import FLOAT32, reckon
from ...memory.measure import Measurement
from ...memory.search import LargestBatch
from ...memory.step import MOST_PICTURES, StepConfig
from ...memory.trace import PARTS
from ...training.engine import parameter_count
from .plot import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, in_numbers, plot
from .text import say, size

# Okabe and Ito's, which colour-blind people can tell apart, and grey for what no tensor owns.
COLOURS = dict(zip(PARTS, ("#0072b2", "#56b4e9", "#009e73", "#f0e442", "#e69f00", "#999999")))
BATCHES = tuple(min(2**power, MOST_PICTURES) for power in range(21))
LESSON = {  # what the lesson says of its own network, by part
    "parameters": "403 KB",
    "gradients": "806 − 403 KB",
    "optimizer": "806 KB",
}
TESTING = {"gradients": "unlearned", "optimizer": "unlearned", "activations": "forward", "workspace": "products"}  # how parts are reckoned then
LESSON_BATCH = {64: "192 KB", 1024: "3 MB"}


def headline(found: Estimate, measured: Sequence[Measurement], config: StepConfig, request: gr.Request) -> str:
    """The peaks in words, predicted on what, and measured on what if this batch size was."""
    peaks, torch = found.peaks, ".".join(map(str, found.torch))
    if found.device:
        kind = "modelled" if found.modelled else "predicted"
        words = say(
            request, f"memory.{kind}", card=found.device.name, torch=torch, requested=size(peaks.requested_bytes),
            allocated=size(peaks.allocated_bytes), reserved=size(peaks.reserved_bytes),
        )  # fmt: skip
        if not found.fits:
            words += " " + say(request, "memory.too_large", memory=size(found.device.memory_bytes))
    else:
        words = say(request, "memory.predicted_cpu", torch=torch, requested=size(peaks.requested_bytes))
    for one in measured:
        if one.config == config:
            words += " " + _measured(one, request)
    return f'<p class="waiting" data-announce>{escape(words)}</p>'


def _measured(one: Measurement, request: gr.Request) -> str:
    peaks = one.peaks
    if peaks.allocated_bytes is None:
        return say(request, "memory.measured_cpu", torch=one.torch, requested=size(peaks.requested_bytes))
    return say(
        request, "memory.measured", card=one.device, torch=one.torch, requested=size(peaks.requested_bytes), allocated=size(peaks.allocated_bytes),
        reserved=size(peaks.reserved_bytes), context=size(one.context_bytes),
    )  # fmt: skip


def timeline(found: Estimate, config: StepConfig, request: gr.Request) -> str:
    """One step from left to right, an allocation a column, the parts stacked; the peak is marked with its op."""
    moments, peak = found.timeline, found.peak
    # A workspace that is many times what the network needs would flatten everything else: what is above is cut off, and told.
    most = min(peak.total_bytes, 2 * max(moment.total_bytes - moment.parts["workspace"] for moment in moments))
    step = (WIDTH - LEFT) / len(moments)
    columns, scale = [], (HEIGHT - TOP - BOTTOM) / most
    for place, moment in enumerate(moments):
        base = HEIGHT - BOTTOM
        title = f"{moment.op}: {size(moment.total_bytes)}"
        bars = []
        for part in PARTS:
            height = min(moment.parts[part] * scale, base - TOP)
            base -= height
            bars.append(f'<rect x="{LEFT + place * step:.1f}" y="{base:.2f}" width="{step + 0.3:.1f}" height="{height:.2f}" fill="{COLOURS[part]}"/>')
        columns.append(f"<g><title>{escape(title)}</title>{''.join(bars)}</g>")
    at = LEFT + (moments.index(peak) + 0.5) * step
    anchor = "end" if at > WIDTH / 2 else "start"
    words = say(request, "memory.peak", op=peak.op, bytes=size(peak.total_bytes))
    below, edge = words, ""
    if most < peak.total_bytes:
        below = say(request, "memory.cut", peak=words, bytes=size(most), workspace=size(peak.parts["workspace"]))
        edge = f'<line class="mark" x1="{LEFT}" x2="{WIDTH}" y1="{TOP}" y2="{TOP}"/>'
    return plot(
        say(request, "memory.timeline" if config.training else "memory.timeline_testing"),
        below,
        f'{"".join(columns)}{edge}<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 2}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="said" x="{at:.1f}" y="11" text-anchor="{anchor}">{escape(words)}</text>'
        f'<text x="{LEFT - 4}" y="{TOP + 8}" text-anchor="end">{_short(most)}</text><text x="{LEFT - 4}" y="{HEIGHT - BOTTOM}" text-anchor="end">0</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 8}" text-anchor="end">{escape(say(request, "memory.time"))}</text>',
    )


def curve(config: StepConfig, device: Device | None, measured: Sequence[Measurement], request: gr.Request) -> str:
    """The peak against the batch size, both axes in powers of ten: predicted, measured on that device, the lesson's formula; with a table."""
    peak = lambda peaks: peaks.allocated_bytes or peaks.requested_bytes
    points = {one.config.batch_size: peak(one.peaks) for one in measured if one.config.batch(1) == config.batch(1)}
    batches = sorted({*BATCHES, *points})
    predicted = [peak(estimate(config.batch(batch), device).peaks) for batch in batches]
    lesson = [reckon(config.batch(batch)).total_bytes for batch in batches]
    values = [*predicted, *lesson, *points.values()]
    low, high = int(log10(min(values))), int(log10(max(values))) + 1
    x = lambda batch: LEFT + log10(batch) / 6 * (WIDTH - LEFT - 8)
    y = lambda count: HEIGHT - BOTTOM - (log10(count) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
    line = lambda name, ys: f'<polyline class="{name}" points="{" ".join(f"{x(batch):.1f},{y(count):.1f}" for batch, count in zip(batches, ys))}"/>'
    grid = "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 8}" y1="{y(10**power):.1f}" y2="{y(10**power):.1f}"/>'
        f'<text x="{LEFT - 4}" y="{y(10**power) + 4:.1f}" text-anchor="end">{_short(10**power)}</text>'
        for power in range(low, high + 1, 1 if high - low < 6 else 2)
    ) + "".join(
        f'<text x="{x(10**power):.1f}" y="{HEIGHT - 8}" text-anchor="{"end" if power == 6 else "middle"}">{_count(10**power)}</text>' for power in range(7)
    )
    dots = "".join(f'<circle class="measured" cx="{x(batch):.1f}" cy="{y(count):.1f}" r="4"/>' for batch, count in points.items())
    now = x(config.batch_size)
    names = {name: escape(say(request, f"memory.{name}")) for name in ("line", "measured_points", "lesson")}
    key = (
        f'<p class="key"><span class="line">{names["line"]}</span> <span class="lesson">{names["lesson"]}</span>'
        + (f' <span class="dots">{names["measured_points"]}</span>' if points else "")
        + "</p>"
    )
    columns = [say(request, "train.batch"), *(say(request, f"memory.{name}") for name in ("line", "lesson", "measured_points"))]
    rows = [
        (f"{batch:,}", f"{ours:,}", f"{theirs:,}", format(points[batch], ",") if batch in points else "–")
        for batch, ours, theirs in zip(batches, predicted, lesson)
    ]
    drawn = plot(
        say(request, "memory.curve"),
        say(request, "memory.gap"),
        f'{grid}<line class="mark" x1="{now:.1f}" x2="{now:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>{line("lesson", lesson)}{line("line", predicted)}{dots}',
        say(request, "train.batch"),
    )
    return f'{drawn}{key}<details><summary>{escape(say(request, "numbers"))}</summary>{in_numbers(columns, rows)}</details>'


def table(found: Estimate, config: StepConfig, request: gr.Request) -> str:
    """Each part at its own largest: how it is reckoned, its bytes, and the lesson's figure for it."""
    spec = DATASETS[config.dataset]
    lessons_own = config.dataset == "mnist" and config.hidden == (128,) and config.optimizer in ("adam", "adamw") and config.training
    reckoning = reckon(config).parts
    count = f"{parameter_count(spec, config.hidden):,}"
    pixels = "×".join(map(str, spec.shape))
    rows = []
    for part in PARTS:
        formula = part if config.training else TESTING.get(part, part)
        words = say(request, f"memory.formula.{formula}", count=count, float32=FLOAT32, batch=f"{config.batch_size:,}", pixels=pixels)
        said = f"{reckoning[part]:,} B" if part in reckoning else "–"
        if lessons_own:
            said = LESSON.get(part, LESSON_BATCH.get(config.batch_size, said) if part == "batch" else say(request, f"memory.lesson.{part}") if part == "activations" else said)
        rows.append(
            f'<tr><th scope="row"><i style="background:{COLOURS[part]}"></i> {escape(say(request, f"memory.part.{part}"))}</th><td>{escape(words)}</td>'
            f"<td>{size(found.parts[part])}</td><td>{escape(said)}</td></tr>"
        )
    # Of its own network the lesson's figures are quoted, of any other reckoned as it would.
    heads = ("part", "formula", "bytes", "lesson_says" if lessons_own else "lesson")
    head = "".join(f'<th scope="col">{escape(say(request, f"memory.{name}"))}</th>' for name in heads)
    notes = ["memory.lesson_note"] if lessons_own else []
    if sum(found.parts.values()) != found.peak.total_bytes:
        notes.insert(0, "memory.not_at_once")
    told = "".join(f'<p class="source">{escape(say(request, note))}</p>' for note in notes)
    return f'<div class="scrolling" tabindex="0"><table class="statistics parts"><tr>{head}</tr>{"".join(rows)}</table></div>{told}'


def largest(found: LargestBatch, request: gr.Request) -> str:
    """What the search found, how, and the lesson's share of it."""
    if not found.batch_size:
        return say(request, "memory.none_fits", cap=size(found.cap_bytes), device=found.device)
    key = "memory.endless" if found.endless else "memory.largest_probed" if found.probes else "memory.largest_predicted"
    return say(
        request, key, batch=f"{found.batch_size:,}", advised=f"{found.advised:,}", cap=size(found.cap_bytes), device=found.device,
        predicted=f"{found.predicted:,}", probes=len(found.probes),
    )  # fmt: skip


def _count(number: int) -> str:
    return {10**6: "1M", 10**5: "100k", 10**4: "10k"}.get(number, str(number))


def _short(count: int) -> str:
    """1234567 -> 1.23 MB, for an axis."""
    for power, unit in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 0.9995 * 10**power:
            return f"{count / 10**power:.3g} {unit}"
    return f"{count} B"
