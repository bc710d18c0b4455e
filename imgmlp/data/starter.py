"""The images that ship with the app: all of MNIST, and the first 500 training and 100 test images of each CIFAR-10 class.

    python -m imgmlp.data.starter DATA_ROOT     # writes the sheets again from the official files

A sheet is a lossless WebP of pictures row by row; its .npz holds their labels and official indices.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent / "starter"
COLUMNS = 100
ROWS = 100  # pictures a sheet: 10,000, so that the sheets of MNIST decode in parallel
PER_CLASS = {"train": 500, "test": 100}  # of CIFAR-10


def read(dataset: str, split: str, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The starter pixels (N, C, H, W) uint8, labels (N,) uint8 and official indices (N,) int64 of one split."""
    table = np.load(HERE / f"{dataset}-{split}.npz", allow_pickle=False)
    with ThreadPoolExecutor() as pool:  # Pillow decodes outside the GIL
        sheets = list(pool.map(lambda path: _cut(path, shape), sorted(HERE.glob(f"{dataset}-{split}-*.webp"))))
    return np.concatenate(sheets)[: len(table["labels"])], table["labels"], table["indices"]


def indices(dataset: str, split: str) -> np.ndarray:
    """The official indices (N,) int64 of the starter images of one split."""
    return np.load(HERE / f"{dataset}-{split}.npz", allow_pickle=False)["indices"]


def _cut(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    channels, height, width = shape
    with Image.open(path) as picture:
        sheet = np.asarray(picture.convert("L" if channels == 1 else "RGB")).reshape(-1, height, COLUMNS, width, channels)
    return sheet.transpose(0, 2, 4, 1, 3).reshape(-1, channels, height, width)


def _paste(pixels: np.ndarray) -> Image.Image:
    count, channels, height, width = pixels.shape
    rows = -(-count // COLUMNS)
    padded = np.zeros((rows * COLUMNS, channels, height, width), np.uint8)
    padded[:count] = pixels
    sheet = padded.reshape(rows, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
    sheet = sheet.reshape(rows * height, COLUMNS * width, channels)
    return Image.fromarray(sheet[:, :, 0] if channels == 1 else sheet)


def write(root: Path) -> None:
    """Write the sheets anew from the official files under `root`."""
    from .datasets import DATASETS, load

    HERE.mkdir(exist_ok=True)
    for spec in DATASETS.values():
        for split in ("train", "test"):
            images = load(spec, split, root)
            if images.source.kind != "given":
                raise SystemExit(f"{root} has no {spec.title}.")
            labels = images.labels.numpy().astype(np.uint8)
            chosen = np.arange(len(labels))
            if spec.name == "cifar10":
                chosen = np.sort(np.concatenate([np.flatnonzero(labels == c)[: PER_CLASS[split]] for c in range(10)]))
            pixels = images.pixels.numpy()[chosen]
            for start in range(0, len(pixels), COLUMNS * ROWS):
                path = HERE / f"{spec.name}-{split}-{start // (COLUMNS * ROWS)}.webp"
                _paste(pixels[start : start + COLUMNS * ROWS]).save(path, lossless=True, quality=100, method=6)
            np.savez_compressed(HERE / f"{spec.name}-{split}.npz", labels=labels[chosen], indices=chosen)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
