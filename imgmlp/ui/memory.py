"""Memory: what a batch size costs, predicted while the slider moves, measured on what is there, and the largest batch under a cap."""

import time
from collections.abc import Iterator

import gradio as gr

from ..data.datasets import DATASETS
from ..memory.devices import DEVICES, Device
from ..memory.estimate import estimate
from ..memory.measure import Measurement, TooLarge, measure
from ..memory.search import CapTooSmall, LargestBatch, predict_largest, probe_largest
from ..memory.step import IMPLEMENTATIONS, MOST_PICTURES, StepConfig
from ..training.config import OPTIMIZERS, SettingError
from ..training.engine import OutOfMemory
from .shared import explain, links, memory_view
from .shared.gpu import device, isolated, on_gpu, this_card
from .shared.own_process import ProcessDied
from .shared.settings import SettingsError, whole_numbers
from .shared.share import within_share
from .shared.text import label, say, size
from .shared.turns import in_turn

HERE = "here"
MOST_CPU_BYTES = 1 << 30  # of a step measured on the CPU, where memory is shared
FAILURES = (SettingsError, TooLarge, CapTooSmall, OutOfMemory, ProcessDied)  # that `_advice` has a sentence for
MEASURED_BATCHES = (1, 16, 256, 4096)  # beside the one that is set
DEFAULT = StepConfig()


def gpu_seconds(*_: object) -> int:
    """What measuring or searching asks a ZeroGPU Space for."""
    return 30


@on_gpu(gpu_seconds)
def measuring(configs: tuple[StepConfig, ...]) -> Iterator[Measurement]:
    """All of the configs in one call that may have a GPU."""
    yield from isolated(measure, configs, device())


@on_gpu(gpu_seconds)
def searching(config: StepConfig, cap_bytes: int) -> Iterator[LargestBatch]:
    """With real steps on this machine's card."""
    yield from isolated(probe_largest, config, cap_bytes)


