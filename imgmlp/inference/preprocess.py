"""From any picture to the tensor a network reads, every step kept as a picture of its own.

Digits follow the way MNIST itself was made (LeCun et al. 1998): ink on black, longest side 20 px, centre of mass in the
middle of 28x28. Photographs for CIFAR-10 are cropped to their middle square and shrunk to 32x32.

This file goes into every run's bundle as it is: torch and Pillow are all that it needs, so that a network is fed there as it is here.
"""

from __future__ import annotations

import ctypes
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from PIL import Image, ImageOps
from torch import Tensor

if TYPE_CHECKING:
    from ..data.datasets import DatasetSpec

MAX_PIXELS = 50_000_000  # a large phone photograph; 150 MB when decoded
WORKING_SIDE = 504  # px, an eighth of a 12-megapixel photograph; a picture twice as large is shrunk first, a JPEG while it is decoded
DIGIT_SIDE = 280  # px, about; more says nothing about 20 px of digit
UNTHREADED_SIDE = 180  # px; so few pixels torch handles without calling up threads, which costs a server 10 ms a picture
INK_SIDE = 20
FAINTEST_INK = 0.06  # of full contrast; below it there is nothing to read
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")  # MPO, what some phones write, opens as JPEG

Polarity = Literal["auto", "dark", "light"]  # the ink's


class PictureError(Exception):
    """A picture that cannot be read; `str` is one sentence for the user and `key` its name in other languages."""

    def __init__(self, key: str):
        super().__init__(key)  # as it came, or it could not be pickled
        self.key = key

    def __str__(self) -> str:
        return SENTENCES[self.key]


SENTENCES = {
    "empty": "There is nothing to read yet: draw something, or upload a picture with a digit on it.",
    "missing": "There is no such picture file here; give the file itself, not its address.",
    "unreadable": "This file is damaged, or not a kind of picture that can be read here; try a PNG, JPEG, WebP, GIF, BMP or AVIF.",
    "busy": "Too many pictures are being opened just now; try again in a minute.",
    "large": "This picture has more than 50 million pixels; make it smaller and try again.",
    "narrow": "This picture is more than 100 times as long as it is wide; crop it and try again.",
    "drawing": "This drawing cannot be read; clear the pad and draw again.",
    "dataset": "The data set must be mnist or cifar10.",
}


@dataclass(frozen=True)
class Stage:
    """A picture on its way: `name` is one of oriented, composited, grey, polarity, crop, resized, centred, normalised."""

    name: str
    picture: Image.Image  # mode L or RGB


@dataclass(frozen=True)
class Prepared:
    """What a network reads, and how the picture got there."""

    image: Tensor  # (C, H, W) float32 in 0..1, not normalised
    stages: tuple[Stage, ...]


def open_picture(path: str | Path) -> Image.Image:
    """The first frame of a picture file, turned as its EXIF says, under 2 * WORKING_SIDE px a side, in mode L, RGB or RGBA.

    The size is read from the header before any pixel is decoded. Raises PictureError.
    """
    if not Path(path).is_file():
        raise PictureError("missing")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is stricter
            with Image.open(path, formats=FORMATS) as picture:
                if math.prod(picture.size) > MAX_PIXELS:
                    raise PictureError("large")
                if max(picture.size) > 100 * min(picture.size):
                    raise PictureError("narrow")
                scale = WORKING_SIDE / max(picture.size)
                picture.draft("RGB", tuple(math.ceil(side * scale) for side in picture.size))  # a JPEG decodes to half, a quarter, ...
                picture.load()
                ImageOps.exif_transpose(picture, in_place=True)
                return _shrunk(_plain(picture), max(picture.size) // WORKING_SIDE).copy()
    except Image.DecompressionBombError as error:
        raise PictureError("large") from error
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, EOFError, ...
        raise PictureError("unreadable") from error


def prepare(picture: Image.Image, spec: DatasetSpec, polarity: Polarity = "auto") -> Prepared:
    """The stages of a picture (mode L, RGB or RGBA) on its way into the networks of `spec`, of which shape, mean and std are read.

    polarity: what the ink is, where `auto` guesses wrong; photographs have none. Raises PictureError where there is no ink.
    """
    return _digit(picture, spec, polarity) if spec.shape[0] == 1 else _photograph(picture, spec)


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):  # Pillow's own conversion clips 16 bits to 255, and knows no transparent one of them
        levels = picture.convert("I")
        grey = levels.point(lambda level: level * (1 / 257) + 0.5).convert("L")
        if "transparency" not in picture.info:
            return grey
        opaque = _values(levels, torch.int32) != picture.info["transparency"]
        return Image.merge("LA", (grey, _picture(opaque.byte() * 255, "L"))).convert("RGBA")
    mode = "RGBA" if picture.has_transparency_data else "L" if picture.mode in ("1", "L") else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)  # else a copy, 100 MB of a large photograph


