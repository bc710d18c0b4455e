"""A picture that is like nothing in the training set is told from those that are."""

import numpy as np
import pytest
import torch

from imgmlp import checkpoints
from imgmlp.checkpoints import CheckpointError
from imgmlp.data.datasets import DATASETS, MNIST, load
from imgmlp.inference import familiarity
from tests.strangers import STRANGERS, prepared


@pytest.fixture(params=DATASETS)
def dataset(request):
    return request.param


@pytest.fixture
def known(dataset):
    return familiarity.load(checkpoints.folder(dataset, large=True), DATASETS[dataset])


def share(known, network, images: torch.Tensor) -> float:
    return known.strangers(images, familiarity.energies(network, images)).float().mean().item()


def test_hardly_any_test_picture_is_a_stranger(dataset, known, digits, photographs):
    images = (digits if dataset == "mnist" else photographs).pixels.float() / 255
    assert share(known, checkpoints.shipped(dataset, large=True), images) < 0.02


@pytest.mark.parametrize("dataset, kind, least", [
    ("mnist", "noise", 0.95), ("mnist", "letters", 0.35), ("mnist", "scribbles", 0.6), ("mnist", "photographs", 0.7), ("cifar10", "noise", 0.95),
], indirect=["dataset"])  # fmt: skip
def test_strangers_are_told(dataset, known, kind, least):
    network = checkpoints.shipped(dataset, large=True)
    images = prepared(dataset, STRANGERS[dataset][kind](150, np.random.default_rng(7)))
    assert share(known, network, images) > least


def test_distance_is_to_the_nearest_training_picture(known):
    images = torch.rand(5, *((1, 28, 28) if len(known.centre) == 784 else (3, 32, 32)), generator=torch.Generator().manual_seed(0))
    places = (images.flatten(1) - known.centre) @ known.directions
    plain = torch.cdist(places, known.places, compute_mode="donot_use_mm_for_euclid_dist").amin(1)
    assert torch.allclose(known.strangeness(images, torch.zeros(5))[:, 0], plain, rtol=1e-3)


def test_limits_let_nearly_all_held_out_pictures_pass_and_are_kept(tmp_path):
    network, images = checkpoints.shipped("mnist"), load(MNIST, "test")
    training, held_out = images.take(torch.arange(5000)), images.take(torch.arange(5000, 10_000))
    fitted = familiarity.fit(network, training, held_out)
    assert 0.006 < share(fitted, network, held_out.pixels.float() / 255) < 0.0101
    familiarity.save(fitted, tmp_path)
    again, some = familiarity.load(tmp_path, MNIST), held_out.pixels[:50].float() / 255
    energy = familiarity.energies(network, some)
    assert torch.equal(again.strangeness(some, energy), fitted.strangeness(some, energy)) and torch.equal(again.limits, fitted.limits)


def test_without_a_file_nothing_is_known(tmp_path):
    with pytest.raises(CheckpointError, match="missing"):
        familiarity.load(tmp_path, MNIST)


def test_limits_are_not_drawn_from_a_handful_of_pictures(digits):
    with pytest.raises(ValueError, match="more than 100 held-out pictures"):
        familiarity.fit(checkpoints.shipped("mnist"), digits, digits.take(torch.arange(100)))
