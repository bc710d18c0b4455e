"""Train: a network of one's own in seconds, watched while it learns, and kept to draw with."""

import time
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from ..data.datasets import DATASETS
from ..training.bundle import bundle
from ..training.config import OPTIMIZERS, SettingError, TrainConfig
from ..training.engine import Diverged, OutOfMemory, parameter_count
from ..training.run import SECONDS_CAP, Run, follow
from .shared import explain, links, train_view
from .shared.choices import Choices
from .shared.gpu import ON_LOAN, device, isolated, on_gpu
from .shared.own_process import ProcessDied
from .shared.settings import SettingsError, whole_numbers
from .shared.share import within_share
from .shared.text import label, say

KEPT = 5  # runs
MOST_PARAMETERS = 4_000_000  # in the app, where memory is shared; the command line has no such bound
MOST_PRODUCTS = 25_000_000_000  # pictures x parameters of a step; more takes seconds on 2 cores, in which nothing stops it
GPU_SECONDS = 20  # beyond the training itself: loading before it and testing after it
DEFAULT = TrainConfig()


def gpu_seconds(config: TrainConfig, number: int) -> int:
    """What a run asks a ZeroGPU Space for: short, for a visitor has two minutes a day."""
    steps = config.epochs * DATASETS[config.dataset].sizes["train"] / config.batch_size
    return min(SECONDS_CAP, round(GPU_SECONDS + steps / 2000))  # a captured step takes some 60 us, an eager one 300


@on_gpu(gpu_seconds)
def training(config: TrainConfig, number: int) -> Iterator[Run]:
    """The whole run, in one call that may have a GPU."""
    config = replace(config, device=device())
    cap = gpu_seconds(config, number) - GPU_SECONDS / 2 if ON_LOAN else SECONDS_CAP
    yield from isolated(follow, config, number, cap)