def _shrunk(picture: Image.Image, factor: int) -> Image.Image:
    """The average of every `factor` x `factor` pixels: a quarter of what resampling to an exact size takes."""
    return picture.reduce(factor) if factor > 1 else picture


def _values(picture: Image.Image, dtype: torch.dtype = torch.uint8) -> Tensor:
    """(H, W, bands), or (H, W) of a picture with one."""
    return torch.frombuffer(bytearray(picture.tobytes()), dtype=dtype).view(picture.height, picture.width, -1).squeeze(2)


def _picture(values: Tensor, mode: str) -> Image.Image:
    """The way back. Without NumPy a tensor's bytes are only to be had from its address."""
    values = values.contiguous()
    return Image.frombytes(mode, (values.shape[1], values.shape[0]), ctypes.string_at(values.data_ptr(), values.nbytes))


def _photograph(picture: Image.Image, spec: DatasetSpec) -> Prepared:
    flat = _composite(picture, 255).convert("RGB")
    square = ImageOps.fit(flat, (min(flat.size),) * 2)
    small = square.resize(spec.shape[:0:-1], Image.Resampling.LANCZOS)
    image = _values(small).permute(2, 0, 1).float() / 255
    stages = [Stage("oriented", _shown(picture)), Stage("composited", flat), Stage("crop", square), Stage("resized", small)]
    return Prepared(image, (*stages, _normalised(image, spec)))


def _digit(picture: Image.Image, spec: DatasetSpec, polarity: Polarity) -> Prepared:
    picture = _shrunk(picture, round(max(picture.size) / DIGIT_SIDE))
    flat = _composite(picture, _paper_under(picture))
    grey = flat if flat.mode == "L" else flat.convert("L")
    ink = _ink(grey, polarity)
    crop = ink.crop(ink.point([0] * 6 + [1] * 250).getbbox())  # under 2 % of full ink is none
    small = _resize(crop)
    image = _centre(small, spec.shape[1])[None]
    stages = [
        Stage("oriented", _shown(picture)),
        Stage("composited", flat),
        Stage("grey", grey),
        Stage("polarity", ink),
        Stage("crop", crop),
        Stage("resized", _grey_picture(small)),
        Stage("centred", _grey_picture(image[0])),
        _normalised(image, spec),
    ]
    return Prepared(image, tuple(stages))


def _composite(picture: Image.Image, paper: int) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, (paper, paper, paper, 255)), picture).convert("RGB")


def _paper_under(picture: Image.Image) -> int:
    """Black under light ink, white under dark: a transparent drawing does not say what it was meant to lie on."""
    if picture.mode != "RGBA":
        return 255
    values, alpha = _values(picture.convert("LA")).float().unbind(2)
    return 0 if (values * alpha).sum() > 127.5 * alpha.sum() else 255


def _ink(grey: Image.Image, polarity: Polarity) -> Image.Image:
    """Mode L, paper 0 and ink towards 255, whatever the paper's colour and the light on it.

    Paper of one exact colour, as in drawings and scans, is that colour without noise, and its ink depends on the level alone.
    """
    counts = torch.tensor(grey.histogram())
    commonest = int(counts.argmax())
    alike = counts[max(0, commonest - 25) : commonest + 26].sum()  # a shadow would pass through these levels
    if counts[commonest] > 0.3 * counts.sum() and counts[commonest] > 0.9 * alike:
        levels = counts.nonzero().flatten()
        ink = torch.zeros(256)
        ink[levels] = _contrast(levels / 255, commonest / 255, 0.0, polarity, counts[levels])
        return grey.point((ink * 255).round().int().tolist())
    levels = _values(_shrunk(grey, math.ceil(max(grey.size) / UNTHREADED_SIDE))).float() / 255
    return _grey_picture(_contrast(levels, *_paper(levels), polarity))


def _contrast(grey: Tensor, paper: Tensor | float, noise: float, polarity: Polarity, counts: Tensor | int = 1) -> Tensor:
    """Ink in 0..1 for every brightness in 0..1 of which there are `counts` pixels. Raises PictureError where there is none."""
    difference = grey - paper
    faintest = max(FAINTEST_INK, min(6 * noise, 0.25))
    if polarity == "auto":
        # Ink covers the smaller part of a picture, so that it is what stands out: the longer tail.
        polarity = "light" if (counts * difference * difference * difference).sum() > 0 else "dark"
    elif (difference if polarity == "light" else -difference).max() < faintest:
        # Who overrides the guess says that the commonest brightness is the ink's: paper is the other end.
        difference = grey - (grey.min() if polarity == "light" else grey.max())
    ink = (difference if polarity == "light" else -difference).clamp(min=0)
    most = ink.max()
    if most < faintest:
        raise PictureError("empty")
    full = ink[ink > most / 2].median() if noise else most
    floor = min(4 * noise, full / 3)
    ink = ((ink - floor) / (full - floor)).clamp(0, 1)
    # Noise comes in single pixels, ink in strokes: where there is noise, a faint speck is none of the digit.
    return torch.where(ink > 0.15, ink, 0) if noise else ink


