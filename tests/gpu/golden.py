"""Measures the grid of steps on this machine's card and writes what it saw, against which the prediction is held without one.

    python -m tests.gpu.golden tests/gpu/golden.json
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

import torch

from imgmlp.memory.devices import Device, live_device, torch_version
from imgmlp.memory.estimate import Peaks, estimate
from imgmlp.memory.measure import measure
from imgmlp.memory.step import StepConfig

FILE = Path(__file__).parent / "golden.json"
WIDTHS = ((128,), (512, 256), (2048,))
BATCHES = (1, 64, 100, 512, 1024, 4096, 16_384, 50_000)


def grid() -> Iterator[StepConfig]:
    """Both data sets, three networks, eight batches, four optimizers, foreach and fused."""
    for dataset, hidden, batch, optimizer, implementation in itertools.product(
        ("mnist", "cifar10"), WIDTHS, BATCHES, ("sgd", "momentum", "adam", "adamw"), ("foreach", "fused")
    ):
        yield StepConfig(dataset, hidden, optimizer, implementation, batch)


def driver() -> str:
    """The version of the card's driver."""
    asked = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def record(path: Path) -> None:
    """Measure every step of the grid, in turn, each in a clean state, and write it with card, torch, driver and date."""
    cells = []
    for found in measure(tuple(grid()), "cuda"):
        cells.append({"config": asdict(found.config), "peaks": asdict(found.peaks), "statistics": found.statistics})
        print(f"\r{len(cells)}", end="", file=sys.stderr)
    about = {"card": asdict(live_device()), "torch": torch.__version__, "torch_version": torch_version(), "driver": driver(), "date": str(date.today())}
    path.write_text(json.dumps(about | {"cells": cells}) + "\n")


def differences(golden: dict) -> list[tuple[StepConfig, Peaks, Peaks]]:
    """Each step with what was predicted for the card and what was measured on it."""
    card = Device(**golden["card"] | {"capability": tuple(golden["card"]["capability"])})
    pairs = []
    for cell in golden["cells"]:
        config = StepConfig(**cell["config"] | {"hidden": tuple(cell["config"]["hidden"])})
        pairs.append((config, estimate(config, card, tuple(golden["torch_version"])).peaks, Peaks(**cell["peaks"])))
    return pairs


if __name__ == "__main__":
    record(Path(sys.argv[1]))
