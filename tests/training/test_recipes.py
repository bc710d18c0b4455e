"""The recipes of the shipped networks: they choose on held-out pictures, write what they did, and go on after an interruption."""

import json
from dataclasses import replace

import pytest
import safetensors.torch
import torch
from torch.nn.functional import avg_pool2d

from imgmlp import checkpoints
from imgmlp.data.datasets import DATASETS, MNIST, Source, load
from imgmlp.inference import familiarity
from imgmlp.inference.classifier import evaluate
from imgmlp.training import recipes
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import parameter_count
from imgmlp.training.recipes import LargeNetwork, Recipe
from imgmlp.training.teacher import TeacherConfig
from imgmlp.training.unrolled import Convolution


@pytest.fixture
def recipe(monkeypatch, digits):
    """One small enough to be tried, on test digits."""
    monkeypatch.setattr(recipes, "HELD_OUT", {"mnist": 500})
    monkeypatch.setattr(recipes, "load", lambda spec, split, root: replace(digits.take(torch.arange(2000)), source=Source("given")))
    monkeypatch.setattr(type(digits), "whole", True)
    return Recipe(TrainConfig(hidden=(16,), batch_size=300, learning_rate=0.01, epochs=2), TeacherConfig(channels=(4, 8), epochs=1))


UNROLLED = {
    "pupil": TrainConfig(hidden=(392, 16), convolutions=(Convolution(2),), batch_size=300, learning_rate=0.01, epochs=2, views=1),
    "freed": TrainConfig(hidden=(392, 16), batch_size=300, epochs=1),
    "smallest": 0.002,
}


@pytest.mark.parametrize("changes", [{}, {"teacher": None}, {"teacher": LargeNetwork(temperature=2)}, {"large": True}, UNROLLED])
def test_a_recipe_chooses_on_held_out_pictures_and_writes_what_it_did(tmp_path, recipe, changes):
    best = recipes.pretrain(replace(recipe, **changes), tmp_path, None, lambda line: None)
    record = json.loads((tmp_path / "recipe.json").read_text())
    held_out = {seed["seed"]: seed["held_out_accuracy"] for seed in record["seeds"]}
    assert best.seed == max(held_out, key=held_out.get) and len(held_out) == len(recipe.seeds)
    assert f"{best.test.accuracy:.2%}" in (tmp_path / "README.md").read_text()
    assert torch.equal(checkpoints.load(tmp_path).linears[0].weight, best.model.linears[0].weight)
    assert {tensor.dtype for tensor in safetensors.torch.load_file(tmp_path / "model.safetensors").values()} == {torch.bfloat16}
    files = {"README.md", "config.json", "model.safetensors", "recipe.json"} | ({familiarity.FILE} if changes.get("large") else set())
    assert {path.name for path in tmp_path.iterdir()} == files


def test_half_of_the_held_out_digits_are_by_people_who_wrote_no_others():
    """Every second of MNIST's comes writer by writer: the digit that is likest to it is often at hand."""
    images = load(MNIST, "train")
    rest, held_out = recipes._split(images, 5000)
    assert torch.equal(rest.indices, torch.arange(55_000)) and torch.equal(held_out.indices, torch.arange(55_000, 60_000))
    rows = avg_pool2d(images.pixels / 255, 2).flatten(1)
    asked = torch.arange(1, 60_000, 150)
    distances = torch.cdist(rows[asked], rows)
    distances[torch.arange(len(asked)), asked] = torch.inf
    near = (distances.argmin(1) - asked).abs() <= 100
    assert near.float().mean() > 15 * 200 / 60_000  # of what chance would give


def test_a_recipe_that_was_interrupted_goes_on(tmp_path, recipe, monkeypatch):
    whole = recipes.pretrain(recipe, tmp_path / "whole", None, lambda line: None)
    lines = []

    def interrupted(line: str) -> None:
        lines.append(line)
        if line.startswith("seed 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recipes.pretrain(recipe, tmp_path / "again", None, interrupted)
    lines.clear()
    resumed = recipes.pretrain(recipe, tmp_path / "again", None, lines.append)
    assert not [line for line in lines if line.startswith("teacher") or line.startswith(("seed 0, ", "seed 1, "))]
    assert [line for line in lines if line.startswith("seed 2, ")]
    assert torch.allclose(resumed.model.linears[0].weight, whole.model.linears[0].weight) and resumed.seed == whole.seed


def test_a_recipe_goes_on_on_another_device(tmp_path):
    """Finished seeds are kept when a GPU comes or goes."""
    on_cpu, on_gpu = (recipes.recipe_for("mnist", device=device) for device in ("cpu", "cuda"))
    (recipes._unfinished(tmp_path, on_cpu) / "0.json").write_text("{}")
    assert (recipes._unfinished(tmp_path, on_gpu) / "0.json").exists()
    assert not (recipes._unfinished(tmp_path, recipes.recipe_for("mnist", large=True)) / "0.json").exists()


def test_a_network_is_stored_in_half_of_the_bytes_and_answers_alike(tmp_path):
    small = checkpoints.shipped("mnist")
    images = load(MNIST, "test").take(torch.arange(1000))
    checkpoints.save(checkpoints.shipped("mnist").bfloat16(), tmp_path)
    stored = checkpoints.load(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 2.1 * small.parameter_count
    assert stored.linears[0].weight.dtype == torch.float32
    assert abs(evaluate(stored, images).accuracy - evaluate(small, images).accuracy) <= 0.001


def test_every_recipe_can_be_had_and_fits_into_ten_mebibytes():
    for dataset in DATASETS:
        for large in (False, True):
            chosen = recipes.recipe_for(dataset, large)
            assert chosen.pupil.dataset == dataset and not (chosen.teacher and chosen.pupil.label_smoothing)  # what a teacher says is smooth already
            assert 2 * parameter_count(DATASETS[dataset], chosen.pupil.hidden) < 10 * 2**20
