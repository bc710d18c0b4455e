"""Classify: draw a digit or give a picture, and see the answer, what the network saw, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr
from PIL.Image import Image

from ..checkpoints import CheckpointError
from ..data.datasets import DATASETS
from ..inference import classifier
from ..inference.preprocess import PictureError
from ..training.run import Run
from .shared import explain, links
from .shared.digit_pad import CLEAR, INVERT, UNDO, DigitPad, drawing
from .shared.networks import SHIPPED, choices, facts, network, own, shipped, still_there, strange
from .shared.text import class_choices, label, say
from .shared.turns import in_turn
from .shared.untrusted import open_untrusted
from .shared.upload import PictureUpload

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.webp"))
SOURCES = {"mnist": "draw", "cifar10": "upload"}  # to begin with
UNCHOSEN = -1  # evidence "for" is then for the answer, and "against" nothing

@dataclass(frozen=True)
class Inlets:
    """What other tabs may send: called with the event after which it is there, returns the event after which it is taken."""

    picture: Callable[[gr.events.Dependency, gr.State], gr.events.Dependency]  # the state holds (data set, picture, network)
    run: Callable[[gr.events.Dependency, gr.State], gr.events.Dependency]  # the state holds the number of one of the user's runs
    link: links.Target


def build(page: gr.Blocks, runs: gr.State) -> Inlets:
    """The tab and its bindings."""
    with gr.Tab(label("classify.tab"), id="classify") as tab:
        source = gr.State(SOURCES)
        kept = gr.State({})  # the network that was chosen last for each data set
        with gr.Row(elem_classes="settings"):
            dataset = gr.Radio(
                [(label(f"dataset.{name}"), name) for name in DATASETS], value="mnist", label=label("dataset.label"),
                container=False, elem_id="dataset",
            )
            which = gr.Dropdown(choices([], "mnist"), value=SHIPPED, label=label("classify.which"), container=False, scale=1, min_width=230, elem_id="which")
            snapshot = gr.Slider(1, 2, step=1, label=label("classify.snapshot"), visible=False, elem_id="snapshot")
            about = gr.HTML(scale=3, min_width=280, elem_id="about")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                with gr.Tabs(selected="draw") as sources:
                    with gr.Tab(label("classify.draw"), id="draw") as draw_tab:
                        pad = DigitPad(label=label("classify.pad"), elem_id="pad")
                        with gr.Row():
                            undo, clear, invert = (
                                gr.Button(label(f"classify.{name}"), size="sm", min_width=60) for name in ("undo", "clear", "invert")
                            )
                    with gr.Tab(label("classify.upload"), id="upload") as upload_tab:
                        picture = PictureUpload(label=label("classify.picture"), height=280, elem_id="upload")
                        polarity = gr.Radio(
                            [(label(f"classify.polarity.{name}"), name) for name in ("auto", "dark", "light")],
                            value="auto", label=label("classify.polarity"),
                        )
                        examples = gr.Gallery(
                            [str(path) for path in EXAMPLES], label=label("classify.examples"), columns=5, object_fit="contain",
                            allow_preview=False, buttons=[], visible=False, elem_id="examples",
                        )
            with gr.Column(min_width=300):
                answer = gr.HTML(elem_id="answer")
            with gr.Column(min_width=300):
                with gr.Row():
                    chosen = gr.Dropdown(_chosen("mnist"), value=UNCHOSEN, label=label("classify.for"), min_width=120)
                    against = gr.Dropdown(_against("mnist"), value=UNCHOSEN, label=label("classify.against"), min_width=120)
                why = gr.HTML(elem_id="why")
        links.copy_button("classify", {"dataset": dataset, "network": which, "polarity": polarity})
        stages = gr.HTML(elem_id="stages")
        units = gr.HTML(elem_id="units")
        with gr.Row(visible=False):  # the public endpoint's own inputs and output
            api_image, api_dataset = PictureUpload(label="image"), gr.Textbox(label="dataset")
            api_answer, api = gr.JSON(label="answer"), gr.Button()

    @in_turn
    def show(dataset, given, polarity, chosen, against, runs, which, snapshot, request) -> tuple[str, str, str, str]:
        """given: a picture, or the strokes of a drawing."""
        drawn = not isinstance(given, Image)
        try:
            model = network(dataset, runs, which, snapshot)
            found = classifier.classify(model, drawing(given) if drawn else given, polarity)
        except PictureError as error:
            return _nothing(say(request, f"classify.waiting.{dataset}.draw" if drawn and error.key == "empty" else f"error.{error.key}"))
        except CheckpointError:
            return _nothing(say(request, "error.checkpoint"))
        label = found.index if chosen == UNCHOSEN else chosen
        rival = None if against == UNCHOSEN else against
        return (
            explain.probabilities(found, request, strange(dataset, found.prepared.image)),
            explain.why(model, found, label, rival, request),
            explain.stages(found, request),
            explain.loudest_units(model, found, label, rival, request),
        )

    async def look(dataset, source, strokes, path, polarity, chosen, against, runs, which, snapshot, request: gr.Request) -> tuple[str, str, str, str]:
        rest = chosen, against, runs, which, snapshot, request
        if source[dataset] == "draw":
            return await show(dataset, strokes, "auto", *rest)
        if not path:
            return _nothing(say(request, f"classify.waiting.{dataset}.upload"))
        try:
            picture = await open_untrusted(path)
        except PictureError as error:
            return _nothing(say(request, f"error.{error.key}"))
        return await show(dataset, picture, polarity, *rest)

    def choose_dataset(dataset: str, source: dict[str, str], runs: list[Run], kept: dict[str, int], number: int, polarity: str = "auto"):
        digits = DATASETS[dataset].shape[0] == 1
        return (
            gr.Tabs(selected=source[dataset]),
            gr.Gallery(visible=not digits),
            gr.Radio(visible=digits, value=polarity),
            gr.Dropdown(_chosen(dataset), value=UNCHOSEN),
            gr.Dropdown(_against(dataset), value=UNCHOSEN),
            *choose_network(dataset, runs, kept, number),
        )

    def change_dataset(dataset: str, source: dict[str, str], runs: list[Run], kept: dict[str, int], number: int, polarity: str):
        return choose_dataset(dataset, source, runs, kept, kept.get(dataset, number), polarity)

    def choose_network(dataset: str, runs: list[Run], kept: dict[str, int], number: int):
        there = still_there(runs, dataset, number)
        return gr.Dropdown(choices(runs, dataset), value=there), choose_snapshot(own(runs, dataset, there)), kept | {dataset: there}

    def choose_snapshot(run: Run | None, snapshot: int | None = None) -> gr.Slider:
        last = len(run.snapshots) if run else 1
        return gr.Slider(maximum=max(2, last), value=min(snapshot or last, last), visible=last > 1)

    def refresh_networks(dataset: str, runs: list[Run], number: int, snapshot: int):
        there = still_there(runs, dataset, number)
        # What is chosen is not said again: a link may be choosing another one at this moment.
        value = {} if there == number else {"value": there}
        return gr.Dropdown(choices(runs, dataset), **value), choose_snapshot(own(runs, dataset, there), snapshot)

    def choose_source(name: str, dataset: str, source: dict[str, str]) -> dict[str, str]:
        return source | {dataset: name}

    def receive_picture(handed: tuple[str, Image, int], source: dict[str, str], runs: list[Run], kept: dict[str, int]):
        dataset, picture, number = handed
        source = choose_source("upload", dataset, source)
        return dataset, picture, source, *choose_dataset(dataset, source, runs, kept, number)

    def receive_run(number: int, source: dict[str, str], runs: list[Run], kept: dict[str, int], request: gr.Request):
        dataset = next((run.config.dataset for run in runs if run.number == number), None)
        if not dataset:
            raise gr.Error(say(request, "error.run_gone"), print_exception=False)
        return dataset, *choose_dataset(dataset, source, runs, kept, number)

    @in_turn
    def describe(dataset: str, runs: list[Run], which: int, snapshot: int, request: gr.Request) -> str:
        try:
            model = network(dataset, runs, which, snapshot)
            return explain.network(model, facts(model, runs, which, snapshot), request)
        except CheckpointError:
            return ""

    def choose_example(event: gr.SelectData) -> str:
        return str(EXAMPLES[event.index])

    async def classify(image: str | None, dataset: str) -> dict:
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
            return (await in_turn(classifier.classify)(shipped(dataset), await open_untrusted(image))).as_json()
        except PictureError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except CheckpointError as error:
            raise gr.Error(say(None, "error.checkpoint"), print_exception=False) from error

    latest = dict(trigger_mode="always_last")  # who is quicker than an answer gets the one to the last question
    asked = dict(fn=look, inputs=[dataset, source, pad, picture, polarity, chosen, against, runs, which, snapshot], outputs=[answer, why, stages, units]) | latest
    quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
    gr.on(
        triggers=[pad.input, picture.change, polarity.input, chosen.input, against.input, snapshot.input],
        **asked, **quiet,
    )
    undo.click(None, js=UNDO, api_visibility="private")
    for button, change in ((clear, CLEAR), (invert, INVERT)):
        button.click(None, pad, pad, js=change, api_visibility="private")
    for source_tab, name in ((draw_tab, "draw"), (upload_tab, "upload")):
        source_tab.select(partial(choose_source, name), [dataset, source], source, **quiet).then(**asked, **quiet)
    settings = [sources, examples, polarity, chosen, against, which, snapshot, kept]
    dataset.input(change_dataset, [dataset, source, runs, kept, which, polarity], settings, **latest, **quiet).then(**asked, **quiet)
    which.input(choose_network, [dataset, runs, kept, which], [which, snapshot, kept], **quiet).then(**asked, **quiet)
    # Runs come and go in another tab: the choice is brought up to date, and a run that is gone gives way to the shipped one.
    tab.select(refresh_networks, [dataset, runs, which, snapshot], [which, snapshot], **quiet).then(**asked, **quiet)
    gr.on([dataset.change, which.change, snapshot.change, page.load], describe, [dataset, runs, which, snapshot], about, **quiet)
    examples.select(choose_example, outputs=picture, **quiet)
    api.click(classify, [api_image, api_dataset], api_answer, api_name="classify", queue=False)

    def picture_inlet(event: gr.events.Dependency, handed: gr.State) -> gr.events.Dependency:
        return event.success(receive_picture, [handed, source, runs, kept], [dataset, picture, source, *settings], **quiet)

    def run_inlet(event: gr.events.Dependency, number: gr.State) -> gr.events.Dependency:
        return event.success(receive_run, [number, source, runs, kept], [dataset, *settings], **quiet)

    def fill(values: dict[str, object], runs: list[Run]) -> list:
        name, ink = values.get("dataset", "mnist"), values.get("polarity", "auto")
        sources = SOURCES | ({} if ink == "auto" else {name: "upload"})  # a pad's ink is no question
        return [name, sources, *choose_dataset(name, sources, runs, {}, values.get("network", SHIPPED), ink)]

    return Inlets(picture_inlet, run_inlet, links.Target([dataset, source, *settings], fill, lambda event: event.then(**asked, **quiet)))


def _nothing(sentence: str) -> tuple[str, str, str, str]:
    return explain.waiting(sentence), "", "", ""


def _chosen(dataset: str) -> list[tuple[object, int]]:
    return [(label("classify.the_answer"), UNCHOSEN), *class_choices(dataset)]


def _against(dataset: str) -> list[tuple[object, int]]:
    return [(label("classify.nothing"), UNCHOSEN), *class_choices(dataset)]
