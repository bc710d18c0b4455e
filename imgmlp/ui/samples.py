"""Samples: random pictures of a data set, the tensor lab for one of them, and every mistake of the network."""

from dataclasses import dataclass, replace
from functools import cache
from html import escape

import gradio as gr
import torch
from torch import Tensor

from ..checkpoints import CheckpointError
from ..data.datasets import DATASETS, DataError, DatasetSpec, Images, download, load
from ..data.lab import MISTAKES, experiment
from ..data.samples import MOST, SampleError, draw, find
from ..inference.classifier import Evaluation, answer, evaluate, read
from ..inference.preprocess import PictureError, Prepared
from ..training.run import Run
from ..training.shuffled import figures
from .shared import explain, gallery, lab_view, links
from .shared.choices import Choices
from .shared.networks import LARGE, SHIPPED, choices, network, own, shipped, still_there
from .shared.pictures import picture
from .shared.tensor_grid import TensorGrid
from .shared.text import class_choices, class_name, label, say
from .shared.turns import in_turn

ALL = -1  # every class


@dataclass(frozen=True)
class Shown:
    """What is in the grid."""

    dataset: str
    split: str
    indices: tuple[int, ...]  # official ones
    cell: bool = False  # of the matrix


@cache
def pictures(dataset: str, split: str) -> Images:
    """A split, from memory once it was read."""
    return load(DATASETS[dataset], split)


@cache
def shipped_test(dataset: str, large: bool) -> Evaluation:
    """What a shipped network makes of the test set."""
    return evaluate(shipped(dataset, large), pictures(dataset, "test"))


def tested(dataset: str, runs: list[Run], number: int) -> Evaluation:
    """What the chosen network makes of the test set."""
    run, images = own(runs, dataset, number), pictures(dataset, "test")
    if not run:
        return shipped_test(dataset, number == LARGE)
    whole = run.test and len(run.test.labels) == len(images)  # else all of the set came after the run
    return run.test if whole else evaluate(run.model(), images)


