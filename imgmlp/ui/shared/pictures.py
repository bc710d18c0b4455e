"""Pictures for the page: values in colours, pictures as data URIs, figures with their captions."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image
from torch import Tensor

BLUE, WHITE, ORANGE = np.array([[33, 102, 172], [255, 255, 255], [217, 95, 2]], np.float32)


def diverging(values: Tensor, limit: float) -> Image.Image:
    """(H, W) values in blue (-limit), white (0) and orange (limit): told apart by colour-blind people too."""
    share = (values.numpy() / max(limit, 1e-12)).clip(-1, 1)[..., None]
    colours = WHITE + np.where(share > 0, share * (ORANGE - WHITE), -share * (BLUE - WHITE))
    return Image.fromarray(colours.round().astype(np.uint8))


def picture(pixels: Tensor) -> Image.Image:
    """(C, H, W) uint8 as a picture, mode L or RGB."""
    return Image.fromarray(pixels.permute(1, 2, 0).numpy().squeeze())


def data_address(picture: Image.Image) -> str:
    """A picture as the address of an <img>, lossless."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def figure(address: str, caption: str, alternative: str | None = None) -> str:
    """HTML of a picture by its address, with its caption; `alternative` for a screen reader, the caption if None."""
    alternative = caption if alternative is None else alternative
    return f'<figure><img src="{address}" alt="{escape(alternative)}"><figcaption>{escape(caption)}</figcaption></figure>'
