"""Labelled pictures as HTML to choose from: a grid of them, and the confusion matrix that counts them."""

from html import escape

import gradio as gr
from torch import Tensor

from ...data.datasets import DatasetSpec, Images
from ...inference.classifier import Evaluation
from .pictures import data_address, picture
from .text import class_name, percent, say


# In the tab order is one of many: arrow keys go on from there.
IDLE, CHOSEN = 'aria-pressed="false" tabindex="-1"', 'aria-pressed="true" tabindex="0"'


def grid(images: Images, read: Evaluation, request: gr.Request) -> str:
    """Pictures with their label, the network's answer where that is another, and its confidence; the first is chosen."""
    columns = (values.tolist() for values in (images.indices, read.labels, read.predictions, read.confidences))
    samples = (_sample(images, pixels, *row, request) for pixels, *row in zip(images.pixels, *columns))
    return f'<div class="samples">{"".join(samples)}</div>'.replace(IDLE, CHOSEN, 1)


def choose(grid: str, index: int) -> str:
    """A grid with the picture of that official index chosen, if it is there."""
    which = f'data-choice="{index}" '
    return grid.replace(CHOSEN, IDLE).replace(which + IDLE, which + CHOSEN)


def _sample(
    images: Images, pixels: Tensor, index: int, label: int, prediction: int, confidence: float, request: gr.Request
) -> str:
    name, read_as = (class_name(images.spec.classes[one], request) for one in (label, prediction))
    right = label == prediction
    words = say(request, "samples.right" if right else "samples.wrong", index=index, label=name, prediction=read_as, confidence=percent(confidence, 0))
    caption = f"{name} ✓" if right else f"{name} ✗ {read_as}"
    return (
        f'<button class="{"right" if right else "wrong"}" data-choice="{index}" {IDLE} '
        f'aria-label="{escape(words)}" title="{escape(words)}"><img src="{data_address(picture(pixels))}" alt="">'
        f"<span>{escape(caption)}</span><span>{escape(percent(confidence, 0))}</span></button>"
    )


def matrix(spec: DatasetSpec, read: Evaluation, request: gr.Request, choose: bool = True) -> str:
    """The confusion matrix; each cell that is not empty is a button, if there is something to choose."""
    names = [class_name(name, request) for name in spec.classes]
    counts = read.confusion.tolist()
    most_wrong = max(count for row, line in enumerate(counts) for column, count in enumerate(line) if row != column) or 1
    axes = say(request, "matrix.axes") + (f' {say(request, "matrix.choose")}' if choose else "")
    head = "".join(f'<th scope="col" title="{escape(name)}">{escape(name)}</th>' for name in names)
    lines = []
    for row, line in enumerate(counts):
        cells = []
        for column, count in enumerate(line):
            words = say(request, "samples.cell", label=names[row], prediction=names[column], count=count)
            shade = count / (sum(line) or 1) if row == column else count / most_wrong
            button = f'<button data-choice="{row}-{column}" {IDLE} aria-label="{escape(words)}" title="{escape(words)}">{count}</button>'
            inside = "·" if not count else button if choose else count
            cells.append(f'<td class="{"diagonal" if row == column else "off"}" style="--shade:{shade:.3f}">{inside}</td>')
        lines.append(f'<tr><th scope="row" title="{escape(names[row])}">{escape(names[row])}</th>{"".join(cells)}</tr>')
    named = " named" if max(map(len, names)) > 2 else ""
    body = "".join(lines).replace('tabindex="-1"', 'tabindex="0"', 1)
    return f'<table class="matrix{named}"><caption>{escape(axes)}</caption><tr><td></td>{head}</tr>{body}</table>'
