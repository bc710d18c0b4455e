"""A channel of a tensor as a heat map, drawn in the browser: a value under the pointer, and a true table for a screen reader."""

from pathlib import Path

import gradio as gr
from torch import Tensor

HERE = Path(__file__).parent


class TensorGrid(gr.HTML):
    """Its value is `numbers(...)`; black to white, or blue - white - orange where values are negative."""

    def __init__(self, **kwargs):
        super().__init__(
            value=None,
            apply_default_css=False,
            html_template='<table></table><p class="readout" role="status"></p>',
            css_template=(HERE / "tensor_grid.css").read_text(),
            js_on_load=(HERE / "tensor_grid.js").read_text(),
            **kwargs,
        )

    def api_info(self) -> dict:
        return {"type": "object", "description": "rows of numbers, and what black and white stand for"}


def numbers(channel: Tensor, title: str, full: float) -> dict:
    """(H, W) of any dtype as the value of a TensorGrid; `full` is what white stands for where nothing is negative."""
    low, high = channel.min().item(), channel.max().item()
    rows = [[round(value, 4) for value in row] for row in channel.tolist()]
    return {"title": title, "rows": rows, "diverging": low < 0, "full": max(-low, high) if low < 0 else max(full, high)}
