"""The networks of a session, when files of the shipped ones are damaged: what does not need them goes on."""

import shutil

import pytest
import torch

from imgmlp import checkpoints
from imgmlp.checkpoints import CheckpointError
from imgmlp.inference import classifier, familiarity
from imgmlp.inference.preprocess import Prepared
from imgmlp.ui.shared import networks
from imgmlp.ui.shared.networks import LARGE, SHIPPED
from tests.pictures import THREE, drawn

OWN = 1  # the number of a user's run


@pytest.fixture
def three():
    return classifier.classify(checkpoints.shipped("mnist"), drawn(THREE))


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """Cuts a file of the shipped MNIST network short, in a copy."""
    shutil.copytree(checkpoints.ROOT, tmp_path / "checkpoints")
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path / "checkpoints")

    def damage(name: str, keep: int) -> None:
        path = checkpoints.ROOT / checkpoints.SHIPPED["mnist"] / name
        path.write_bytes(path.read_bytes()[:keep])
        networks.familiarity.cache_clear()

    yield damage
    networks.familiarity.cache_clear()


@pytest.mark.parametrize("keep", [0, 7, 100, 1000, 1_000_000])
def test_without_what_tells_strangers_an_answer_comes_without_a_notice(damaged, three, keep):
    damaged("familiarity.safetensors", keep)
    with pytest.raises(CheckpointError, match="damaged"):
        familiarity.load(checkpoints.ROOT / checkpoints.SHIPPED["mnist"])
    assert not networks.strange("mnist", three, SHIPPED)


def test_ones_own_network_needs_no_shipped_one(damaged, three):
    damaged("model.safetensors", 1000)
    assert not networks.strange("mnist", three, OWN)


def test_by_its_looks_alone_noise_is_strange_to_ones_own_network():
    noise = Prepared(torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0)), ())
    static = classifier.answer(checkpoints.shipped("mnist"), noise)
    assert networks.strange("mnist", static, SHIPPED) and networks.strange("mnist", static, OWN)



@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_the_large_network_is_better_and_costs_more(dataset):
    small, large = (networks.facts(dataset, [], number) for number in (SHIPPED, LARGE))
    assert small.accuracy < large.accuracy < 1
    assert small.file_bytes < large.file_bytes < 10 * 2**20
    assert 0 < small.seconds < large.seconds < 0.1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"test_accuracy": "most"}'])
def test_a_damaged_record_is_told_as_a_damaged_checkpoint(damaged, content):
    (checkpoints.folder("mnist") / "recipe.json").write_text(content)
    with pytest.raises(CheckpointError, match="record"):
        networks.facts("mnist", [], SHIPPED)
