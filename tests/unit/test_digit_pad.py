"""The pad's value becomes the picture that was on the screen, or one sentence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgmlp import checkpoints
from imgmlp.inference.classifier import classify
from imgmlp.inference.preprocess import PictureError
from imgmlp.ui.shared.digit_pad import MAX_CHARACTERS, drawing
from tests.pictures import SEVEN, THREE, strokes


@pytest.mark.parametrize("points, digit", [(SEVEN, "7"), (THREE, "3")])
def test_strokes_are_read(points, digit):
    assert classify(checkpoints.shipped("mnist"), drawing(strokes(points))).label == digit


def test_an_inverted_pad_is_the_negative():
    plain, inverted = (np.asarray(drawing(prefix + strokes(SEVEN))).astype(int) for prefix in ("", "~"))
    assert np.abs(plain + inverted - 255).max() <= 1  # the soft edges are rounded


def test_a_tap_leaves_a_dot_beside_a_stroke():
    line = strokes([(0.2, 0.2), (0.2, 0.8)])
    alone, both = ((np.asarray(drawing(one)) < 128).sum() for one in (line, f"{line}.{strokes([(0.5, 0.5)])}"))
    assert 150 < both - alone < 450  # a disc 18/256 of 280 px across


@pytest.mark.parametrize("points", [[(0.5, 0.5)], [(0.5, 0.5), (0.53, 0.5), (0.5, 0.52)]])
def test_a_dot_alone_is_nothing_to_read_yet(points):
    with pytest.raises(PictureError, match="draw something"):
        drawing(strokes(points))


@pytest.mark.parametrize("blank", ["", "~", None])
def test_a_blank_pad_is_told_to_draw_something(blank):
    with pytest.raises(PictureError, match="draw something"):
        drawing(blank)


@pytest.mark.parametrize("payload", ["!", "AAA", "AA==", ".", "A" * (MAX_CHARACTERS + 4), "~~AAAA", float("nan"), 7, [1, 2], {"a": 1}, True, "笔"])
def test_what_is_no_drawing_gets_its_sentence(payload):
    with pytest.raises(PictureError, match="cannot be read|draw something"):
        drawing(payload)


@given(st.one_of(st.text(max_size=200), st.text("AZaz09+/=.~", max_size=200)))
def test_any_text_is_a_drawing_or_gets_a_sentence(payload):
    try:
        assert drawing(payload).size == (280, 280)
    except PictureError as error:
        assert error.key in ("drawing", "empty")
