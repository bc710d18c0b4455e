"""Test digits as people draw and photograph them: somewhere on a large canvas, thin or thick, on any paper, in any light."""

import numpy as np
from PIL import Image, ImageFilter

SIDE = 280  # px


def canvas(digit: np.ndarray, random: np.random.Generator) -> Image.Image:
    """A 28x28 uint8 digit, light on black, on a SIDE x SIDE canvas of its own kind.

    Size 40 to 240 px, place, stroke, dark on light or light on dark, transparent or opaque paper, a light gradient.
    """
    rows, columns = np.flatnonzero(digit.max(1)), np.flatnonzero(digit.max(0))
    ink = Image.fromarray(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    size = int(random.integers(40, 241))
    scale = size / max(ink.size)
    ink = ink.resize([max(3, round(side * scale)) for side in ink.size], Image.Resampling.BICUBIC)
    mask = Image.new("L", (SIDE, SIDE))
    mask.paste(ink, tuple(int(random.integers(0, SIDE - side + 1)) for side in ink.size))
    if random.random() < 0.5:  # up to half a stroke thicker or thinner: a stroke is about a tenth of the size
        change = ImageFilter.MaxFilter if random.random() < 0.5 else ImageFilter.MinFilter
        mask = mask.filter(change(2 * int(random.integers(1, 2 + size // 60)) + 1))
    strength = np.asarray(mask, np.float32) / 255

    paper, colour = random.uniform(200, 255), random.uniform(0, 70)
    if random.random() < 0.5:
        paper, colour = 255 - paper, 255 - colour
    if random.random() < 0.3:
        layers = [np.full((SIDE, SIDE), colour)] * 3 + [strength * 255]
        return Image.fromarray(np.stack(layers, -1).round().astype(np.uint8), "RGBA")
    picture = paper + (colour - paper) * strength
    if random.random() < 0.5:
        across, down = random.uniform(-0.25, 0.25, 2)
        x = np.linspace(-0.5, 0.5, SIDE)
        picture = picture * (1 + across * x[None, :] + down * x[:, None]) + random.normal(0, 3, picture.shape)
    return Image.fromarray(picture.clip(0, 255).round().astype(np.uint8))