def build(handed: gr.State, runs: gr.State) -> tuple[gr.events.Dependency, links.Target]:
    """The tab and its bindings; `runs` are the user's own. Returns the event after which `handed` holds (data set, picture, network) for another tab."""
    with gr.Tab(label("samples.tab"), id="samples") as tab:
        chosen = gr.State()  # the official index of the picture in the lab
        wanted = gr.State()  # the one that a link asks for
        shown = gr.State()  # a Shown
        kept = gr.State({})  # the network that was chosen last for each data set
        mistakes = gr.CheckboxGroup(_mistakes("mnist"), label=label("lab.break"), elem_id="mistakes", render=False)
        with gr.Row(elem_classes="settings"):
            dataset = gr.Radio([(label(f"dataset.{name}"), name) for name in DATASETS], value="mnist", label=label("dataset.label"), scale=5, min_width=320)
            split = gr.Radio([(label(f"samples.{name}"), name) for name in ("test", "train")], value="test", label=label("samples.split"), scale=3, min_width=210)
            only = gr.Dropdown(_classes("mnist"), value=ALL, label=label("samples.class"), scale=2, min_width=120)
            count = gr.Number(24, label=label("samples.count"), precision=0, min_width=80)
            seed = gr.Number(7, label=label("samples.seed"), precision=0, scale=2, min_width=120)
            which = gr.Dropdown(choices([], "mnist"), value=SHIPPED, label=label("classify.which"), scale=2, min_width=230, elem_id="samples-which")
            again = gr.Button(label("samples.again"), min_width=90)
            fields = {"dataset": dataset, "network": which, "split": split, "class": only, "count": count, "seed": seed, "index": chosen, "mistakes": mistakes}
            links.copy_button("samples", fields)
        with gr.Row(equal_height=False):
            with gr.Column(scale=6, min_width=320):
                heading = gr.HTML(elem_id="samples-heading")
                back = gr.Button(label("samples.back"), size="sm", elem_id="back")
                grid = Choices(elem_id="samples", shows="chosen")
                matrix_about = gr.HTML(elem_id="matrix-about")
                matrix = Choices(elem_id="matrix", shows="samples-heading")
                with gr.Row():
                    fetch = gr.Button(label("samples.fetch"), size="sm", visible=False, elem_id="fetch")
                    leave = gr.Button(label("samples.leave"), size="sm", visible=False)
                fetching = gr.HTML(elem_id="fetching")
                with gr.Accordion(label("samples.shuffle")):
                    shuffled = gr.HTML(elem_id="shuffled")
            with gr.Column(scale=5, min_width=320):
                title = gr.HTML(elem_id="chosen")
                hand = gr.Button(label("samples.hand"), size="sm", interactive=False)
                screen = gr.HTML(elem_id="screen")
                mistakes.render()
                code = gr.HTML(elem_id="code")
                table = gr.HTML(elem_id="statistics", apply_default_css=False)
                tensor = gr.Radio([(label(f"lab.{name}"), name) for name in ("pixels", "image", "inputs")], value="inputs", label=label("lab.numbers"))
                channel = gr.Radio([(label(f"lab.channel.{i}"), i) for i in range(3)], value=0, label=label("lab.channel"), visible=False)
                values = TensorGrid(elem_id="numbers")
                with gr.Accordion(label("samples.why")):
                    why = gr.HTML(elem_id="sample-why")

    def show_grid(dataset, split, only, count, seed, runs, which, index, shown, request: gr.Request):
        """The picture of that index stays chosen if it is in the new grid too."""
        try:
            images = pictures(dataset, split)
            return fill_grid(images, draw(images, count, seed, None if only == ALL else only), runs, which, index, request)
        except SampleError as error:
            told = explain.waiting(say(request, f"error.{error.key}"))
            same = shown and (shown.dataset, shown.split) == (dataset, split)
            return (told, *[gr.skip()] * 3) if same else (told, "", None, None)

    def fill_grid(images, places, runs, which, index, request):
        drawn = images.take(places)
        indices = tuple(drawn.indices.tolist())
        try:
            read_as = evaluate(network(images.spec.name, runs, which), drawn)
        except CheckpointError:
            return explain.waiting(say(request, "error.checkpoint")), "", None, None
        index = index if index in indices else indices[0]
        grid = gallery.choose(gallery.grid(drawn, read_as, request), index)
        return _source(images, request), grid, index, Shown(images.spec.name, images.split, indices)

    def read_again(dataset, split, only, count, seed, runs, which, index, shown, request: gr.Request):
        """The pictures that are in the grid, a matrix cell's too, by the network that is chosen now."""
        if not shown or (shown.dataset, shown.split) != (dataset, split):
            return show_grid(dataset, split, only, count, seed, runs, which, index, shown, request)
        images = pictures(dataset, split)
        heading, grid, index, now = fill_grid(images, torch.tensor([find(images, one) for one in shown.indices]), runs, which, index, request)
        if shown.cell and now:
            return _of_cell(say(request, "samples.other_network")), grid, index, replace(now, cell=True)
        return heading, grid, index, now

    def show_grid_once(dataset, split, only, count, seed, runs, which, index, shown, wanted, request: gr.Request):
        if index is not None:
            return [gr.skip()] * 4
        return show_wanted(dataset, split, only, count, seed, runs, which, index, shown, wanted, request)

    def show_wanted(dataset, split, only, count, seed, runs, which, index, shown, wanted, request: gr.Request):
        heading, grid, first, shown = show_grid(dataset, split, only, count, seed, runs, which, index, shown, request)
        try:
            find(pictures(dataset, split), wanted)
        except SampleError:
            told = "" if wanted is None else explain.waiting(say(request, "samples.not_here", index=wanted))
            return told + heading, grid, first, shown
        return (heading, gallery.choose(grid, wanted), wanted, shown) if isinstance(grid, str) else (heading, grid, first, shown)

    def show_cell(dataset, runs, which, event: gr.EventData, request: gr.Request):
        row, column = map(int, event.choice.split("-"))
        images, evaluation = pictures(dataset, "test"), tested(dataset, runs, which)
        places = evaluation.read_as(row, column)
        if not len(places):  # the matrix was another network's, chosen before
            return [gr.skip()] * 6
        names = [class_name(images.spec.classes[one], request) for one in (row, column)]
        words = say(request, "samples.cell", label=names[0], prediction=names[1], count=len(places))
        if len(places) > MOST:
            words += f" {say(request, 'samples.first', most=MOST)}"
        found = images.take(places[:MOST])
        read_as = Evaluation(found.labels, evaluation.probabilities[places[:MOST]])
        indices = tuple(found.indices.tolist())
        return _of_cell(words), gallery.grid(found, read_as, request), indices[0], Shown(dataset, "test", indices, cell=True), "test", ALL

    def show_matrix(dataset, runs, which, request: gr.Request):
        try:
            images, evaluation = pictures(dataset, "test"), tested(dataset, runs, which)
        except CheckpointError:
            return explain.waiting(say(request, "error.checkpoint")), "", gr.Button(visible=False)
        words = say(request, "samples.matrix", correct=f"{evaluation.correct:,}", total=f"{len(images):,}", source=_source_name(images, request))
        return f"<h2>{escape(words)}</h2>", gallery.matrix(images.spec, evaluation, request), gr.Button(visible=not images.whole)

    @in_turn
    def show_lab(dataset, split, index, mistakes, tensor, channel, runs, which, request: gr.Request):
        try:
            model, (spec, pixels, _) = network(dataset, runs, which), _picture(dataset, split, index)
        except (SampleError, CheckpointError):
            return "", "", "", None
        right, made = experiment(pixels, spec), experiment(pixels, spec, mistakes)
        before, now = (read(model, one.inputs[None])[0] for one in (right, made))
        return (
            lab_view.screen(made, spec.classes, before, now, request),
            lab_view.code(mistakes, spec, request),
            lab_view.table(made, request),
            lab_view.values(made, tensor, channel, mistakes, request),
        )

    @in_turn
    def show_chosen(dataset, split, index, runs, which, request: gr.Request):
        try:
            model, (spec, pixels, name) = network(dataset, runs, which), _picture(dataset, split, index)
        except (SampleError, CheckpointError):
            return "", "", "", gr.Button(interactive=False)
        found = answer(model, Prepared(experiment(pixels, spec).image, ()))
        words = say(request, "samples.chosen", index=index, split=say(request, f"samples.{split}"), label=class_name(name, request))
        return (
            f"<h2>{escape(words)}</h2>",
            explain.probabilities(found, request) + explain.why(model, found, found.index, None, request),
            lab_view.shuffled(pixels, spec, figures(dataset), request),
            gr.Button(interactive=True),
        )

    def choose(event: gr.EventData) -> int:
        return int(event.choice)

    def choose_dataset(dataset, runs, number=SHIPPED, only=ALL, made=()):
        colour, there = DATASETS[dataset].shape[0] > 1, _mistakes(dataset)
        return (
            gr.Dropdown(_classes(dataset), value=only),
            gr.CheckboxGroup(there, value=[name for _, name in there if name in made]),
            gr.Radio(visible=colour, value=0),
            gr.Dropdown(choices(runs, dataset), value=still_there(runs, dataset, number)),
        )

    def change_dataset(dataset, runs, kept, number):
        return choose_dataset(dataset, runs, kept.get(dataset, number))

    def keep_network(dataset, kept, number):
        return kept | {dataset: number}

    def offer_networks(dataset, runs, which):
        there = still_there(runs, dataset, which)
        # What is chosen is not said again: a link may be choosing another one at this moment.
        return gr.Dropdown(choices(runs, dataset)) if there == which else gr.Dropdown(choices(runs, dataset), value=there)

    def fetch_all(dataset, request: gr.Request):
        try:
            for fetched_bytes in download(DATASETS[dataset]):
                yield explain.waiting(say(request, "samples.fetching", megabytes=f"{fetched_bytes / 1e6:.0f}")), gr.Button(visible=True)
        except DataError:
            yield explain.waiting(say(request, "error.download")), gr.Button(visible=False)
        else:
            pictures.cache_clear()
            shipped_test.cache_clear()
            yield "", gr.Button(visible=False)

    def stop_fetching():
        return "", gr.Button(visible=False)

    def hand_over(dataset, split, index, which, request: gr.Request):
        try:
            _, pixels, _ = _picture(dataset, split, index)
        except SampleError as error:
            raise gr.Error(say(request, f"error.{error.key}"), print_exception=False) from error
        return dataset, picture(pixels), which

    def samples(dataset: str, count: int, seed: int) -> list[dict]:
        """Random test pictures of a data set, and what the small shipped network makes of them; a seed gives the same ones again.

        Args:
            dataset: mnist or cifar10
            count: how many pictures, 1 to 100
            seed: which pictures, 0 to 4294967295
        """
        try:
            if dataset not in list(DATASETS):  # a list, because what a script sends may not be hashable
                raise PictureError("dataset")
            images = pictures(dataset, "test")
            drawn = images.take(draw(images, count, seed))
            read_as = evaluate(shipped(dataset), drawn)
        except (PictureError, SampleError) as error:
            raise gr.Error(str(error), print_exception=False) from error
        except CheckpointError as error:
            raise gr.Error(say(None, "error.checkpoint"), print_exception=False) from error
        return [
            {"index": index, "label": images.spec.classes[label], "prediction": images.spec.classes[prediction], "confidence": confidence}
            for index, label, prediction, confidence in zip(
                *(one.tolist() for one in (drawn.indices, drawn.labels, read_as.predictions, read_as.confidences))
            )
        ]

    quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
    # A cell of the matrix is chosen no longer once something else is in the grid.
    unpress = """(...inputs) => {
        document.querySelectorAll("#matrix [aria-pressed=true]").forEach((one) => {
            one.setAttribute("aria-pressed", "false");
            if (document.activeElement.id === "back") one.focus({preventScroll: true});  // a button that goes leaves the keyboard nowhere
        });
        return inputs;
    }"""
    draws = dict(js=unpress, fn=show_grid, inputs=[dataset, split, only, count, seed, runs, which, chosen, shown], outputs=[heading, grid, chosen, shown])
    shows_lab = dict(fn=show_lab, inputs=[dataset, split, chosen, mistakes, tensor, channel, runs, which], outputs=[screen, code, table, values])
    shows_chosen = dict(fn=show_chosen, inputs=[dataset, split, chosen, runs, which], outputs=[title, why, shuffled, hand])
    counts = dict(fn=show_matrix, inputs=[dataset, runs, which], outputs=[matrix_about, matrix, fetch])

    def then_show(event: gr.events.Dependency) -> None:
        event.then(**shows_lab, **quiet)
        event.then(**shows_chosen, **quiet)

    def then_show_wanted(event: gr.events.Dependency) -> None:
        then_show(event.then(**draws | {"fn": show_wanted, "inputs": [*draws["inputs"], wanted]}, **quiet).then(**counts, **quiet))

    # Runs come and go in another tab: the choice is brought up to date, and a run that is gone gives way to the shipped one.
    opened = tab.select(offer_networks, [dataset, runs, which], which, **quiet).then(show_grid_once, [*draws["inputs"], wanted], draws["outputs"], **quiet)
    changed = dataset.input(change_dataset, [dataset, runs, kept, which], [only, mistakes, channel, which], **quiet).then(**draws, **quiet)
    for event in (opened, changed, which.change(**draws | {"fn": read_again}, **quiet)):
        event.then(**counts, **quiet)
        then_show(event)
    then_show(gr.on([split.input, only.input, count.input, seed.input], trigger_mode="always_last", **draws, **quiet))
    then_show(again.click(None, None, seed, js="() => Math.floor(Math.random() * 2 ** 32)", **quiet).then(**draws, **quiet))
    then_show(back.click(**draws, **quiet))
    then_show(grid.click(choose, None, chosen, **quiet))
    then_show(matrix.click(show_cell, [dataset, runs, which], [*draws["outputs"], split, only], **quiet))
    which.input(keep_network, [dataset, kept, which], kept, **quiet)
    gr.on([mistakes.input, tensor.input, channel.input], trigger_mode="always_last", **shows_lab, **quiet)
    fetched = fetch.click(fetch_all, dataset, [fetching, leave], api_visibility="private", show_progress="hidden")
    leave.click(stop_fetching, None, [fetching, leave], cancels=[fetched], **quiet)
    then_show(fetched.then(**draws, **quiet).then(**counts, **quiet))
    with tab:
        gr.api(samples, api_name="samples", queue=False)

    def fill(values: dict[str, object], runs: list[Run]) -> list:
        name = values.get("dataset", "mnist")
        chosen = choose_dataset(name, runs, values.get("network", SHIPPED), values.get("class", ALL), values.get("mistakes", ()))
        return [name, *(values.get(field, gr.skip()) for field in ("split", "count", "seed")), values.get("index"), *chosen]

    link = links.Target([dataset, split, count, seed, wanted, only, mistakes, channel, which], fill, then_show_wanted)
    return hand.click(hand_over, [dataset, split, chosen, which], handed, **quiet), link