def build(runs: gr.State, chosen: gr.State) -> tuple[gr.events.Dependency, links.Target]:
    """The tab and its bindings; returns the event that asks to draw with the one of `runs` whose number is `chosen`."""
    with gr.Tab(label("train.tab"), id="train") as tab:
        with gr.Row(elem_classes="settings"):
            dataset = gr.Radio(
                [(label(f"dataset.{name}"), name) for name in DATASETS], value=DEFAULT.dataset, label=label("dataset.label"), scale=5, min_width=320
            )
            widths = gr.Textbox(", ".join(map(str, DEFAULT.hidden)), label=label("train.widths"), scale=2, min_width=110)
            optimizer = gr.Dropdown(OPTIMIZERS, value=DEFAULT.optimizer, label=label("train.optimizer"), scale=2, min_width=120)
            rate = gr.Number(DEFAULT.learning_rate, label=label("train.rate"), min_width=90)
            batch = gr.Number(DEFAULT.batch_size, label=label("train.batch"), precision=0, min_width=80)
            epochs = gr.Number(3, label=label("train.epochs"), precision=0, min_width=80)
            seed = gr.Number(DEFAULT.seed, label=label("train.seed"), precision=0, min_width=80)
            augment = gr.Checkbox(label=label("train.augment"), elem_id="augment")
        with gr.Row():
            start = gr.Button(label("train.start"), variant="primary", min_width=140, elem_id="start")
            stop = gr.Button(label("train.stop"), interactive=False, min_width=140, elem_id="stop")
            use = gr.Button(label("train.use"), interactive=False, min_width=140, elem_id="use")
            carry = gr.Button(label("train.download"), interactive=False, min_width=140, elem_id="download")
            bundled = gr.DownloadButton(visible="hidden", elem_id="bundle")
            fields = {"dataset": dataset, "hidden": widths, "optimizer": optimizer, "lr": rate, "batch": batch, "epochs": epochs, "seed": seed, "augment": augment}
            links.copy_button("train", fields)
        turn = gr.Number(visible="hidden")  # when a run was last asked for
        halted = gr.State(False)  # by Stop
        before = gr.State(0)  # the number of the last run when this one was started
        status = gr.HTML(label("train.invitation"), elem_id="train-status")
        with gr.Row():
            with gr.Column(min_width=320):
                loss = gr.HTML(elem_id="loss")
            with gr.Column(min_width=320):
                accuracy = gr.HTML(elem_id="accuracy")
        with gr.Accordion(label("numbers"), open=False, visible=False) as in_numbers:
            numbers = gr.HTML(apply_default_css=False, elem_id="train-numbers")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=320):
                weights = gr.HTML(elem_id="weights")
            with gr.Column(min_width=320):
                matrix = gr.HTML(elem_id="train-matrix", apply_default_css=False)
        kept = Choices(elem_id="runs", shows="use")

    def run(dataset, widths, optimizer, rate, batch, epochs, seed, augment, runs, request: gr.Request):
        last = runs[-1].number if runs else 0
        try:
            config = _config(dataset, whole_numbers(widths), optimizer, rate, batch, epochs, seed, augment)
            learning = within_share(request, training(config, last + 1))
        except SettingsError as error:
            yield explain.waiting(say(request, error.key, **error.values)), *[gr.skip()] * 11
            return
        yield explain.waiting(say(request, "train.starting")), *train_view.curves(None, request), "", "", *[gr.skip()] * 6
        # Chosen as it begins, and not again: who chooses another meanwhile keeps that one.
        chosen = [last + 1, gr.Button(interactive=True), gr.Button(interactive=True), gr.Accordion(visible=True)]
        try:
            for now in learning:
                together = [*runs, now][-KEPT:]
                table = train_view.comparison(together, last + 1, request) if len(now.points) == 1 else gr.skip()
                yield explain.waiting(train_view.line(now, request)), *train_view.views(now, request), table, together, *chosen
                chosen = [gr.skip()] * 4
        except Diverged as error:  # a network that nobody wants to keep
            yield explain.waiting(train_view.advice(error, config, request)), *[gr.skip()] * 6, runs, *[gr.skip()] * 4
        except (OutOfMemory, ProcessDied) as error:
            yield explain.waiting(train_view.advice(error, config, request)), *[gr.skip()] * 11

    def train(
        dataset: str = DEFAULT.dataset, hidden: list[int] = [128], optimizer: str = DEFAULT.optimizer, learning_rate: float = DEFAULT.learning_rate,
        batch_size: int = DEFAULT.batch_size, epochs: int = DEFAULT.epochs, seed: int = DEFAULT.seed, augment: bool = False,
        request: gr.Request = None,
    ) -> Iterator[dict]:  # fmt: skip
        """Train a small network and stream how far it is, a few times a second; the last event has the test accuracy.

        Args:
            dataset: mnist or cifar10
            hidden: the widths of the hidden layers, each 1 to 8192
            optimizer: sgd, momentum, adam or adamw
            learning_rate: above 0, at most 10
            batch_size: 1 to 60000
            epochs: 1 to 10000; a run ends after two minutes all the same
            seed: a seed gives the same network again on the same device
            augment: move, turn and bend every picture anew in every epoch
        """
        try:
            config = _config(dataset, hidden, optimizer, learning_rate, batch_size, epochs, seed, augment)
            for now in within_share(request, training(config, 1)):
                yield train_view.as_json(now)
        except SettingsError as error:
            raise gr.Error(say(None, error.key, **error.values), print_exception=False) from error
        except (Diverged, OutOfMemory, ProcessDied) as error:
            raise gr.Error(train_view.advice(error, config, None), print_exception=False) from error

    def begin(dataset, widths, optimizer, rate, batch, epochs, seed, augment, runs, request: gr.Request):
        """What is wrong is told now, and not once the turn has come."""
        try:
            _config(dataset, whole_numbers(widths), optimizer, rate, batch, epochs, seed, augment)
        except SettingsError as error:
            return explain.waiting(say(request, error.key, **error.values)), *[gr.skip()] * 5
        last = runs[-1].number if runs else 0
        return explain.waiting(say(request, "train.waiting")), gr.Button(interactive=False), gr.Button(interactive=True), False, last, time.time()

    def stopping(request: gr.Request):
        return explain.waiting(say(request, "train.stopping")), True

    def over(halted, before, runs, chosen, request: gr.Request):
        learned = runs and runs[-1].number > before
        stopped = f"{say(request, 'train.stopped')} {train_view.summary(runs[-1], request)}" if learned else say(request, "train.unlearned")
        told = explain.waiting(stopped) if halted else gr.skip()
        views = (*train_view.curves(runs[-1], request, over=True)[:2], *[gr.skip()] * 3) if halted and learned else [gr.skip()] * 5
        if chosen and not learned:  # it has diverged, or was stopped at once: the one that is chosen comes back, or the one before
            back = next((run for run in runs if run.number == chosen), runs[-1] if runs else None)
            chosen = back.number if back else None
            views = train_view.views(back, request, over=True) if back else (*train_view.curves(None, request), "", "")
        table = train_view.comparison(runs, chosen, request) if runs else ""
        usable = gr.Button(interactive=bool(runs))
        return told, *views, table, chosen, usable, usable, gr.Accordion(visible=bool(runs)), gr.Button(interactive=True), gr.Button(interactive=False)

    def choose(runs, event: gr.EventData, request: gr.Request):
        run = next((run for run in runs if run.number == int(event.choice)), None)
        if not run:
            raise gr.Error(say(request, "error.run_gone"), print_exception=False)
        return run.number, explain.waiting(train_view.summary(run, request)), *train_view.views(run, request, over=True)

    def pack(runs, number, request: gr.Request) -> str:
        run = next((run for run in runs if run.number == number), None)
        if not run:
            raise gr.Error(say(request, "error.run_gone"), print_exception=False)
        return save_bytes_to_cache(bundle(run), f"{run.config.dataset}-{number}.zip", bundled.GRADIO_CACHE)

    quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
    views = [status, loss, accuracy, numbers, weights, matrix]
    settings = [dataset, widths, optimizer, rate, batch, epochs, seed, augment]
    start.click(begin, [*settings, runs], [status, start, stop, halted, before, turn], **quiet)
    going = turn.change(
        run,
        [*settings, runs],
        [*views, kept, runs, chosen, use, carry, in_numbers],
        concurrency_id="gpu", concurrency_limit=1, show_progress="minimal", show_progress_on=status, api_visibility="private",
    )  # fmt: skip
    # A run that is stopped ends up here too, once its process is gone: Gradio would drop a Start that is pressed before.
    going.then(over, [halted, before, runs, chosen], [*views, kept, chosen, use, carry, in_numbers, start, stop], **quiet)
    stop.click(stopping, None, [status, halted], cancels=[going], **quiet)
    kept.click(choose, runs, [chosen, *views], **quiet)
    # A hidden button holds the file, since a file that is made on demand is there only after the click.
    carry.click(pack, [runs, chosen], bundled, **quiet).success(None, js="() => document.querySelector('#bundle').click()", **quiet)
    with tab:
        gr.api(train, api_name="train", concurrency_id="gpu", concurrency_limit=1)
    return use.click(None, **quiet), links.target(fields)


def _config(dataset, hidden, optimizer, rate, batch, epochs, seed, augment) -> TrainConfig:
    """The settings, whoever sent them; raises SettingsError."""
    try:
        config = TrainConfig(
            dataset=dataset, hidden=tuple(hidden) if isinstance(hidden, list) else hidden, optimizer=optimizer, learning_rate=rate, batch_size=batch,
            epochs=epochs, seed=seed, augment=augment,
        )  # fmt: skip
    except SettingError as error:
        raise SettingsError(f"error.{error.setting}") from error
    parameters = parameter_count(DATASETS[config.dataset], config.hidden)
    if parameters > MOST_PARAMETERS:
        # Weights, gradients and Adam's two moments, 4 bytes each.
        raise SettingsError("error.parameters", parameters=f"{parameters:,}", bytes=f"{16 * parameters:,}", most=f"{MOST_PARAMETERS:,}")
    if parameters * config.batch_size > MOST_PRODUCTS:
        raise SettingsError("error.step", parameters=f"{parameters:,}", most=f"{MOST_PRODUCTS // parameters:,}")
    return config
