"""A finished run as one zip file: the network, how it was trained, and a script that reads pictures with it without this project."""

import json
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import torch

from .. import checkpoints
from ..inference import preprocess
from .config import TrainConfig
from .run import Run

SCRIPT = Path(__file__).parent / "bundled" / "classify.py"


def bundle(run: Run) -> bytes:
    """The zip: model.safetensors and config.json, a checkpoint like any other; run.json; classify.py, to be run, and preprocess.py."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive, TemporaryDirectory() as folder:
        checkpoints.save(run.model(), folder)
        for path in (*sorted(Path(folder).iterdir()), SCRIPT, Path(preprocess.__file__)):
            archive.write(path, path.name)
        archive.writestr("run.json", json.dumps(_record(run), indent=2))
    return content.getvalue()


def command(config: TrainConfig) -> str:
    """The command that trains with a run's settings; where the run was not stopped before its end, it gives the same network again."""
    widths = " ".join(map(str, config.hidden))
    settings = f"--hidden {widths} --optimizer {config.optimizer} --lr {config.learning_rate!r} --batch-size {config.batch_size}"
    augment = " --augment" if config.augment else ""
    return f"python -m imgmlp train {config.dataset} {settings} --epochs {config.epochs}{augment} --seed {config.seed} --device {config.device}"


def _record(run: Run) -> dict:
    return {
        "command": command(run.config),
        "config": asdict(run.config),
        "steps": run.points[-1].step,
        "steps_planned": run.points[-1].steps,
        "seconds": run.seconds,
        "test_accuracy": run.test.accuracy if run.test else None,
        "torch": torch.__version__,
    }
