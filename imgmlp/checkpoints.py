"""Checkpoints: find, load, verify, save. A folder with config.json and model.safetensors."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError

from .model import MLP

ROOT = Path(__file__).parents[1] / "checkpoints"
SHIPPED = {"mnist": "mnist-mlp", "cifar10": "cifar10-mlp"}  # the lesson's networks
LARGE = {"mnist": "mnist-mlp-large", "cifar10": "cifar10-mlp-large"}  # as good as we can make an MLP whose file is under 10 MiB


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message is one sentence for the user."""


def folder(dataset: str, large: bool = False) -> Path:
    """Where a checkpoint that comes with the project is."""
    return ROOT / (LARGE if large else SHIPPED)[dataset]


def shipped(dataset: str, large: bool = False) -> MLP:
    """The checkpoint that comes with the project; raises CheckpointError if it is damaged."""
    return load(folder(dataset, large))


@dataclass(frozen=True)
class Record:
    """What the recipe of a shipped network wrote down of it."""

    accuracy: float  # 0..1, of the official test set
    convolutions: int  # how many of its layers began as convolutions


def record(dataset: str, large: bool = False) -> Record:
    """Of a checkpoint that comes with the project; raises CheckpointError if it is damaged."""
    try:
        written = json.loads((folder(dataset, large) / "recipe.json").read_text())
        return Record(float(written["test_accuracy"]), len(written["config"].get("convolutions", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"The record in {folder(dataset, large)} is damaged.") from error


def load(folder: str | Path) -> MLP:
    """The network of a folder, in eval mode, after checking its digest (where the config has one), names and shapes.

    Raises CheckpointError if a file is missing, damaged or of another network.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text())
        weights = (folder / "model.safetensors").read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"{folder} has no {Path(error.filename).name}.") from error
    except OSError as error:
        raise CheckpointError(f"The checkpoint in {folder} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CheckpointError(f"The checkpoint in {folder} cannot be read; its config.json is damaged.") from error
    if not isinstance(config, dict) or config.get("sha256", _digest(weights)) != _digest(weights):
        raise CheckpointError(f"The checkpoint in {folder} is damaged: its weights are not those its config.json names.")
    try:
        # Not `MLP.from_pretrained`: it reads the file anew, past the digest, and prints to stdout.
        model = MLP(**{name: value for name, value in config.items() if name != "sha256"})
        model.load_state_dict(safetensors.torch.load(weights))
        if model.normalise(torch.zeros(model.shape)).shape != model.shape:
            raise ValueError("a mean or std of other channels")
        return model.eval()
    except (SafetensorError, RuntimeError, TypeError, ValueError, KeyError) as error:
        raise CheckpointError(f"The checkpoint in {folder} is damaged, or of another network than its config.json says.") from error


def save(model: MLP, folder: str | Path) -> None:
    """Write config.json, with the weights' digest, and model.safetensors; whatever else is in the folder stays."""
    folder = Path(folder)
    card = folder / "README.md"
    had_one = card.exists()
    model.save_pretrained(folder)
    if not had_one:
        card.unlink(missing_ok=True)  # the mixin's own says nothing of the network
    path = folder / "config.json"
    digest = _digest((folder / "model.safetensors").read_bytes())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": digest}, indent=2) + "\n")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
