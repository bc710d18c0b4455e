"""An answer as HTML: the probabilities, the evidence, what the network saw and the units that spoke, numbers in words beside each."""

from html import escape

import gradio as gr

from ...data.datasets import DATASETS
from ...inference.classifier import Answer
from ...inference.evidence import evidence, units
from ...model import MLP
from .networks import Facts
from .pictures import data_address, diverging, figure
from .text import class_name, percent, say, signed

SHOWN_UNITS = 8


def waiting(sentence: str) -> str:
    """What stands where an answer will be: what to do, or what was wrong."""
    return f'<p class="waiting" data-announce>{escape(sentence)}</p>'


def network(model: MLP, known: Facts, request: gr.Request) -> str:
    """One line: the data set, the widths, the number of parameters, what the network is worth and costs, and how it began."""
    title = DATASETS[model.dataset].title
    line = say(
        request, "classify.network", title=title, widths="-".join(map(str, model.widths)), parameters=f"{model.parameter_count:,}",
        megabytes=f"{known.file_bytes / 1e6:.1f}", milliseconds=f"{1000 * known.seconds:.2f}",
    )  # fmt: skip
    step = [] if known.step is None else [say(request, "classify.step", step=f"{known.step:,}")]
    right = say(request, "classify.accuracy", accuracy=f"{known.accuracy:.2%}", total=f"{known.tested:,}")
    began = [say(request, "classify.convolutions", layers=known.convolutions)] if known.convolutions else []
    return escape(" · ".join([line, *step, right, *began]))


def probabilities(found: Answer, request: gr.Request, strange: bool = False) -> str:
    """The answer, large, over a bar for each class; and whether the picture looks like nothing that the network knows."""
    rows = "".join(
        f'<tr class="{"best" if index == found.index else ""}"><th scope="row">{escape(class_name(name, request))}</th>'
        f'<td><div class="bar" style="width:{share:.1%}"></div></td><td>{percent(share)}</td></tr>'
        for index, (name, share) in enumerate(zip(found.classes, found.probabilities))
    )
    notice = f'<p class="strange" data-announce>{escape(say(request, "classify.strange"))}</p>' if strange else ""
    winner, share = class_name(found.label, request), found.probabilities[found.index]
    return (
        f'<div class="answer"><div class="winner" data-announce><b>{escape(winner)}</b> <span>{percent(share)}</span></div>'
        f"<table>{rows}</table>{notice}</div>"
    )


def why(model: MLP, found: Answer, label: int, against: int | None, request: gr.Request) -> str:
    """The evidence map for a class, or for a class rather than another, with the sum that gives the logit."""
    itself = against == label
    against = None if itself else against
    parts = evidence(model, found.prepared.image, label, against)
    pixels = parts.pixels.sum(0)
    limit = pixels.abs().max().item()
    name = class_name(model.classes[label], request)
    given, logit = round(parts.pixels.sum().item(), 2), round(parts.logit, 2)
    # The bias is shown as what is left, so that the three rounded numbers add up too.
    figures = dict(pixels=signed(given), bias=signed(logit - given), logit=signed(logit))
    scale = say(request, "classify.scale")
    if against is None:
        sentence = say(request, "classify.sum", label=name, **figures)
    else:
        rival = class_name(model.classes[against], request)
        sentence, scale = (say(request, key, label=name, against=rival, **figures) for key in ("classify.gap", "classify.scale_against"))
    if itself:
        sentence += f" {say(request, 'classify.itself')}"
    picture = figure(data_address(diverging(pixels, limit)), sentence, say(request, "classify.map", label=name))
    return f'<div class="map">{picture}{_scale(limit, scale)}</div>'


def stages(found: Answer, request: gr.Request) -> str:
    """The picture's way to the tensor, as a film strip."""
    pictures = {id(stage.picture): stage.picture for stage in found.prepared.stages}  # a stage that changes nothing has no new one
    addresses = {key: data_address(picture) for key, picture in pictures.items()}
    shape = "×".join(map(str, found.prepared.image.shape))
    figures = "".join(
        figure(addresses[id(stage.picture)], say(request, f"stage.{stage.name}", width=stage.picture.width, height=stage.picture.height, shape=shape))
        for stage in found.prepared.stages
    )
    return f'<h2>{escape(say(request, "classify.saw"))}</h2><div class="film">{figures}</div>'


def loudest_units(model: MLP, found: Answer, label: int, against: int | None, request: gr.Request) -> str:
    """The hidden units that gave most to the logit, each with its weights as a picture; nothing without a hidden layer."""
    loudest = units(model, found.prepared.image, label, against, count=SHOWN_UNITS)
    if not loudest:
        return ""
    limit = max(unit.weights.sum(0).abs().max().item() for unit in loudest)
    figures = "".join(
        figure(
            data_address(diverging(unit.weights.sum(0), limit)),
            say(request, "classify.unit", index=unit.index, contribution=signed(unit.contribution)),
        )
        for unit in loudest
    )
    names = [class_name(model.classes[one], request) for one in (label, label if against is None else against)]
    title, scale = ("units_deep" if len(model.hidden) > 1 else "units", "unit_scale") if names[0] == names[1] else ("units_against", "unit_scale_against")
    title, scale = (say(request, f"classify.{key}", label=names[0], against=names[1]) for key in (title, scale))
    return f'<h2>{escape(title)}</h2><div class="film">{figures}</div>{_scale(limit, scale)}'


def _scale(limit: float, sentence: str) -> str:
    return (
        f'<p class="scale"><span>−{limit:.2f}</span><span class="ramp"></span><span>+{limit:.2f}</span></p>'
        f'<p class="scale">{escape(sentence)}</p>'
    )
