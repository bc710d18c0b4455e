"""The networks of a session, when files of the shipped ones are damaged: what does not need them goes on."""

import shutil

import pytest
import safetensors.torch
import torch

from imgmlp import checkpoints
from imgmlp.checkpoints import CheckpointError
from imgmlp.data.datasets import MNIST
from imgmlp.inference import classifier, familiarity
from imgmlp.training.config import TrainConfig
from imgmlp.training.run import follow
from imgmlp.ui.shared import networks
from imgmlp.ui.shared.networks import LARGE, SHIPPED
from tests.pictures import THREE, drawn


@pytest.fixture
def three():
    return classifier.classify(checkpoints.shipped("mnist"), drawn(THREE))


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """Changes a file of a shipped MNIST network, in a copy."""
    shutil.copytree(checkpoints.ROOT, tmp_path / "checkpoints")
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path / "checkpoints")
    caches = (networks.watch, networks._shipped)

    def damage(name: str, content: bytes, large: bool = False) -> None:
        (checkpoints.folder("mnist", large) / name).write_bytes(content)
        for one in caches:
            one.cache_clear()

    yield damage
    for one in caches:
        one.cache_clear()


def test_a_shipped_network_is_read_once():
    assert networks.shipped("mnist") is networks.shipped("mnist", False) is networks.network("mnist", [], SHIPPED)


NOISE = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_noise_is_strange_and_a_drawn_digit_is_not(three):
    assert networks.strange("mnist", NOISE) and not networks.strange("mnist", three.prepared.image)


@pytest.mark.parametrize("name", [familiarity.FILE, "model.safetensors"])
@pytest.mark.parametrize("keep", [0, 7, 100, 1000, 300_000])
def test_without_what_tells_strangers_an_answer_comes_without_a_notice(damaged, name, keep):
    whole = (checkpoints.folder("mnist", large=True) / name).read_bytes()
    damaged(name, whole[:keep], large=True)
    assert not networks.strange("mnist", NOISE)


@pytest.mark.parametrize("change", [
    {"places": torch.zeros(())}, {"places": torch.zeros(10)}, {"places": torch.zeros(10, 3)}, {"centre": torch.zeros(3072), "directions": torch.zeros(3072, 48)},
    {"limits": torch.zeros(3)}, {"extra": torch.zeros(1)},
])  # fmt: skip
def test_what_tells_another_data_sets_strangers_is_not_used(damaged, change):
    whole = safetensors.torch.load_file(checkpoints.folder("mnist", large=True) / familiarity.FILE)
    damaged(familiarity.FILE, safetensors.torch.save(whole | change), large=True)
    assert not networks.strange("mnist", NOISE)


def test_ones_own_network_needs_no_shipped_one(damaged):
    *_, own = follow(TrainConfig(batch_size=10_000, hidden=(8,)), number=1)
    damaged("model.safetensors", b"nothing")
    with pytest.raises(CheckpointError):
        networks.network("mnist", [own], SHIPPED)
    model = networks.network("mnist", [own], 1)
    assert model.hidden == (8,) and networks.facts(model, [own], 1).accuracy == own.test.accuracy


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_the_large_network_is_better_and_costs_more(dataset):
    small, large = (networks.facts(networks.network(dataset, [], number), [], number) for number in (SHIPPED, LARGE))
    assert small.accuracy < large.accuracy < 1
    assert small.file_bytes < large.file_bytes < 10 * 2**20
    assert 0 < small.seconds < large.seconds < 0.1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"test_accuracy": "most"}'])
def test_a_damaged_record_is_told_as_a_damaged_checkpoint(damaged, content):
    (checkpoints.folder("mnist") / "recipe.json").write_text(content)
    with pytest.raises(CheckpointError, match="record"):
        networks.facts(networks.network("mnist", [], SHIPPED), [], SHIPPED)