def _paper(grey: Tensor) -> tuple[Tensor, float]:
    """The brightness of the paper at every pixel of (H, W) in 0..1, and its noise (standard deviation).

    It is the quadratic surface with the least absolute distances to all pixels (iteratively reweighted least squares): lamps
    and shadows are smooth, and ink, being the smaller part, does not move a median.
    """
    height, width = grey.shape
    y, x = torch.linspace(-1, 1, height)[:, None], torch.linspace(-1, 1, width)[None, :]
    every = max(1, grey.numel() // 2000) | 1  # odd, so that the sample does not walk down one column
    places = torch.arange(0, grey.numel(), every)
    down, across, brightness = y[places // width, 0], x[0, places % width], grey.flatten()[places]
    terms = torch.stack([torch.ones_like(down), across, down, across * across, across * down, down * down], dim=1)
    sample, ridge = torch.cat([terms, brightness[:, None]], dim=1), 1e-6 * torch.eye(6, dtype=torch.float64)
    weights = torch.ones_like(brightness)
    for _ in range(12):
        # Both sides of the normal equations in one product: BLAS calls up threads for a matrix by a vector.
        left, right = ((terms.T * weights) @ sample).double().split([6, 1], dim=1)
        surface = torch.linalg.solve(left + ridge, right).flatten().float()
        distance = (brightness - (terms * surface).sum(1)).abs()
        weights = 1 / distance.clamp(min=1 / 255)
    # The nearest half is paper for sure; its median distance is a quarter point, 0.32 standard deviations.
    noise = distance.quantile(0.25).item() / 0.32
    level, right, low, right2, diagonal, low2 = surface
    paper = (level + right * x + right2 * x * x) + (low * y + low2 * y * y) + diagonal * (y * x)
    return paper, max(noise, 0.5 / 255)


def _resize(crop: Image.Image) -> Tensor:
    """(H, W) float32 in 0..1, the longest side 20 px; thin strokes, which averaging has paled, are brought back to full ink."""
    scale = INK_SIDE / max(crop.size)
    size = tuple(max(1, round(side * scale)) for side in crop.size)
    if size == crop.size:
        return _values(crop).float() / 255
    small = _values(crop.convert("F").resize(size, Image.Resampling.BICUBIC), torch.float32).div(255).clamp(0, 1)
    return (small / small[small > small.max() / 2].quantile(0.7)).clamp(0, 1)


def _centre(small: Tensor, side: int) -> Tensor:
    """(side, side) float32 with the ink's centre of mass in the pixel after the middle, where MNIST's own digits have it."""
    place = []
    for axis, length in enumerate(small.shape):
        centre = (small.sum(1 - axis) * (torch.arange(length) + 0.5)).sum() / small.sum()
        place.append(min(max(round((side + 1) / 2 - centre.item()), 0), side - length))
    canvas = torch.zeros(side, side)
    canvas[place[0] : place[0] + small.shape[0], place[1] : place[1] + small.shape[1]] = small
    return canvas


def _grey_picture(values: Tensor) -> Image.Image:
    return _picture((values * 255).round().byte(), "L")


def _shown(picture: Image.Image) -> Image.Image:
    """What is transparent, on the chequers that stand for nothing."""
    if picture.mode != "RGBA":
        return picture
    side = max(1, max(picture.size) // 16)
    odd = torch.arange(picture.height)[:, None] // side + torch.arange(picture.width) // side & 1
    chequers = _picture(255 - 51 * odd.byte(), "L").convert("RGBA")
    return Image.alpha_composite(chequers, picture).convert("RGB")


def _normalised(image: Tensor, spec: DatasetSpec) -> Stage:
    """What the network reads, its range stretched to black and white."""
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (spec.mean, spec.std))
    values = (image - mean) / std
    low, high = (torch.tensor([0.0, 1.0])[:, None, None, None] - mean) / std
    scaled = ((values - low) / (high - low) * 255).round().byte().permute(1, 2, 0).squeeze(2)
    return Stage("normalised", _picture(scaled, "L" if scaled.dim() == 2 else "RGB"))
