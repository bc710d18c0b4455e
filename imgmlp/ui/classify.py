"""Classify: draw a digit or give a picture, and see the answer, what the network saw, and why."""

from functools import cache
from html import escape
from pathlib import Path

import gradio as gr

from .. import checkpoints
from ..data.datasets import DATASETS
from ..inference.classifier import Answer, classify
from ..inference.evidence import evidence, units
from ..inference.preprocess import PictureError, open_picture
from ..model import MLP
from .shared.digit_pad import DigitPad, drawing
from .shared.pictures import diverging, figure
from .shared.text import label, say
from .shared.upload import PictureUpload

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.webp"))
UNCHOSEN = -1  # "for" is then the answer, and "against" nothing
SHOWN_UNITS = 6

network = cache(checkpoints.shipped)


def build() -> None:
    """The tab and its bindings."""
    with gr.Tab(label("classify.tab"), id="classify"):
        with gr.Row():
            dataset = gr.Radio(
                [(label(f"dataset.{name}"), name) for name in DATASETS], value="mnist", label=label("dataset.label"), scale=2
            )
            about = gr.Markdown()
        source = gr.State("draw")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                with gr.Tabs(selected="draw") as sources:
                    with gr.Tab(label("classify.draw"), id="draw") as draw_tab:
                        pad = DigitPad(label=label("classify.pad"), elem_id="pad")
                        with gr.Row():
                            undo = gr.Button(label("classify.undo"), size="sm", min_width=80)
                            clear = gr.Button(label("classify.clear"), size="sm", min_width=80)
                    with gr.Tab(label("classify.upload"), id="upload") as upload_tab:
                        picture = PictureUpload(
                            label=label("classify.picture"), sources=["upload", "clipboard", "webcam"], height=280, elem_id="upload"
                        )
                        examples = gr.Gallery(
                            [str(path) for path in EXAMPLES], label=label("classify.examples"), columns=5, height=150, object_fit="contain",
                            allow_preview=False, visible=False, elem_id="examples",
                        )
                polarity = gr.Radio(
                    [(label(f"classify.polarity.{name}"), name) for name in ("auto", "dark", "light")],
                    value="auto", label=label("classify.polarity"),
                )
            with gr.Column(min_width=300):
                answer = gr.HTML(elem_id="answer")
            with gr.Column(min_width=300):
                with gr.Row():
                    chosen = gr.Dropdown(_chosen("mnist"), value=UNCHOSEN, label=label("classify.for"), min_width=120)
                    against = gr.Dropdown(_against("mnist"), value=UNCHOSEN, label=label("classify.against"), min_width=120)
                why = gr.HTML(elem_id="why")
        stages = gr.HTML(elem_id="stages")
        spoke = gr.HTML(elem_id="units")
        # The public endpoint's own inputs and output, which no page shows.
        image, name, result = PictureUpload(visible=False), gr.Textbox(visible=False), gr.JSON(visible=False)
        api = gr.Button(visible=False)

    def show(dataset, source, strokes, path, polarity, chosen, against, request: gr.Request) -> tuple[str, str, str, str]:
        if source == "upload" and not path:
            return _waiting(say(request, f"classify.waiting_{dataset}")), "", "", ""
        try:
            given = open_picture(path) if source == "upload" else drawing(strokes)
            model = network(dataset)
            found = classify(model, given, polarity)
        except PictureError as error:
            empty = source == "draw" and error.key == "empty"
            return _waiting(say(request, "classify.waiting" if empty else f"error.{error.key}")), "", "", ""
        target = found.index if chosen == UNCHOSEN else chosen
        rival = None if against in (UNCHOSEN, target) else against
        return (
            _answer(found, request),
            _why(model, found, target, rival, request),
            _stages(found, request),
            _units(model, found, target, rival, request),
        )

    def choose_dataset(dataset: str, request: gr.Request):
        digits = dataset == "mnist"
        return (
            "draw" if digits else "upload",
            gr.Tabs(selected="draw" if digits else "upload"),
            gr.Gallery(visible=not digits),
            gr.Radio(visible=digits),
            gr.Dropdown(_chosen(dataset), value=UNCHOSEN),
            gr.Dropdown(_against(dataset), value=UNCHOSEN),
            _about(dataset, request),
        )

    def describe(dataset: str, request: gr.Request) -> str:
        return _about(dataset, request)

    def choose_example(event: gr.SelectData) -> str:
        return str(EXAMPLES[event.index])

    def answer_api(image: str | None, dataset: str) -> dict:
        """Classify a picture: the label and the probability of each of the ten classes.

        Args:
            image: an uploaded picture file
            dataset: mnist or cifar10
        """
        try:
            if dataset not in DATASETS:
                raise PictureError("dataset")
            if not image:
                raise PictureError("missing")
            return classify(network(dataset), open_picture(image)).as_json()
        except (PictureError, checkpoints.CheckpointError) as error:
            raise gr.Error(str(error), print_exception=False) from error

    inputs = [dataset, source, pad, picture, polarity, chosen, against]
    outputs = [answer, why, stages, spoke]
    quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
    gr.on(
        triggers=[pad.input, picture.change, polarity.input, chosen.input, against.input],
        fn=show, inputs=inputs, outputs=outputs, trigger_mode="always_last", **quiet,
    )
    undo.click(None, pad, pad, js="(strokes) => strokes.split('.').slice(0, -1).join('.')", api_visibility="private")
    clear.click(None, None, pad, js="() => ''", api_visibility="private")
    draw_tab.select(lambda: "draw", outputs=source, **quiet).then(show, inputs, outputs, **quiet)
    upload_tab.select(lambda: "upload", outputs=source, **quiet).then(show, inputs, outputs, **quiet)
    dataset.input(
        choose_dataset, dataset, [source, sources, examples, polarity, chosen, against, about], **quiet
    ).then(show, inputs, outputs, **quiet)
    examples.select(choose_example, outputs=picture, **quiet)
    page = gr.context.Context.root_block
    page.load(describe, dataset, about, **quiet)
    page.load(show, inputs, outputs, **quiet)
    api.click(answer_api, [image, name], result, api_name="classify", queue=False)


