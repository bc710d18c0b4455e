"""The app, assembled: a tab each from its own file, and what every tab shares."""

import json
import time
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from ..training.run import Run
from . import classify, memory, samples, train
from .shared import explain, lesson, links
from .shared.guard import Guard
from .shared.page_language import PageLanguage
from .shared.sessions import Sessions
from .shared.text import I18N, TEXTS, label, say
from .shared.visitor import Visitor

SHARED = Path(__file__).parent / "shared"
# Gradio's own greys and orange are too pale to be read by everyone (WCAG 2.2, 4.5 to 1).
THEME = gr.themes.Default(primary_hue="orange").set(
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_hover_dark="*primary_800",
)


def launch_options() -> dict:
    """What `build()` is launched with; made anew each time, for Gradio writes into it."""
    return dict(
        i18n=I18N,
        app_kwargs={"middleware": [Middleware(one) for one in (Guard, Visitor, PageLanguage, Sessions)]},
        state_session_capacity=256,  # each holds 0.3 MB, and its user's networks
        theme=THEME,
        css_paths=[SHARED / "style.css"],
        max_file_size="20mb",
        ssr_mode=False,
        mcp_server=True,
        show_error=True,
        enable_monitoring=False,
        footer_links=["api"],
    )


def build() -> gr.Blocks:
    """The whole page; launch it with `launch_options()`."""
    with gr.Blocks(title=say(None, "title"), analytics_enabled=False, delete_cache=(600, 3000)) as demo:
        guide = lesson.build()
        notice = gr.HTML(visible=False, elem_id="notice")
        handed = gr.State()  # (data set, picture, network) on its way from one tab to another
        runs = gr.State([])  # the user's own training runs, on their way from Train to the other tabs
        chosen_run = gr.State()  # the number of one of them
        with gr.Tabs(selected="classify") as tabs:
            inlets = classify.build(demo, runs)
            handing, samples_link = samples.build(handed, runs)
            using, train_link = train.build(runs, chosen_run)
            memory_link = memory.build()
        with gr.Accordion(label("words.title"), open=False, elem_id="words"):
            gr.Markdown(label("words"))
        targets = {"classify": inlets.link, "samples": samples_link, "train": train_link, "memory": memory_link}

        linked = [tabs, *(component for one in targets.values() for component in one.components)]
        asked = {name: gr.Number(visible="hidden") for name in targets}  # when the lesson last asked for the tab; a State's change is not told without the queue

        def fill(values: dict[str, object], runs: list[Run]) -> list:
            """What a link's values set in `linked`."""
            tab = values.get("tab", "classify")
            filled = {name: one.fill(values, runs) if name == tab and values else [gr.skip()] * len(one.components) for name, one in targets.items()}
            # Without a link nothing is touched: who was quick may be in another tab already.
            return [gr.Tabs(selected=tab) if values else gr.skip(), *(update for one in filled.values() for update in one)]

        def follow_link(request: gr.Request) -> list:
            """What the page's address asks for; what it cannot ask for is told."""
            values, wrong = links.read(request.query_params)
            values.pop("lang", None)  # a page's language is no setting of a tab
            told = gr.HTML(explain.waiting(say(request, "link.wrong", names=", ".join(wrong))), visible=True) if wrong else gr.skip()
            if step := values.pop("lesson", None):
                values, _ = links.read(lesson.query(step))
            return [told, *(lesson.show(step, request) if step else [gr.skip()] * len(guide.components)), *fill(values, [])]

        def follow_lesson(step: int, runs: list[Run], request: gr.Request) -> list:
            """The lesson at a step, from 1, while the page stays."""
            values, _ = links.read(lesson.query(step))
            return [*lesson.show(step, request), *fill(values, runs), *(time.time() if name == values["tab"] else gr.skip() for name in asked)]

        quiet = dict(api_visibility="private", show_progress="hidden", queue=False)
        inlets.link.show(demo.load(follow_link, None, [notice, *guide.components, *linked], **quiet))
        guide.bind(follow_lesson, runs, [*guide.components, *linked, *asked.values()])
        for name, one in targets.items():
            one.show(asked[name].change(lambda: None, **quiet))
        for taken in (inlets.picture(handing, handed), inlets.run(using, chosen_run)):
            # Only now, for a tab that opens brings its choices up to date and answers anew.
            taken.success(lambda: gr.Tabs(selected="classify"), None, tabs, api_visibility="private", queue=False)

        titles = json.dumps({language: texts["title"] for language, texts in TEXTS.items()})
        demo.load(None, None, None, js=f"() => ({(SHARED / 'page.js').read_text()})({titles})", api_visibility="private")
    return demo.queue(max_size=64, api_open=False)  # else a plain POST to train or measure would not wait its turn
