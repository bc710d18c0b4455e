"""HTML from which a person chooses: every element with a `data-choice` is a button, and a click says which."""

import gradio as gr


class Choices(gr.HTML):
    """Listen with `.click(fn)`; in `fn`, `event: gr.EventData` has `event.choice`, the text of the element's data-choice.

    shows: the id of what a choice changes; it is scrolled to where it is out of sight, as on a phone.
    """

    def __init__(self, shows: str, **kwargs):
        super().__init__(
            shows=shows,
            apply_default_css=False,
            js_on_load="""
                element.addEventListener("click", (event) => {
                    const chosen = event.target.closest("[data-choice]");
                    if (!chosen) return;
                    element.querySelectorAll("[aria-pressed=true]").forEach((one) => one.setAttribute("aria-pressed", "false"));
                    chosen.setAttribute("aria-pressed", "true");
                    trigger("click", {choice: chosen.dataset.choice});
                    const shown = document.getElementById(props.shows), top = shown.getBoundingClientRect().top;
                    if (top < 0 || top > innerHeight) shown.scrollIntoView();
                });
            """,
            **kwargs,
        )
