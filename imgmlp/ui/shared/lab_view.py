"""The tensor lab as HTML: what the screen shows, what the network answers, the tensors in numbers, the lines of PyTorch."""

from collections.abc import Sequence
from html import escape

import gradio as gr
from torch import Tensor

from ...data.datasets import DatasetSpec
from ...data.lab import MISTAKES, Experiment, line_of, statistics, way
from ...training.shuffled import Comparison, shuffle
from .pictures import data_address, figure, picture
from .tensor_grid import numbers
from .text import class_name, percent, say


def screen(experiment: Experiment, classes: Sequence[str], before: Tensor, now: Tensor, request: gr.Request) -> str:
    """The picture as the screen shows it and normalised, and the network's answers: (classes,) probabilities before and now."""
    pictures = "".join(
        figure(data_address(picture((values.clamp(0, 1) * 255).round().byte())), say(request, f"lab.{name}"))
        for name, values in (("screen", experiment.shown.permute(2, 0, 1)), ("undone", experiment.inputs))
    )
    right, made = (
        say(request, "lab.answer", label=class_name(classes[int(one.argmax())], request), confidence=percent(one.max().item()))
        for one in (before, now)
    )
    return (
        f'<div class="screen">{pictures}'
        f'<dl><dt>{escape(say(request, "lab.unbroken"))}</dt><dd>{escape(right)}</dd>'
        f'<dt>{escape(say(request, "lab.now"))}</dt><dd id="lab-answer">{escape(made)}</dd></dl></div>'
    )


def table(experiment: Experiment, request: gr.Request) -> str:
    """Shape, dtype, bytes and range of the three tensors on the way."""
    columns = ("shape", "dtype", "bytes", "minimum", "maximum", "mean", "std")
    head = "".join(f'<th scope="col">{escape(say(request, f"lab.{column}"))}</th>' for column in columns)
    rows = []
    for name in ("pixels", "image", "inputs"):
        found = statistics(getattr(experiment, name))
        values = [str(found.shape), found.dtype, f"{found.size_bytes:,}"]
        values += [f"{value:.4g}" for value in (found.minimum, found.maximum, found.mean, found.std)]
        cells = "".join(f"<td>{value}</td>" for value in values)
        rows.append(f'<tr><th scope="row">{escape(say(request, f"lab.{name}"))}</th>{cells}</tr>')
    return f'<div class="scrolling" tabindex="0"><table class="statistics"><tr><td></td>{head}</tr>{"".join(rows)}</table></div>'


def values(experiment: Experiment, name: str, channel: int, mistakes: Sequence[str], request: gr.Request) -> dict:
    """One channel of `pixels`, `image` or `inputs`, as a TensorGrid shows it."""
    tensor = getattr(experiment, name)
    title = say(request, f"lab.{name}")
    if min(tensor.shape) > 1:
        mixed = name != "pixels" and {"order", "colours"} & {*mistakes}  # what is called red is then another colour, or none
        title += f", {say(request, 'lab.channel_number', index=channel) if mixed else say(request, f'lab.channel.{channel}')}"
    rows = tensor[..., channel] if name == "pixels" else tensor[channel]
    return numbers(rows, title, {"pixels": 255, "image": 1, "inputs": 1}[name])


def code(names: Sequence[str], spec: DatasetSpec, request: gr.Request) -> str:
    """For each mistake the line that makes it and the one that mends it; without one, the lines as they should be."""
    channels = spec.shape[0]
    if not names:
        return f'<p class="waiting">{escape(say(request, "lab.choose"))}</p><pre class="mistake">{escape(way(spec))}</pre>'
    note = f'<p><b>{escape(say(request, "lab.one_channel"))}</b></p>'
    return "".join(
        f'<p>{escape(say(request, f"lab.mistake.{name}.why"))}</p>'
        f'<pre class="mistake"><del>{escape(line_of(MISTAKES[name].wrong))}</del>\n<ins>{escape(line_of(MISTAKES[name].right))}</ins></pre>'
        + (note if name == "order" and channels == 1 else "")
        for name in names
    )


def shuffled(pixels: Tensor, spec: DatasetSpec, measured: Comparison, request: gr.Request) -> str:
    """A picture, (C, H, W) uint8, with its pixels in the one random order, and how well an MLP reads such pictures."""
    plain, other = measured.means
    words = say(request, "shuffle.figures", plain=f"{plain:.1%}", shuffled=f"{other:.1%}", seeds=len(measured.plain))
    pictures = (
        figure(data_address(picture(one)), say(request, f"shuffle.{name}")) for name, one in (("plain", pixels), ("shuffled", shuffle(pixels, spec)))
    )
    return f'<div class="film">{"".join(pictures)}</div><p>{escape(words)}</p>'
