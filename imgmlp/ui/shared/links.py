"""Links: what an address such as `?tab=memory&dataset=cifar10&batch=1024` asks for. One table reads and writes them.

A link holds settings and nothing of a user: no drawing, no picture, no network of one's own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import gradio as gr

from ...data.datasets import DATASETS
from ...data.lab import MISTAKES
from ...data.samples import MOST
from ...memory.devices import DEVICES
from ...memory.step import IMPLEMENTATIONS, MOST_PICTURES
from ...training.config import OPTIMIZERS
from ...training.run import Run
from .lesson import STEPS
from .networks import LARGE, SHIPPED
from .settings import SEPARATORS
from .text import label, language_of, say

# Says whether it could: a browser keeps its clipboard from pages without TLS, and the user may too.
COPY = """async (query) => {
    const lang = new URLSearchParams(location.search).get("lang");
    history.replaceState(null, "", lang ? `${query}&lang=${encodeURIComponent(lang)}` : query);
    return (await navigator.clipboard?.writeText(location.href).then(() => "copied", () => "")) ?? "";
}"""
LONGEST = 200  # characters of a value; the longest that can be meant is 16 widths


@dataclass(frozen=True)
class Field:
    """How a value is read from an address; `read` raises ValueError for one that cannot be."""

    read: Callable[[str], object]
    write: Callable[[object], str | None] = str


def _one_of(*names: str) -> Field:
    def read(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return Field(read)


def _language(text: str) -> str:
    if not (language := language_of(text)):
        raise ValueError(text)
    return language


def _whole(least: int, most: int) -> Field:
    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError(text)
        return number

    return Field(read)


def _positive(most: float) -> Field:
    def read(text: str) -> float:
        number = float(text)
        if not 0 < number <= most:
            raise ValueError(text)
        return number

    return Field(read, lambda number: repr(float(number)).removesuffix(".0"))


def _widths(most: int) -> Field:
    """`128-64` <-> `128, 64`, as the text boxes have it."""

    def read(text: str) -> str:
        numbers = [int(number) for number in text.split("-")] if text else []
        if len(numbers) > 16 or not all(1 <= number <= most for number in numbers):
            raise ValueError(text)
        return ", ".join(map(str, numbers))

    return Field(read, lambda text: "-".join(filter(None, re.split(SEPARATORS, text))))


def _some_of(*names: str) -> Field:
    """`twice-display` <-> [`twice`, `display`]."""

    def read(text: str) -> list[str]:
        some = text.split("-")
        if not set(some) <= set(names):
            raise ValueError(text)
        return some

    return Field(read, lambda some: "-".join(some) or None)


FIELDS = {
    "tab": _one_of("classify", "samples", "train", "memory"),
    "lang": Field(_language),
    "lesson": _whole(1, len(STEPS)),
    "dataset": _one_of(*DATASETS),
    "network": Field({"small": SHIPPED, "large": LARGE}.__getitem__, {SHIPPED: "small", LARGE: "large"}.get),  # a user's own has no name for others
    "polarity": _one_of("auto", "dark", "light"),
    "split": _one_of("test", "train"),
    "class": Field(_whole(0, 9).read, lambda number: None if number < 0 else str(number)),  # no number for all of them
    "index": _whole(0, 59_999),
    "count": _whole(1, MOST),
    "seed": _whole(0, 2**32 - 1),
    "mistakes": _some_of(*MISTAKES),
    "hidden": _widths(1_000_000),
    "optimizer": _one_of(*OPTIMIZERS),
    "lr": _positive(10),
    "batch": _whole(1, MOST_PICTURES),
    "epochs": _whole(1, 10_000),
    "augment": Field(lambda text: {"0": False, "1": True}[text], lambda on: "1" if on else "0"),
    "implementation": _one_of(*IMPLEMENTATIONS),
    "mode": _one_of("fp32", "bf16", "testing"),
    "device": _one_of("here", *DEVICES),
    "cap": _positive(1000),
}
TRAINED = {"hidden": _widths(8192), "batch": _whole(1, 60_000)}  # in Train, which takes less than Memory predicts


def read(query: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    """The values of an address that can be, by name, and the names of those that cannot; names not in the table are left alone."""
    values, wrong = {}, []
    for name, field in (FIELDS | (TRAINED if query.get("tab") == "train" else {})).items():
        if name in query:
            try:
                if len(query[name]) > LONGEST:
                    raise ValueError(name)
                values[name] = field.read(query[name])
            except (ValueError, KeyError):
                wrong.append(name)
    return values, wrong


def write(values: Mapping[str, object]) -> str:
    """The address's query, from its `?`; what has no value, or one that cannot be read again, is left out."""
    written = {name: FIELDS[name].write(value) for name, value in values.items() if value is not None}
    written = {name: text for name, text in written.items() if text is not None}
    _, wrong = read(written)
    return "?" + urlencode({name: text for name, text in written.items() if name not in wrong})


@dataclass(frozen=True)
class Target:
    """What a link can set in a tab."""

    components: list[gr.components.Component]
    fill: Callable[[dict[str, object], list[Run]], list]  # the link's values by name, and the user's own runs -> an update for each component
    show: Callable[[gr.events.Dependency], object]  # after the event, what is set is shown


def target(fields: Mapping[str, gr.components.Component], show: Callable[[gr.events.Dependency], object] = lambda event: None) -> Target:
    """A tab whose components take a link's values as they are; `show` as in Target."""
    return Target(list(fields.values()), lambda values, runs: [values.get(name, gr.skip()) for name in fields], show)


def copy_button(tab: str, fields: Mapping[str, gr.components.Component]) -> None:
    """A button that copies a link to the tab as it is now, and puts it into the address bar."""
    button = gr.Button(label("link.copy"), size="sm", min_width=90, elem_classes="copy-link")
    query = gr.Textbox(visible="hidden")
    quiet = dict(api_visibility="private", show_progress="hidden", queue=False)

    def told(copied: str, request: gr.Request) -> None:
        gr.Info(say(request, "link.copied" if copied else "link.address"), duration=5)

    button.click(lambda *values: write({"tab": tab} | dict(zip(fields, values))), [*fields.values()], query, **quiet).then(
        None, query, query, js=COPY, **quiet
    ).then(told, query, None, **quiet | {"queue": True})  # where Gradio sends what it shows
