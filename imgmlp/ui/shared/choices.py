"""HTML from which a person chooses: every element with a `data-choice` is a button, and a click says which; arrow keys go from one to the next."""

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
                element.addEventListener("keydown", (event) => {
                    const all = [...element.querySelectorAll("[data-choice]")], from = all.indexOf(event.target);
                    const center = (one) => { const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
                    const nearest = (sign) => {
                        const [x, y] = center(event.target);
                        const far = (one) => { const [otherX, otherY] = center(one); return 9 * Math.abs(otherY - y) + Math.abs(otherX - x); };
                        return all.filter((one) => sign * (center(one)[1] - y) > 5).sort((a, b) => far(a) - far(b))[0];
                    };
                    const moves = {ArrowLeft: () => all[from - 1], ArrowRight: () => all[from + 1], ArrowUp: () => nearest(-1), ArrowDown: () => nearest(1)};
                    if (from < 0 || !moves[event.key]) return;
                    event.preventDefault();
                    moves[event.key]()?.focus();
                });
                element.addEventListener("focusin", ({target}) => {
                    if (!target.matches("[data-choice][tabindex]")) return;
                    element.querySelectorAll("[data-choice][tabindex='0']").forEach((one) => { one.tabIndex = -1; });
                    target.tabIndex = 0;
                });
            """,
            **kwargs,
        )
