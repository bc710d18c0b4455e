"""Evidence is exact: what the pixels and the bias gave adds up to the logit that the network computes forwards."""

import pytest
import torch

from imgmlp.data.datasets import DATASETS
from imgmlp.inference.evidence import evidence, units
from imgmlp.training.engine import new_model


@pytest.fixture
def images(network, digits, photographs):
    return (digits if network.dataset == "mnist" else photographs).pixels[:20].double() / 255


@torch.no_grad()
def forwards(network, image):
    return network.double()(network.normalise(image[None]))[0]


@pytest.mark.parametrize("label", [0, 3, 9])
def test_pixels_and_bias_add_up_to_the_logit(network, images, label):
    for image in images:
        found = evidence(network, image, label)
        assert found.pixels.sum().item() + found.bias == pytest.approx(forwards(network, image)[label].item(), rel=1e-5)


def test_three_and_not_five_adds_up_to_the_gap(network, images):
    for image in images:
        logits = forwards(network, image)
        assert evidence(network, image, 3, against=5).logit == pytest.approx((logits[3] - logits[5]).item(), rel=1e-5)


def test_blank_pixels_say_nothing(digits):
    from imgmlp import checkpoints

    image = digits.pixels[0].double() / 255
    found = evidence(checkpoints.shipped("mnist"), image, 7)
    assert (found.pixels[image == 0] == 0).all()
    assert found.pixels[image > 0].abs().sum() > 0


def test_the_units_and_the_last_bias_add_up_to_the_logit(network, images):
    everything = units(network, images[0], 3, count=128)
    total = sum(unit.contribution for unit in everything) + network.linears[-1].bias[3].item()
    assert total == pytest.approx(forwards(network, images[0])[3].item(), rel=1e-5)
    assert [abs(unit.contribution) for unit in everything] == sorted((abs(unit.contribution) for unit in everything), reverse=True)


@pytest.mark.parametrize("hidden", [[], [16], [24, 16, 8]])
def test_evidence_is_exact_at_any_depth(hidden, images, network):
    torch.manual_seed(1)
    other = new_model(DATASETS[network.dataset], hidden)
    logits = forwards(other, images[0])
    assert evidence(other, images[0], 2).logit == pytest.approx(logits[2].item(), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("label", [-1, 10])
def test_a_label_that_does_not_exist_is_refused(network, images, label):
    with pytest.raises(ValueError, match="is not one of the network's 10 classes"):
        evidence(network, images[0], label)
