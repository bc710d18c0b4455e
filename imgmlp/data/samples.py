"""Random samples: which pictures a seed gives, the same on every machine."""

import numpy as np
import torch
from torch import Tensor

from . import starter
from .datasets import Images

MOST = 100  # pictures a grid


class SampleError(ValueError):
    """Settings that no grid can be drawn for; `str` is one sentence for the user and `key` its name in other languages."""

    def __init__(self, key: str):
        super().__init__(SENTENCES[key])
        self.key = key


SENTENCES = {
    "count": f"The count must be a whole number from 1 to {MOST}.",
    "seed": "The seed must be a whole number from 0 to 4294967295.",
    "class": "There is no such class; choose one of the ten.",
    "index": "There is no picture with this index here.",
}


def draw(images: Images, count: int, seed: int, label: int | None = None) -> Tensor:
    """The places, (M,) int64, of `count` pictures, or of all of class `label` if those are fewer; the seed decides the order.

    Drawn from those that are starter images too, so that a machine with all official files shows the same grid.
    Raises SampleError.
    """
    if type(count) is not int or not 1 <= count <= MOST:
        raise SampleError("count")
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise SampleError("seed")
    if label is not None and label not in range(len(images.spec.classes)):
        raise SampleError("class")
    shared = torch.isin(images.indices, torch.from_numpy(starter.indices(images.spec.name, images.split)))
    wanted = shared if label is None else shared & (images.labels == label)
    places = wanted.nonzero().flatten()
    order = np.random.default_rng(seed).permutation(len(places))[:count]
    return places[torch.from_numpy(order)]


def find(images: Images, index: int) -> int:
    """The place of the picture with an official index; raises SampleError if it is not here."""
    places = (images.indices == index).nonzero().flatten() if type(index) is int else ()
    if not len(places):
        raise SampleError("index")
    return places.item()