def _classes(dataset: str) -> list[tuple[object, int]]:
    return [(label("samples.all"), ALL), *class_choices(dataset)]


def _mistakes(dataset: str) -> list[tuple[object, str]]:
    channels = DATASETS[dataset].shape[0]
    return [(label(f"lab.mistake.{name}"), name) for name, mistake in MISTAKES.items() if channels >= mistake.channels]


def _picture(dataset: str, split: str, index: int) -> tuple[DatasetSpec, Tensor, str]:
    """What a picture is of, its pixels (C, H, W) uint8, and its class."""
    images = pictures(dataset, split)
    place = find(images, index)
    return images.spec, images.pixels[place], images.spec.classes[images.labels[place]]


def _of_cell(words: str) -> str:
    """The heading of a matrix cell's pictures, beside which a button leads back."""
    return f'<div class="of-cell">{explain.waiting(words)}</div>'


def _source_name(images: Images, request: gr.Request) -> str:
    return say(request, f"source.{images.source.kind}")


def _source(images: Images, request: gr.Request) -> str:
    """Where the pictures come from, and what was wrong with the data folder if anything was."""
    name = say(request, "samples.source", source=_source_name(images, request), count=f"{len(images):,}")
    problem = images.source.problem
    told = " " + say(request, f"source.{problem.kind}", path=problem.path) if problem else ""
    return f'<p class="source">{escape(name + told)}</p>'
