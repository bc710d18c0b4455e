"""What the Train tab makes of the end of a run."""

from dataclasses import replace

import pytest
import torch

from imgmlp.training import run as runs
from imgmlp.training.config import TrainConfig
from imgmlp.training.run import follow
from imgmlp.ui.demo import build
from imgmlp.ui.shared.text import TEXTS

ENGLISH = TEXTS["en"]
CHOSEN = 7  # its place among what `over` gives: after the six views and the table


@pytest.fixture
def two(monkeypatch, digits):
    monkeypatch.setattr(runs, "load", lambda spec, split: digits.take(torch.arange(2000)))
    *_, first = follow(TrainConfig(hidden=(8,), batch_size=500))
    return [replace(first, number=number) for number in (1, 2)]


@pytest.mark.parametrize("chosen, left", [(3, 2), (1, 1)])
def test_a_run_that_has_diverged_gives_way_and_who_chose_another_meanwhile_keeps_it(two, chosen, left):
    """The third one has; it is not among those that are kept."""
    [over] = [event.fn for event in build().fns.values() if event.name == "over"]
    given = over(False, 2, two, chosen, None)
    assert given[CHOSEN] == left and f'data-choice="{left}" aria-pressed="true"' in given[CHOSEN - 1]
    assert ("#2" in str(given[1])) == (chosen == 3)  # whose curves come back


def test_a_run_that_is_stopped_before_its_first_step_leaves_what_was_there(two):
    [over] = [event.fn for event in build().fns.values() if event.name == "over"]
    given = over(True, 2, two, 1, None)
    assert given[CHOSEN] == 1 and "#1" in given[1] and "polyline" in given[1] and ENGLISH["train.unlearned"] in given[0]


def test_nothing_is_left_of_a_first_run_that_has_diverged():
    [over] = [event.fn for event in build().fns.values() if event.name == "over"]
    given = over(False, 0, [], 1, None)
    assert given[CHOSEN] is None and given[CHOSEN - 1] == "" and "polyline" not in given[1]
