"""Pictures of what no network here was trained on: letters, scribbles, noise, photographs where a digit is expected, digits where a photograph is."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from imgmlp.data.datasets import CIFAR10, DATASETS, MNIST, load
from imgmlp.inference.preprocess import PictureError, prepare

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYabdefhkmnrtwxy"  # less those that are digits in some hand: I O S Z, c g i j l o p q s u v z


def letters(count: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """Pillow's own font, thin to bold, turned by up to 12 degrees, black on white."""
    font = ImageFont.load_default(150)
    for _ in range(count):
        picture = Image.new("L", (280, 280), 255)
        ImageDraw.Draw(picture).text((140, 140), str(random.choice(list(LETTERS))), 0, font, "mm", stroke_width=int(random.integers(0, 7)))
        yield picture.rotate(random.uniform(-12, 12), Image.Resampling.BICUBIC, fillcolor=255)


def scribbles(count: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """Six to thirteen straight strokes of a pen as wide as the pad's."""
    for _ in range(count):
        picture = Image.new("L", (280, 280), 255)
        points = [tuple(place) for place in random.integers(30, 250, (int(random.integers(6, 14)), 2)).tolist()]
        ImageDraw.Draw(picture).line(points, 0, 18, "curve")
        yield picture


def noise(count: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """Every pixel its own colour."""
    for _ in range(count):
        yield Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8))


def photographs(count: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """CIFAR-10's test pictures."""
    pixels = load(CIFAR10, "test").pixels
    for index in random.integers(0, len(pixels), count):
        yield Image.fromarray(pixels[index].permute(1, 2, 0).numpy())


def digits(count: int, random: np.random.Generator) -> Iterator[Image.Image]:
    """MNIST's test digits, dark on light."""
    pixels = load(MNIST, "test").pixels
    for index in random.integers(0, len(pixels), count):
        yield Image.fromarray(255 - pixels[index, 0].numpy())


STRANGERS = {
    "mnist": {"letters": letters, "scribbles": scribbles, "noise": noise, "photographs": photographs},
    "cifar10": {"letters": letters, "digits": digits, "noise": noise},
}


def prepared(dataset: str, pictures: Iterable[Image.Image]) -> torch.Tensor:
    """(N, C, H, W) float in 0..1, of those pictures in which there is anything to read."""
    images = []
    for picture in pictures:
        try:
            images.append(prepare(picture, DATASETS[dataset]).image)
        except PictureError:
            pass
    return torch.stack(images)
