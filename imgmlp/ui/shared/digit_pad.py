"""The drawing pad: our own canvas in a gr.HTML, because gr.Sketchpad answers only after the stroke and uploads a file for each.

The browser sends strokes as points on a 256 x 256 grid; the server draws them.
"""

import base64
import binascii
from pathlib import Path

import gradio as gr
from PIL import Image, ImageDraw

from ...inference.preprocess import PictureError

HERE = Path(__file__).parent
SIDE = 256  # grid points, so that a coordinate is a byte
WIDTH = 18  # px, as digit_pad.js draws
OVERSAMPLING = 2  # drawn larger and shrunk, because ImageDraw has no soft edges
MAX_CHARACTERS = 4096  # of a drawing; 650 points in a few strokes are under 2,000
INVERTED = "~"  # before the strokes of a pad that is drawn on in white
UNDO = "() => { document.querySelector('#pad canvas').undo(); }"
# What the other buttons beside the pad do to its value, in the browser.
CLEAR = "(strokes) => strokes.startsWith('~') ? '~' : ''"
INVERT = "(strokes) => strokes.startsWith('~') ? strokes.slice(1) : '~' + strokes"


class DigitPad(gr.HTML):
    """A pad whose value is its strokes: base64 of (x, y) byte pairs, joined by dots, behind a ~ if white; setting it draws it.

    Its label is read to a screen reader, and shown to who comes by keyboard.
    """

    def __init__(self, **kwargs):
        super().__init__(
            value="",
            html_template='<canvas width="256" height="256" tabindex="0" role="application"></canvas><p class="hint"></p>',
            css_template=(HERE / "digit_pad.css").read_text(),
            js_on_load=(HERE / "digit_pad.js").read_text(),
            **kwargs,
        )

    def api_info(self) -> dict:
        return {"type": "string", "description": "strokes: base64 of (x, y) byte pairs, joined by dots, behind a ~ if white on black"}


def drawing(strokes: object) -> Image.Image:
    """The picture of a pad's value: mode L, 280 x 280, as it looks. Raises PictureError if it is none, empty, or no larger than a dot."""
    if not strokes or strokes == INVERTED:
        raise PictureError("empty")
    if not isinstance(strokes, str) or len(strokes) > MAX_CHARACTERS:
        raise PictureError("drawing")
    paper, ink = (0, 255) if strokes.startswith(INVERTED) else (255, 0)
    side = SIDE * OVERSAMPLING
    picture = Image.new("L", (side, side), paper)
    pen = ImageDraw.Draw(picture)
    radius = WIDTH * OVERSAMPLING / 2
    places = []
    for stroke in strokes.removeprefix(INVERTED).split("."):
        try:
            values = base64.b64decode(stroke, validate=True)
        except (binascii.Error, ValueError) as error:
            raise PictureError("drawing") from error
        if not values or len(values) % 2:
            raise PictureError("drawing")
        points = [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in zip(values[::2], values[1::2])]
        places += points
        pen.line(points, fill=ink, width=2 * int(radius), joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    if max(max(values) - min(values) for values in zip(*places)) < WIDTH * OVERSAMPLING:
        raise PictureError("empty")  # a dot, as every stroke begins with: enlarged, it would be a sure 0
    return picture.resize((280, 280), Image.Resampling.BOX)