def build() -> links.Target:
    """The tab and its bindings."""
    with gr.Tab(label("memory.tab"), id="memory") as tab:
        measured = gr.State(())  # Measurements, of any settings
        said, found = (gr.State(((), "")) for _ in range(2))  # the settings that it is about, and the sentence; `found` by this machine
        gauge_turn, search_turn = (gr.Number(visible="hidden") for _ in range(2))  # when this machine was last asked for
        with gr.Row(elem_classes="settings"):
            dataset = gr.Radio(
                [(label(f"dataset.{name}"), name) for name in DATASETS], value=DEFAULT.dataset, label=label("dataset.label"), scale=5, min_width=320
            )
            widths = gr.Textbox("128", label=label("train.widths"), scale=2, min_width=110)
            optimizer = gr.Dropdown(OPTIMIZERS, value=DEFAULT.optimizer, label=label("train.optimizer"), scale=2, min_width=120)
            implementation = gr.Dropdown(IMPLEMENTATIONS, value=DEFAULT.implementation, label=label("memory.implementation"), scale=2, min_width=120)
            mode = gr.Dropdown(
                [(label(f"memory.mode.{name}"), name) for name in ("fp32", "bf16", "testing")], value="fp32", label=label("memory.mode"), scale=2, min_width=140
            )
            card = gr.Dropdown(
                [(label("memory.here"), HERE), *((one.name, name) for name, one in DEVICES.items())], value=HERE, label=label("memory.card"), scale=2, min_width=150
            )
        with gr.Row(elem_classes="settings"):
            power = gr.Slider(0, 20, 6, step=1, label=label("memory.power"), buttons=[], scale=5, min_width=280, elem_id="power")
            batch = gr.Number(DEFAULT.batch_size, label=label("train.batch"), precision=0, min_width=100)
            gauge = gr.Button(label("memory.measure"), min_width=120, elem_id="measure")
            cap = gr.Number(8, label=label("memory.cap"), min_width=110)
            search = gr.Button(label("memory.search"), min_width=180, elem_id="search")
            fields = {
                "dataset": dataset, "hidden": widths, "optimizer": optimizer, "implementation": implementation, "mode": mode, "device": card, "batch": batch, "cap": cap,
            }  # fmt: skip
            links.copy_button("memory", fields)
        headline = gr.HTML(elem_id="memory-headline")
        answer = gr.HTML(elem_id="memory-answer")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=320):
                timeline = gr.HTML(elem_id="timeline", apply_default_css=False)
            with gr.Column(min_width=320):
                curve = gr.HTML(elem_id="curve", apply_default_css=False)
        table = gr.HTML(elem_id="parts", apply_default_css=False)

    @in_turn
    def show(dataset, widths, optimizer, implementation, mode, card, batch, cap, measured, said, request: gr.Request):
        answer = said[1] if said[0] == (dataset, widths, optimizer, implementation, mode, card, batch, cap) else ""
        try:
            config = _config(dataset, whole_numbers(widths), optimizer, batch, implementation, mode)
        except SettingsError as error:
            return explain.waiting(say(request, error.key, **error.values)), "", "", "", answer
        points = measured if card == HERE else ()  # of no other card
        card = _card(card)
        found = estimate(config, card)
        return (
            memory_view.headline(found, points, config, request),
            memory_view.timeline(found, config, request),
            memory_view.curve(config, card, points, request),
            memory_view.table(found, config, request),
            answer,
        )

    # What is wrong, and what can only be predicted, is told at once: only what this machine does waits for its turn.

    @in_turn
    def begin_gauge(dataset, widths, optimizer, implementation, mode, card, batch, cap, request: gr.Request):
        settings = (dataset, widths, optimizer, implementation, mode, card, batch, cap)
        try:
            _afford(_config(dataset, whole_numbers(widths), optimizer, batch, implementation, mode))
        except (SettingsError, TooLarge) as error:
            told = _advice(error, request)
            return told, (settings, told), gr.skip()
        told = explain.waiting(say(request, "train.waiting"))
        return told, (settings, told), time.time()

    def gauge_steps(dataset, widths, optimizer, implementation, mode, card, batch, cap, said, measured, request: gr.Request):
        settings = (dataset, widths, optimizer, implementation, mode, card, batch, cap)
        try:
            config = _config(dataset, whole_numbers(widths), optimizer, batch, implementation, mode)
            batches = dict.fromkeys(sorted((*MEASURED_BATCHES, config.batch_size)))
            configs = tuple(one for size in batches if (one := config.batch(size)) == config or _affordable(one))
            yield *begun(settings, said, say(request, "memory.measuring")), gr.skip()
            kept = tuple(one for one in measured if one.config not in configs)
            for one in within_share(request, measuring(configs)):
                kept = (*kept, one)
                yield *[gr.skip()] * 3, kept
            yield gr.skip(), gr.skip(), (settings, ""), gr.skip()
        except FAILURES as error:
            yield gr.skip(), gr.skip(), (settings, _advice(error, request)), gr.skip()

    def begun(settings, said, sentence):
        """`answer`, `said` and `found` as work begins; they stay as they are if something else has been asked since."""
        told = explain.waiting(sentence)
        return (told, (settings, told), gr.skip()) if said[0] == settings else [gr.skip()] * 3

    @in_turn
    def begin_search(dataset, widths, optimizer, implementation, mode, card, batch, cap, request: gr.Request):
        settings = (dataset, widths, optimizer, implementation, mode, card, batch, cap)
        try:
            config = _config(dataset, whole_numbers(widths), optimizer, batch, implementation, mode)
            chosen = _card(card)
            if not chosen:
                raise SettingsError("error.no_card")
            if not isinstance(cap, int | float) or not 0 < cap <= 1000:
                raise SettingsError("error.cap")
        except SettingsError as error:
            return (settings, _advice(error, request)), gr.skip()
        if card == HERE:
            return (settings, explain.waiting(say(request, "train.waiting"))), time.time()
        return (settings, explain.waiting(memory_view.largest(predict_largest(config, chosen, int(cap * 1e9)), request))), gr.skip()

    def search_largest(dataset, widths, optimizer, implementation, mode, card, batch, cap, said, request: gr.Request):
        settings = (dataset, widths, optimizer, implementation, mode, card, batch, cap)
        try:
            config = _config(dataset, whole_numbers(widths), optimizer, batch, implementation, mode)
            yield begun(settings, said, say(request, "memory.searching"))
            for largest in within_share(request, searching(config, int(cap * 1e9))):
                yield gr.skip(), gr.skip(), (settings, explain.waiting(memory_view.largest(largest, request)))
        except FAILURES as error:
            yield gr.skip(), gr.skip(), (settings, _advice(error, request))

    def answered(said, found):
        """What has been found is said, unless something else has been asked since."""
        return found if found[0] == said[0] else said

    def estimate_memory(
        dataset: str = DEFAULT.dataset, hidden: list[int] = [128], optimizer: str = DEFAULT.optimizer, batch_size: int = DEFAULT.batch_size,
        implementation: str = DEFAULT.implementation, device: str = "h100",
    ) -> dict:  # fmt: skip
        """Predict what a training step takes of a card's memory: the three peaks and the parts, in bytes.

        Args:
            dataset: mnist or cifar10
            hidden: the widths of the hidden layers, each 1 to 1000000
            optimizer: sgd, momentum, adam or adamw
            batch_size: 1 to 1000000
            implementation: foreach, fused or loop
            device: cpu, or a card: h100, h200, a100, a10g, l4, l40s, t4, rtx4090, rtx3060, rtxpro6000
        """
        try:
            if device not in ["cpu", *DEVICES]:
                raise SettingsError("error.device")
            return estimate(_config(dataset, hidden, optimizer, batch_size, implementation, "fp32"), DEVICES.get(device)).as_json()
        except SettingsError as error:
            raise gr.Error(say(None, error.key, **error.values), print_exception=False) from error

    def measure_memory(
        dataset: str = DEFAULT.dataset, hidden: list[int] = [128], optimizer: str = DEFAULT.optimizer, batch_size: int = DEFAULT.batch_size,
        implementation: str = DEFAULT.implementation,
        request: gr.Request = None,
    ) -> dict:  # fmt: skip
        """Take a training step here and measure its memory: on the GPU if there is one, else the bytes of tensors on the CPU.

        Args:
            dataset: mnist or cifar10
            hidden: the widths of the hidden layers, each 1 to 1000000
            optimizer: sgd, momentum, adam or adamw
            batch_size: 1 to 1000000
            implementation: foreach, fused or loop
        """
        try:
            config = _config(dataset, hidden, optimizer, batch_size, implementation, "fp32")
            _afford(config)
            [measured] = within_share(request, measuring((config,)))
            return estimate(config, None if measured.device == "cpu" else this_card()).as_json(measured.as_json())
        except SettingsError as error:
            raise gr.Error(say(None, error.key, **error.values), print_exception=False) from error
        except TooLarge as error:
            raise gr.Error(_too_large(error, None), print_exception=False) from error
        except (OutOfMemory, ProcessDied) as error:
            raise gr.Error(say(None, "memory.ran_out"), print_exception=False) from error

    settings = [dataset, widths, optimizer, implementation, mode]
    all_settings = [*settings, card, batch, cap]
    quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
    on_device = dict(api_visibility="private", show_progress="minimal", concurrency_id="gpu", concurrency_limit=1)
    shows = dict(fn=show, inputs=[*all_settings, measured, said], outputs=[headline, timeline, curve, table, answer])
    power.input(None, power, batch, js=f"(power) => Math.min(2 ** power, {MOST_PICTURES})", **quiet)
    gr.on(
        [tab.select, dataset.input, widths.change, optimizer.input, implementation.input, mode.input, card.input, batch.change, cap.input],
        trigger_mode="always_last", **shows, **quiet,
    )  # fmt: skip
    batch.change(None, batch, power, js="(batch) => Math.max(0, Math.min(20, Math.round(Math.log2(batch) || 0)))", **quiet)
    gauge.click(begin_gauge, all_settings, [answer, said, gauge_turn], **quiet)
    search.click(begin_search, all_settings, [said, search_turn], **quiet).then(**shows, **quiet)
    gauged = gauge_turn.change(gauge_steps, [*all_settings, said, measured], [answer, said, found, measured], show_progress_on=answer, **on_device)
    searched = search_turn.change(search_largest, [*all_settings, said], [answer, said, found], **on_device)
    for event in (gauged, searched):
        event.then(answered, [said, found], said, **quiet).then(**shows, **quiet)
    with tab:
        gr.api(estimate_memory, api_name="estimate_memory", queue=False)
        gr.api(measure_memory, api_name="measure_memory", concurrency_id="gpu", concurrency_limit=1)
    return links.target(fields, lambda event: event.then(**shows, **quiet))


