"""The lesson's steps: each is a link that can be followed whole, and its words name what is really on the page."""

import re

import pytest

from imgmlp.data.datasets import DATASETS, MNIST, load
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import Diverged, parameter_count, train
from imgmlp.ui.shared import lesson, links
from imgmlp.ui.shared.text import TEXTS

QUOTED = re.compile("“([^”]*)”")


@pytest.mark.parametrize("step", range(1, len(lesson.STEPS) + 1))
def test_every_step_is_a_link_that_can_be_followed_whole(step):
    values, wrong = links.read(lesson.query(step))
    assert values.keys() == lesson.query(step).keys() and not wrong


@pytest.mark.parametrize("language", TEXTS)
def test_what_a_step_quotes_is_on_the_page(language):
    texts = TEXTS[language]
    named = {name for step in lesson.STEPS for name in QUOTED.findall(texts[f"lesson.{step}"])}
    labels = {text for key, text in texts.items() if not key.startswith("lesson.")}
    assert len(named) > 5 and named <= labels


@pytest.mark.parametrize("language", TEXTS)
def test_the_figures_in_the_steps_are_true(language):
    texts = TEXTS[language]
    parameters = parameter_count(MNIST, (128,))
    assert f"784 × 128 + 128 + 128 × 10 + 10 = {parameters:,}" in texts["lesson.network"]
    assert f"{parameters:,}" in texts["lesson.memory"] and f"{4 * parameters:,}" in texts["lesson.memory"]
    for spec in DATASETS.values():
        assert f"(x − {spec.mean[0]}) / {spec.std[0]}" in texts["lesson.normalise"]
    assert "(3, 32, 32)" in texts["lesson.colour"] and "3,072" in texts["lesson.colour"]


def test_the_rate_that_is_too_fast_is():
    asked, _ = links.read(lesson.query([*lesson.STEPS].index("rate") + 1))
    images = load(MNIST, "train")
    config = TrainConfig("mnist", optimizer=asked["optimizer"], learning_rate=asked["lr"], batch_size=asked["batch"], epochs=asked["epochs"])
    with pytest.raises(Diverged):
        list(train(config, images.pixels, images.labels))