def _about(dataset: str, request: gr.Request) -> str:
    model, spec = network(dataset), DATASETS[dataset]
    widths = "-".join(str(width) for width in (model.linears[0].in_features, *model.hidden, len(model.classes)))
    return say(request, "classify.network", title=spec.title, widths=widths, parameters=f"{model.parameter_count:,}")


def _names(dataset: str) -> list[tuple[object, int]]:
    classes = DATASETS[dataset].classes
    return [(one if one.isdigit() else label(f"class.{one}"), index) for index, one in enumerate(classes)]


def _chosen(dataset: str) -> list[tuple[object, int]]:
    return [(label("classify.the_answer"), UNCHOSEN), *_names(dataset)]


def _against(dataset: str) -> list[tuple[object, int]]:
    return [(label("classify.nothing"), UNCHOSEN), *_names(dataset)]


def _waiting(sentence: str) -> str:
    return f'<p class="waiting" role="status">{escape(sentence)}</p>'


def _class_name(name: str, request: gr.Request) -> str:
    return name if name.isdigit() else say(request, f"class.{name}")


def _answer(found: Answer, request: gr.Request) -> str:
    rows = "".join(
        f'<tr class="{"best" if index == found.index else ""}"><th scope="row">{escape(_class_name(name, request))}</th>'
        f'<td><div class="bar" style="width:{share:.1%}"></div></td><td>{share:.1%}</td></tr>'
        for index, (name, share) in enumerate(zip(found.classes, found.probabilities))
    )
    winner, share = escape(_class_name(found.label, request)), found.probabilities[found.index]
    return (
        f'<div class="answer"><div class="winner" role="status" aria-live="polite"><b>{winner}</b> <span>{share:.1%}</span></div>'
        f"<table>{rows}</table></div>"
    )


def _why(model: MLP, found: Answer, target: int, rival: int | None, request: gr.Request) -> str:
    found_evidence = evidence(model, found.prepared.image, target, rival)
    pixels = found_evidence.pixels.sum(0)
    limit = pixels.abs().max().item()
    name = _class_name(model.classes[target], request)
    figures = dict(
        pixels=f"{found_evidence.pixels.sum().item():+.2f}", bias=f"{found_evidence.bias:+.2f}", logit=f"{found_evidence.logit:+.2f}"
    )
    if rival is None:
        sentence = say(request, "classify.sum", **figures)
    else:
        sentence = say(request, "classify.gap", label=name, against=_class_name(model.classes[rival], request), **figures)
    picture = figure(diverging(pixels, limit), sentence, say(request, "classify.map", label=name))
    return f'<div class="map">{picture}<p class="scale">{escape(say(request, "classify.scale", limit=f"{limit:.2f}"))}</p></div>'


def _stages(found: Answer, request: gr.Request) -> str:
    figures = "".join(
        figure(stage.picture, say(request, f"stage.{stage.name}", width=stage.picture.width, height=stage.picture.height))
        for stage in found.prepared.stages
    )
    return f'<p class="heading">{escape(say(request, "classify.saw"))}</p><div class="film">{figures}</div>'


def _units(model: MLP, found: Answer, target: int, rival: int | None, request: gr.Request) -> str:
    loudest = units(model, found.prepared.image, target, rival, SHOWN_UNITS)
    if not loudest:
        return ""
    limit = max(unit.weights.sum(0).abs().max().item() for unit in loudest)
    figures = "".join(
        figure(
            diverging(unit.weights.sum(0), limit),
            say(request, "classify.unit", index=unit.index, contribution=f"{unit.contribution:+.2f}"),
        )
        for unit in loudest
    )
    scale = say(request, "classify.unit_scale", limit=f"{limit:.2f}")
    return (
        f'<p class="heading">{escape(say(request, "classify.units"))}</p><div class="film">{figures}</div>'
        f'<p class="scale">{escape(scale)}</p>'
    )
