"""The networks of a session, when files of the shipped ones are damaged: what does not need them goes on."""

import shutil

import pytest
import torch

from imgmlp import checkpoints
from imgmlp.checkpoints import CheckpointError
from imgmlp.inference import classifier, familiarity
from imgmlp.inference.preprocess import Prepared
from imgmlp.training.engine import TrainConfig
from imgmlp.training.run import Run
from imgmlp.ui.shared import networks
from tests.pictures import THREE, drawn

OWN = Run(TrainConfig(), 1)


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
    assert not networks.strange("mnist", three, None)


def test_ones_own_network_needs_no_shipped_one(damaged, three):
    damaged("model.safetensors", 1000)
    assert not networks.strange("mnist", three, OWN)


def test_by_its_looks_alone_noise_is_strange_to_ones_own_network():
    noise = Prepared(torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(0)), ())
    static = classifier.answer(checkpoints.shipped("mnist"), noise)
    assert networks.strange("mnist", static, None) and networks.strange("mnist", static, OWN)

