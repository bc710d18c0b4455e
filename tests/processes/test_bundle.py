"""A run's bundle works alone: in an empty folder, with torch, safetensors and Pillow, and nothing else, it gives the app's answers."""

import importlib.metadata
import io
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from imgmlp import checkpoints, cli
from imgmlp.inference.classifier import classify
from imgmlp.inference.preprocess import SENTENCES, open_picture
from imgmlp.training import run as runs
from imgmlp.training.bundle import bundle, command
from imgmlp.training.config import TrainConfig
from imgmlp.training.run import follow
from imgmlp.ui.classify import EXAMPLES
from tests.pictures import SEVEN, THREE, drawn, encoded, photographed


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with torch, safetensors, Pillow and what these cannot be imported without."""
    folder, wanted, seen = tmp_path_factory.mktemp("packages"), ["torch", "safetensors", "pillow"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a requirement of another platform
        for top in {file.parts[0] for file in distribution.files if not file.parts[0].startswith("..")}:
            target = folder / top
            if not target.exists():
                target.symlink_to(distribution.locate_file(top))
        needs = [need for need in distribution.requires or [] if "extra ==" not in need]
        wanted += [re.match(r"[\w.-]+", need).group() for need in needs]
    assert not (folder / "numpy").exists() and not (folder / "gradio").exists()
    return folder


@pytest.fixture(scope="module", params=["mnist", "cifar10"])
def run(request, digits, photographs):
    images = digits if request.param == "mnist" else photographs
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "load", lambda spec, split: images.take(torch.arange(900)))
        *_, last = follow(TrainConfig(dataset=request.param, hidden=(24, 16), epochs=2))
    return last


def script(folder: Path, packages: Path, *files: str) -> subprocess.CompletedProcess:
    environment = {"PYTHONPATH": str(packages), "PATH": os.environ["PATH"], "PYTHONNOUSERSITE": "1"}
    # -S: no site-packages but those of PYTHONPATH
    return subprocess.run([sys.executable, "-S", "classify.py", *files], cwd=folder, env=environment, capture_output=True, text=True)


def unpacked(run, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle(run))) as archive:
        archive.extractall(folder)


def test_the_bundle_gives_the_apps_probabilities_in_an_empty_folder(tmp_path, run, packages):
    unpacked(run, tmp_path)
    pictures = {"drawn.png": encoded(drawn(THREE)), "photo.jpg": encoded(photographed(SEVEN), "JPEG"), "frog.webp": EXAMPLES[0].read_bytes()}
    for name, content in pictures.items():
        (tmp_path / name).write_bytes(content)
    answers = [json.loads(line) for line in script(tmp_path, packages, *pictures).stdout.splitlines()]
    assert [one["file"] for one in answers] == list(pictures)
    for one in answers:
        ours = classify(run.model(), open_picture(tmp_path / one["file"]))
        assert one["label"] == ours.label
        assert list(one["probabilities"].values()) == pytest.approx(ours.probabilities, abs=1e-6)


def test_the_bundle_refuses_what_is_no_picture_in_one_sentence(tmp_path, run, packages):
    unpacked(run, tmp_path)
    (tmp_path / "note.txt").write_text("no picture")
    result = script(tmp_path, packages, "note.txt")
    *_, last = result.stderr.splitlines()  # torch warns first that there is no NumPy
    assert result.returncode == 1 and last == f"note.txt: {SENTENCES['unreadable']}" and "Traceback" not in result.stderr


def test_the_bundle_is_a_checkpoint_and_says_how_it_was_trained(tmp_path, run):
    unpacked(run, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classify.py", "config.json", "model.safetensors", "preprocess.py", "run.json"]
    assert torch.equal(checkpoints.load(tmp_path).linears[0].weight, run.model().linears[0].weight)
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["test_accuracy"] == run.test.accuracy and TrainConfig(**record["config"] | {"hidden": (24, 16), "convolutions": ()}) == run.config


@pytest.mark.parametrize("config", [TrainConfig(), TrainConfig("cifar10", (), "sgd", 0.05, batch_size=7, epochs=3, augment=True, seed=9), TrainConfig(hidden=(8, 4))])
def test_the_command_in_the_bundle_trains_with_the_same_settings(config, monkeypatch):
    class Asked(Exception):
        pass

    def train(config, *data):
        raise Asked(config)

    monkeypatch.setattr(cli.engine, "train", train)
    with pytest.raises(Asked) as asked:
        cli.main(shlex.split(command(config))[3:])
    assert asked.value.args == (config,)
