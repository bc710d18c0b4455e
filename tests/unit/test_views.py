"""What is said beside the pictures and plots is true of what is in them."""

from dataclasses import replace

import pytest
import torch

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, load
from imgmlp.data.lab import experiment
from imgmlp.inference import classifier
from imgmlp.memory.devices import DEVICES
from imgmlp.memory.estimate import estimate
from imgmlp.memory.step import StepConfig
from imgmlp.training.config import TrainConfig
from imgmlp.training.run import SECONDS_CAP, Point, Run
from imgmlp.ui.shared import explain, lab_view, memory_view, train_view
from imgmlp.ui.shared.text import TEXTS
from tests.pictures import THREE, drawn

ENGLISH = TEXTS["en"]


@pytest.fixture
def going():
    """A run that would take an hour."""
    points = tuple(Point(step, 36_000, 1, 1.0, 0.5, step / 10, 640.0, 0) for step in (1, 50, 100))
    return Run(TrainConfig(epochs=38), number=4, points=points, seconds=10.0)


def test_a_run_has_no_more_seconds_left_than_a_run_may_last(going):
    assert f"{SECONDS_CAP - 10} s left" in train_view.line(going, None)
    short = replace(going, points=tuple(replace(point, steps=200) for point in going.points))
    assert "10 s left" in train_view.line(short, None)


def test_a_curve_is_as_wide_as_the_run_can_come_far_and_names_its_run(going):
    loss, accuracy, _ = train_view.curves(going, None)
    assert ">1,000<" in loss and ">36,000<" not in loss and "30,000<" not in loss  # 10 steps a second, for two minutes
    assert "#4" in loss and "#4" in accuracy and f">{ENGLISH['train.step']}<" in loss


@pytest.mark.parametrize("mistakes, named", [((), "red"), (("twice",), "red"), (("colours",), "channel 0"), (("order",), "channel 0")])
def test_a_channel_is_called_red_where_it_is(mistakes, named):
    made = experiment(load(CIFAR10, "test").pixels[0], CIFAR10, mistakes)
    titles = [lab_view.values(made, name, 0, mistakes, None)["title"] for name in ("pixels", "image", "inputs")]
    assert titles[0].endswith("red") and all(title.endswith(named) for title in titles[1:])


def test_the_units_say_for_whom_they_speak():
    model = checkpoints.shipped("mnist")
    found = classifier.classify(model, drawn(THREE))
    assert "3 rather than 5" not in explain.loudest_units(model, found, 3, None, None)
    words = explain.loudest_units(model, found, 3, 5, None)
    assert "3 rather than 5" in words and "A unit with a minus speaks for 5." in words


def test_a_forward_pass_alone_is_said_to_need_nothing_of_the_backward_pass():
    device = DEVICES["h100"]
    words = {training: memory_view.table(estimate(config, device), config, None) for training in (True, False) for config in [StepConfig(training=training)]}
    assert "backward" in words[True] and "backward" not in words[False]


@pytest.mark.parametrize("batch", [64, 1024])
def test_where_the_parts_do_not_add_up_to_the_peak_it_is_said_why(batch):
    config = StepConfig(batch_size=batch)
    found = estimate(config, DEVICES["h100"], (2, 11))
    adds_up = sum(found.parts.values()) == found.peaks.requested_bytes
    assert (ENGLISH["memory.not_at_once"] in memory_view.table(found, config, None)) != adds_up
    assert adds_up == (batch == 64)
