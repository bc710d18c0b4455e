"""The engine on CUDA: a captured step is the eager step, and never trains on what has been."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import one_hot

from imgmlp.data.datasets import MNIST
from imgmlp.inference.classifier import evaluate
from imgmlp.training import teacher
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import EagerStep, GraphedStep, make_optimizer, new_model, train
from imgmlp.training.teacher import TeacherConfig
from imgmlp.training.unrolled import Convolution

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA, and there is none here")]


@pytest.mark.parametrize("optimizer, bf16, taught", [
    ("sgd", False, False), ("momentum", False, False), ("adam", False, False), ("adamw", False, False), ("adamw", True, False), ("adamw", False, True),
])  # fmt: skip
def test_a_captured_step_is_the_eager_step(digits, optimizer, bf16, taught):
    config = TrainConfig(optimizer=optimizer, learning_rate=0.01, device="cuda", bf16=bf16)
    labels = digits.labels[:1280].cuda()
    targets = one_hot(labels, 10).float() if taught else labels
    losses = {}
    for kind, needs in ((EagerStep, ()), (GraphedStep, (targets,))):
        torch.manual_seed(0)
        model = new_model(MNIST, config.hidden).cuda()
        step = kind(config, model, make_optimizer(config, model), *needs)
        batches = (digits.pixels[:1280].cuda().float() / 255).split(64)
        losses[kind] = torch.stack([step(model.normalise(inputs), some) for inputs, some in zip(batches, targets.split(64))])
    assert torch.allclose(losses[EagerStep], losses[GraphedStep], rtol=1e-2 if bf16 else 1e-4)


def test_a_pupil_learns_from_a_teacher(digits):
    config = TrainConfig(device="cuda", batch_size=200, epochs=10, learning_rate=0.003, augment=True, components=100, bf16=True)
    images = digits.take(torch.arange(8000))
    answers = teacher.asked(teacher.teach(TeacherConfig(channels=(16, 32), epochs=8, learning_rate=0.1, device="cuda"), images, lambda line: None), MNIST)
    *_, last = train(config, images.pixels, torch.zeros_like(images.labels), teacher=answers)
    assert evaluate(last.model, digits.take(torch.arange(8000, 10_000))).accuracy > 0.8


def test_what_is_trained_as_convolutions_ends_as_an_mlp(digits):
    config = TrainConfig(device="cuda", hidden=(392, 16), convolutions=(Convolution(2),), batch_size=200, epochs=6, learning_rate=0.01, bf16=True)
    *_, last = train(config, digits.pixels[:8000], digits.labels[:8000])
    assert evaluate(last.model, digits.take(torch.arange(8000, 10_000))).accuracy > 0.9
    assert (last.model.linears[0].weight == 0).float().mean() > 0.95


def test_the_last_smaller_batch_is_trained_on_and_a_run_learns(digits):
    config = TrainConfig(device="cuda", batch_size=96, epochs=3)
    *_, last = train(config, digits.pixels[:8000], digits.labels[:8000])
    assert evaluate(last.model, digits.take(torch.arange(8000, 10_000))).accuracy > 0.9


def test_a_schedule_reaches_a_captured_step(digits):
    config = TrainConfig(device="cuda", batch_size=500, epochs=2)
    *_, constant = train(replace(config, learning_rate=config.learning_rate / 25), digits.pixels[:5000], digits.labels[:5000])  # where OneCycleLR begins
    *_, cycled = train(replace(config, schedule="one-cycle"), digits.pixels[:5000], digits.labels[:5000])
    weights = [one.model.linears[0].weight for one in (constant, cycled)]
    assert not torch.allclose(*weights)


def test_a_run_leaves_no_memory_behind(digits):
    before = torch.cuda.memory_allocated()
    list(train(TrainConfig(device="cuda", batch_size=500), digits.pixels[:5000], digits.labels[:5000]))
    torch.cuda.empty_cache()
    assert torch.cuda.memory_allocated() <= before + (64 << 20)  # cuBLAS keeps its workspaces
