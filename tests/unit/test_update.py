"""The fused kernel called directly is the optimizer it stands in for."""

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from imgmlp.data.datasets import MNIST
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import make_optimizer, new_model
from imgmlp.training.step import training_step
from imgmlp.training.update import FusedUpdate


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_every_weight_is_the_optimizers_own_while_the_rate_moves(digits, optimizer, decay):
    config = TrainConfig(hidden=(16,), optimizer=optimizer, learning_rate=0.02, weight_decay=decay)
    trained = []
    for stand_in in (FusedUpdate, lambda own: own):
        torch.manual_seed(0)
        model = new_model(MNIST, config.hidden)
        own = make_optimizer(config, model)
        schedule, used = OneCycleLR(own, 0.02, 30, cycle_momentum=False), stand_in(own)
        for pixels, labels in zip(digits.pixels[:1920].split(64), digits.labels[:1920].split(64)):
            training_step(model, used, model.normalise(pixels.float() / 255), labels)
            schedule.step()
        trained.append(list(model.parameters()))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*trained))