def _advice(error: Exception, request: gr.Request) -> str:
    """What is wrong, or what went wrong, for the page."""
    if isinstance(error, SettingsError):
        return explain.waiting(say(request, error.key, **error.values))
    if isinstance(error, TooLarge):
        return explain.waiting(_too_large(error, request))
    if isinstance(error, CapTooSmall):
        return explain.waiting(say(request, "error.cap_context", needed=size(error.needed_bytes)))
    return explain.waiting(say(request, "memory.ran_out"))


def _config(dataset, hidden, optimizer, batch, implementation, mode) -> StepConfig:
    """The settings, whoever sent them; raises SettingsError."""
    try:
        widths = tuple(hidden) if isinstance(hidden, list) else hidden
        return StepConfig(dataset, widths, optimizer, implementation, batch, bf16=mode == "bf16", training=mode != "testing")
    except SettingError as error:
        raise SettingsError("error.step_settings" if error.setting in ("hidden", "batch_size") else f"error.{error.setting}") from error


def _card(name: str) -> Device | None:
    """A card of the table; this machine's; or None for its CPU."""
    return this_card() if name == HERE else DEVICES[name]


def _affordable(config: StepConfig) -> bool:
    return estimate(config, None).peaks.requested_bytes <= MOST_CPU_BYTES


def _afford(config: StepConfig) -> None:
    """Raises TooLarge for a step that the app does not measure on its CPU; a card is asked in `measure`.

    Traces the step in any case: a process that ZeroGPU forks from this one must find it traced.
    """
    if not _affordable(config) and not this_card():
        raise TooLarge(estimate(config, None).peaks.requested_bytes, MOST_CPU_BYTES)


def _too_large(error: TooLarge, request: gr.Request | None) -> str:
    return say(request, "error.too_large", needed=size(error.needed_bytes), there=size(error.there_bytes))
