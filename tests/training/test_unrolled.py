"""What is trained as convolutions is, written out, the MLP that it says it is."""

from dataclasses import replace

import pytest
import torch

from imgmlp.data.datasets import CIFAR10, MNIST
from imgmlp.model import MLP
from imgmlp.training.config import SettingError, TrainConfig
from imgmlp.training.engine import new_model, train
from imgmlp.training.unrolled import KERNEL, Convolution, Convolutional, prune, unroll


@pytest.mark.parametrize("spec, hidden, convolutions", [
    (MNIST, (392, 147, 147, 6), (Convolution(2), Convolution(3), Convolution(3, stride=1))), (CIFAR10, (512,), (Convolution(2),)),
])  # fmt: skip
def test_an_unrolled_network_answers_as_its_convolutions_did(spec, hidden, convolutions):
    model = new_model(spec, hidden)
    convolutional = Convolutional(model, convolutions)
    inputs = 1 + 2 * torch.randn(50, *spec.shape)
    convolutional(inputs)  # moves what it normalises with
    assert torch.allclose(unroll(convolutional, model)(inputs), convolutional(inputs), atol=1e-4)
    pixels_seen = (model.linears[0].weight != 0).sum(1)
    assert pixels_seen.max() == spec.shape[0] * KERNEL**2 and pixels_seen.min() == spec.shape[0] * (KERNEL // 2 + 1) ** 2


def test_a_layer_that_is_no_convolution_is_refused():
    with pytest.raises(ValueError, match="392 units here, not 390"):
        Convolutional(new_model(MNIST, (390,)), (Convolution(2),))
    with pytest.raises(SettingError, match="no picture"):
        TrainConfig(hidden=(392,), convolutions=(Convolution(2),), components=20)


def test_what_is_trained_as_convolutions_ends_as_an_mlp_that_goes_on_with_every_weight_free(digits):
    begun = TrainConfig(hidden=(392, 16), convolutions=(Convolution(2),), learning_rate=0.01, epochs=3)
    *_, last = train(begun, digits.pixels[:2000], digits.labels[:2000])
    model = last.model
    assert isinstance(model, MLP) and model.hidden == (392, 16)
    reading = lambda model: (model(model.normalise(digits.pixels[2000:3000] / 255)).argmax(1) == digits.labels[2000:3000]).float().mean()
    assert reading(model) > 0.8
    unseen = model.linears[0].weight == 0
    assert unseen.float().mean() > 0.95
    events = list(train(replace(begun, convolutions=(), learning_rate=1e-3, epochs=1), digits.pixels[:2000], digits.labels[:2000], start=model))
    assert events[0].loss < 1  # of its first batch, where new weights would be at 2.3
    freed = events[-1].model
    assert (freed.linears[0].weight[unseen] != 0).float().mean() > 0.5 and reading(freed) > 0.8


def test_small_weights_are_pruned(network):
    first = network.linears[0].weight.clone()
    prune(network, 0.01)
    assert torch.equal(network.linears[0].weight, torch.where(first.abs() < 0.01, 0, first)) and (network.linears[0].weight == 0).any()
