"""The lesson: a tour through the tabs in steps, each a link to a state of a tab, with a few sentences about what to do and see there."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl

import gradio as gr

from .text import label, say

STEPS = {
    "numbers": "tab=samples&dataset=mnist&network=small&split=test&count=24&seed=7&index=5368",
    "colour": "tab=samples&dataset=cifar10&network=small&split=test&count=24&seed=7&index=816",
    "order": "tab=samples&dataset=cifar10&network=small&split=test&count=24&seed=7&index=816&mistakes=order",
    "normalise": "tab=samples&dataset=cifar10&network=small&split=test&count=24&seed=7&index=816&mistakes=twice-display",
    "network": "tab=classify&dataset=mnist&network=small",
    "evidence": "tab=classify&dataset=mnist&network=small",
    "errors": "tab=samples&dataset=cifar10&network=small&split=test&count=24&seed=7",
    "train": "tab=train&dataset=mnist&hidden=128&optimizer=adam&lr=0.001&batch=64&epochs=3&seed=0&augment=0",
    "rate": "tab=train&dataset=mnist&hidden=128&optimizer=sgd&lr=10&batch=64&epochs=3&seed=0&augment=0",
    "memory": "tab=memory&dataset=mnist&hidden=128&optimizer=adam&implementation=foreach&mode=fp32&device=here&batch=64",
    "card": "tab=memory&dataset=mnist&hidden=128&optimizer=adam&implementation=foreach&mode=fp32&device=h100&batch=64",
    "largest": "tab=memory&dataset=cifar10&hidden=1024-1024-512&optimizer=adam&implementation=foreach&mode=fp32&device=t4&batch=1024&cap=8",
}
# The address says the step, so that a reload goes on there and a teacher can link it.
# Who presses a button that goes, or can be pressed no longer, finds the keyboard at the nearest one.
SAY_STEP = """(step) => {
    const query = new URLSearchParams(location.search);
    if (step) query.set("lesson", step); else query.delete("lesson");
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    setTimeout(() => {
        if (document.activeElement === document.body) document.querySelector(step ? "#lesson button:not(:disabled)" : "#begin").focus();
    }, 100);
}"""


@dataclass(frozen=True)
class Lesson:
    """The bar above the tabs."""

    step: gr.Number  # from 1
    bar: gr.Row
    words: gr.HTML
    back: gr.Button
    onwards: gr.Button
    begin: gr.Button
    leave: gr.Button

    @property
    def components(self) -> list[gr.components.Component | gr.Row]:
        """What `show` updates."""
        return [self.step, self.bar, self.words, self.back, self.onwards]

    def bind(self, goes: Callable[[int, list, gr.Request], list], runs: gr.State, outputs: list) -> None:
        """goes: what a step, from 1, shows in `outputs`, to a user who has those `runs`."""
        quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
        for button, move in ((self.begin, 0), (self.back, -1), (self.onwards, 1)):
            button.click(_from_here(move, goes), [self.step, runs], outputs, **quiet).then(None, self.step, js=SAY_STEP, api_visibility="private")
        # The lesson goes on where it was left, and after its last step from the first.
        self.leave.click(lambda step: (gr.Row(visible=False), step % len(STEPS) or 1), self.step, [self.bar, self.step], **quiet).then(
            None, js=SAY_STEP, api_visibility="private"
        )


def _from_here(move: int, goes: Callable[[int, list, gr.Request], list]) -> Callable[[int, list, gr.Request], list]:
    def go(step: int, runs: list, request: gr.Request) -> list:
        return goes(min(max(step + move, 1), len(STEPS)), runs, request)

    return go


def build() -> Lesson:
    """The page's head: the title, the button that begins, and the bar."""
    with gr.Row(elem_id="head"):
        gr.Markdown(label("intro"))
        begin = gr.Button(label("lesson.begin"), size="sm", min_width=90, elem_id="begin")
    with gr.Row(visible=False, elem_id="lesson") as bar:
        words = gr.HTML(elem_id="lesson-words")
        back, onwards, leave = (gr.Button(label(f"lesson.{name}"), size="sm", min_width=70) for name in ("back", "onwards", "leave"))
    step = gr.Number(1, precision=0, visible="hidden")  # a State would not be told to the address bar
    return Lesson(step, bar, words, back, onwards, begin, leave)


def show(step: int, request: gr.Request) -> list:
    """The bar at a step, from 1."""
    name = [*STEPS][step - 1]
    title = say(request, "lesson.title", step=step, steps=len(STEPS), title=say(request, f"lesson.{name}.title"))
    words = f"<h2 data-announce>{escape(title)}</h2><p>{escape(say(request, f'lesson.{name}'))}</p>"
    return [step, gr.Row(visible=True), words, gr.Button(interactive=step > 1), gr.Button(interactive=step < len(STEPS))]


def query(step: int) -> dict[str, str]:
    """The link of a step, from 1."""
    return dict(parse_qsl([*STEPS.values()][step - 1]))
