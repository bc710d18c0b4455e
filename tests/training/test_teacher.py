"""A teacher is asked about what the pupil gets, and the pupil learns what it says."""

import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

from imgmlp.data.datasets import MNIST
from imgmlp.inference.classifier import evaluate
from imgmlp.model import MLP
from imgmlp.training import batches, engine, teacher
from imgmlp.training.batches import ask
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import train
from imgmlp.training.teacher import TeacherConfig


def test_a_pupil_learns_what_the_teacher_says(digits, monkeypatch):
    monkeypatch.setattr(teacher, "BATCH", 50)  # many steps from few pictures
    images = digits.take(torch.arange(3000))
    config = TeacherConfig(channels=(8, 16), epochs=4, learning_rate=0.05)
    answers = teacher.asked(teacher.teach(config, images, lambda line: None), images.spec)
    said = answers(images.pixels / 255)
    assert said.shape == (3000, 10) and torch.allclose(said.sum(1), torch.ones(3000), atol=1e-4)
    nonsense = torch.zeros(3000, dtype=torch.int64)
    *_, pupil = train(TrainConfig(hidden=(64,), batch_size=100, learning_rate=0.003, epochs=9), images.pixels, nonsense, teacher=answers)
    right = (said.argmax(1) == images.labels).float().mean()
    agrees = (evaluate(pupil.model, images).predictions == said.argmax(1)).float().mean()
    assert right > 0.85 and agrees > 0.85


def test_that_share_of_the_pictures_is_blended_and_its_own_picture_stays_the_stronger(digits):
    images = digits.pixels[:1000].float() / 255
    blended = batches._blended(images, 0.3, torch.Generator().manual_seed(0))
    changed = (blended != images).flatten(1).any(1)
    assert 0.25 < changed.float().mean() < 0.35
    assert 0.4 < (blended - images).abs().max() <= 0.5


def test_a_teacher_of_a_higher_temperature_says_more_of_the_other_classes(digits):
    model = teacher.new_teacher(1, 10, (4, 8)).eval()
    images = digits.pixels[:50].float() / 255
    plain, soft = (teacher.asked(model, MNIST, temperature)(images) for temperature in (1, 2))
    assert torch.allclose(soft, plain.sqrt() / plain.sqrt().sum(1, keepdim=True), atol=1e-3)


@pytest.mark.parametrize("blend", [0, 0.5])
def test_a_teacher_is_asked_about_the_very_pictures_that_the_pupil_gets(digits, blend):
    images = digits.take(torch.arange(600))
    seen, got = [], []

    def answers(pictures):
        seen.append(pictures.clone())
        return torch.full((len(pictures), 10), 0.1)

    def keep(module, inputs):
        if isinstance(module, MLP):
            got.append(inputs[0].clone())

    with register_module_forward_pre_hook(keep):
        *_, trained = train(TrainConfig(hidden=(8,), batch_size=200, augment=True, blend=blend), images.pixels, images.labels, teacher=answers)
    assert len(got) == 3 and torch.allclose(torch.cat(got), trained.model.normalise(torch.cat(seen)), atol=1e-5)


@pytest.mark.parametrize("views", [0, 1])
def test_what_a_teacher_is_not_trusted_with_stays_the_label(digits, monkeypatch, views):
    images = digits.take(torch.arange(600))
    met = []

    def step(model, optimizer, inputs, targets, smoothing):
        met.append(targets)
        return torch.tensor(1.0)

    monkeypatch.setattr(engine, "training_step", step)
    even = lambda pictures: torch.full((len(pictures), 10), 0.1)
    config = TrainConfig(hidden=(8,), batch_size=200, trust=0.75, views=views)
    asked = list(ask(config, images.pixels, images.labels, even))
    list(train(config, images.pixels, images.labels, teacher=even, views=asked))
    largest, learned = torch.cat(met).max(1)
    assert torch.allclose(largest, torch.tensor(0.75 * 0.1 + 0.25)) and torch.equal(learned.bincount(), images.labels.bincount())


def test_views_are_asked_about_once_and_met_again_with_what_was_said_of_them(digits, monkeypatch):
    images = digits.take(torch.arange(600))
    asked, met = [], []

    def answers(pictures):
        asked.append(len(pictures))
        return pictures.flatten(1)[:, 200:600:40].softmax(1)

    def step(model, optimizer, inputs, targets, smoothing):
        met.append(inputs * model.std + model.mean)
        assert torch.allclose(answers(met[-1]), targets, atol=1e-4)
        return torch.tensor(1.0)

    monkeypatch.setattr(engine, "training_step", step)
    config = TrainConfig(hidden=(8,), batch_size=200, epochs=5, augment=True, blend=0.5, views=2)
    views = list(ask(config, images.pixels, images.labels, answers))
    list(train(config, images.pixels, images.labels, views=views))
    first, second, third, *_ = (torch.cat(met[start : start + 3]).flatten(1) for start in range(0, 15, 3))
    brightness = lambda pictures: pictures.sum(1).sort().values
    assert sum(asked) == 2 * 600 + 5 * 600  # the second part by `step`
    assert torch.allclose(brightness(first), brightness(third), atol=1e-2) and not torch.equal(first, third)
    assert not torch.allclose(brightness(first), brightness(second), atol=1e-2)
