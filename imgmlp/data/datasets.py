"""The two data sets: what they are, and the one way to load them.

Looked for in this order: the given root (`--data`, else `IMGMLP_DATA`), the cache, the starter images. `download` fills
the cache. What is loaded always says where it came from.
"""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from . import starter

CACHE = Path.home() / ".cache" / "imgmlp"
Split = Literal["train", "test"]


@dataclass(frozen=True)
class DatasetSpec:
    """A data set as every part of the project sees it. `shape` is (C, H, W); mean and std are of pixels in 0..1."""

    name: str
    title: str
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sizes: dict[Split, int]  # images in the official set
    files: dict[Split, dict[str, str]]  # path under the root -> MD5 of the official file


MNIST = DatasetSpec(
    name="mnist",
    title="MNIST",
    shape=(1, 28, 28),
    classes=tuple("0123456789"),
    mean=(0.1307,),
    std=(0.3081,),
    sizes={"train": 60_000, "test": 10_000},
    files={  # MD5 of the files inside the archives that torchvision lists (torchvision/datasets/mnist.py)
        "train": {
            "MNIST/raw/train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "MNIST/raw/train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        },
        "test": {
            "MNIST/raw/t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "MNIST/raw/t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
    },
)

CIFAR10 = DatasetSpec(
    name="cifar10",
    title="CIFAR-10",
    shape=(3, 32, 32),
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    sizes={"train": 50_000, "test": 10_000},
    files={  # torchvision/datasets/cifar.py
        "train": {
            "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
            "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
            "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        "test": {"cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e"},
    },
)

DATASETS = {spec.name: spec for spec in (MNIST, CIFAR10)}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a data folder; `str` is one sentence for the user, `kind` and `path` are for other languages."""

    kind: Literal["missing", "damaged"]
    path: str  # of the file, in the folder

    def __str__(self) -> str:
        return {
            "missing": f"{self.path} is missing from the data folder.",
            "damaged": f"{self.path} in the data folder is not the official file; delete it and download it again.",
        }[self.kind]


@dataclass(frozen=True)
class Source:
    """Where images came from, and what stood in the way of a better place."""

    kind: Literal["given", "cache", "starter"]
    problem: Problem | None = None

    def __str__(self) -> str:
        return {"given": "official files", "cache": "official files (cache)", "starter": "starter images"}[self.kind]


@dataclass(frozen=True)
class Images:
    """One split, in the official order."""

    spec: DatasetSpec
    split: Split
    pixels: Tensor  # (N, C, H, W) uint8
    labels: Tensor  # (N,) int64
    indices: Tensor  # (N,) int64, the place of each image in the official split
    source: Source

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def whole(self) -> bool:
        """Whether this is all of the official set, not the starter images of it."""
        return len(self) == self.spec.sizes[self.split]

    def take(self, positions: Tensor) -> "Images":
        """Some of them, in the order of `positions`: (M,) int64, from 0."""
        return replace(self, pixels=self.pixels[positions], labels=self.labels[positions], indices=self.indices[positions])


class DataError(Exception):
    """Data that cannot be had; the message, or the Problem, is one sentence for the user."""


def load(spec: DatasetSpec, split: Split, root: str | Path | None = None) -> Images:
    """One split from the best place that has it whole: the root, the cache, the starter images.

    root: a folder in torchvision's layout; `IMGMLP_DATA` if None. Never raises for bad files: `source.problem` says what
    was wrong with the root, and the images come from the next place.
    """
    given = root or os.environ.get("IMGMLP_DATA")
    problem = None
    if given:
        try:
            return _images(spec, split, _read(spec, split, Path(given)), Source("given"))
        except DataError as error:
            [problem] = error.args
    try:
        return _images(spec, split, _read(spec, split, CACHE), Source("cache", problem))
    except DataError:
        return _images(spec, split, starter.read(spec.name, split, spec.shape), Source("starter", problem))


def download(spec: DatasetSpec) -> Iterator[int]:
    """Fetch a data set into the cache with torchvision, which checks it; yields the bytes on disk a few times a second.

    Works in a process and a folder of its own and moves the files into place when they are whole, so that nothing
    half-written is ever read, and closing the iterator leaves nothing behind. Raises DataError if it cannot be had.
    """
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=CACHE) as partial:
            # Said into a file: a pipe that nobody empties is full after some minutes of torchvision's progress bar, and then the download stands still.
            with (
                tempfile.TemporaryFile() as said,
                subprocess.Popen([sys.executable, "-c", _FETCH, spec.name, partial], stdout=subprocess.DEVNULL, stderr=said) as child,
            ):
                try:
                    while child.poll() is None:
                        yield sum(path.stat().st_size for path in Path(partial).rglob("*") if path.is_file())
                        time.sleep(0.2)
                finally:
                    child.kill()
                said.seek(0)
                reason = said.read().decode().strip().rpartition("\n")[2]
            if child.returncode:
                raise DataError(f"{spec.title} could not be downloaded ({reason}); check the connection.")
            for path in _paths(spec):
                target = CACHE / path
                target.parent.mkdir(parents=True, exist_ok=True)
                (Path(partial) / path).replace(target)
    except OSError as error:
        raise DataError(f"{spec.title} cannot be stored in {CACHE}: {error.strerror}.") from error


# Torchvision takes 1.5 s to import and cannot be stopped half-way; a process of its own can.
_FETCH = """
import sys
from torchvision import datasets
{"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[sys.argv[1]](sys.argv[2], download=True)
"""


def _paths(spec: DatasetSpec) -> Iterator[str]:
    for files in spec.files.values():
        yield from files


def _images(spec: DatasetSpec, split: Split, arrays: tuple[np.ndarray, np.ndarray, np.ndarray], source: Source) -> Images:
    pixels, labels, indices = (torch.from_numpy(array) for array in arrays)
    return Images(spec, split, pixels, labels.long(), indices, source)


def _read(spec: DatasetSpec, split: Split, root: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    contents = [_checked(root, path, md5) for path, md5 in spec.files[split].items()]
    if spec is MNIST:  # IDX: a header of 4 + 4 bytes a dimension, then the bytes
        pixels = np.frombuffer(contents[0], np.uint8, offset=16).reshape(-1, *spec.shape).copy()
        labels = np.frombuffer(contents[1], np.uint8, offset=8).copy()
    else:
        batches = [_Batch.loads(content) for content in contents]
        pixels = np.concatenate([batch[b"data"] for batch in batches]).reshape(-1, *spec.shape)
        labels = np.concatenate([np.array(batch[b"labels"], np.uint8) for batch in batches])
    return pixels, labels, np.arange(len(labels))


def _checked(root: Path, path: str, md5: str) -> bytes:
    try:
        content = (root / path).read_bytes()
    except OSError as error:
        raise DataError(Problem("missing", path)) from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise DataError(Problem("damaged", path))
    return content


class _Batch(pickle.Unpickler):
    """CIFAR-10 comes pickled. MD5 is no proof against malice, so only what an array needs may be called."""

    def find_class(self, module: str, name: str):
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np._core.multiarray._reconstruct
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a CIFAR-10 batch.")

    @classmethod
    def loads(cls, content: bytes) -> dict[bytes, object]:
        return cls(io.BytesIO(content), encoding="bytes").load()
