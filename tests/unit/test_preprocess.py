"""From any picture to the tensor: wherever, however and on whatever a digit stands, the network gets what it was trained on."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, MNIST
from imgmlp.inference.classifier import classify
from imgmlp.inference.preprocess import PictureError, prepare
from tests.canvases import canvas
from tests.pictures import SEVEN, THREE, drawn, photographed

DIGIT_STAGES = ["oriented", "composited", "grey", "polarity", "crop", "resized", "centred", "normalised"]


@pytest.fixture(scope="module")
def reader():
    model = checkpoints.shipped("mnist")
    return lambda picture, polarity="auto": classify(model, picture, polarity).label


def test_untouched_digits_reach_the_network_as_they_are(digits):
    for digit in digits.pixels[:300]:
        image = prepare(Image.fromarray(digit[0].numpy()), MNIST).image
        assert (image - digit / 255).abs().max() < 0.03  # full ink is stretched to 1; nothing moves


def test_digits_drawn_anywhere_in_any_way_are_read(digits, reader):
    random = np.random.default_rng(7)
    right = sum(
        reader(canvas(digit[0].numpy(), random)) == str(label) for digit, label in zip(digits.pixels[:500], digits.labels.tolist())
    )
    assert right >= 0.98 * 500


@pytest.mark.parametrize("width", [0.015, 0.03, 0.07, 0.12])
@pytest.mark.parametrize("points, digit", [(SEVEN, "7"), (THREE, "3")])
def test_thin_and_thick_strokes_are_read(reader, points, digit, width):
    assert reader(drawn(points, width=width)) == digit


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("points, digit", [(SEVEN, "7"), (THREE, "3")])
def test_pen_on_paper_in_uneven_light_is_read(reader, points, digit, seed):
    assert reader(photographed(points, seed)) == digit


def test_a_faint_speck_beside_a_photographed_digit_is_none_of_it():
    plain = photographed(SEVEN)
    values = np.array(plain)
    values[48:56, 64:72] = values[48:56, 64:72] * 0.67  # one pixel of the 150 x 113 that the ink is told from the paper by
    images = [prepare(picture, MNIST).image for picture in (plain, Image.fromarray(values))]
    assert (images[0] - images[1]).abs().max() < 0.05


@pytest.mark.parametrize("ink, paper", [(0, 255), (255, 0), (90, 160), (160, 90)])
def test_dark_on_light_and_light_on_dark_are_the_same(ink, paper):
    ours, plain = (prepare(drawn(THREE, ink=i, paper=p), MNIST).image for i, p in ((ink, paper), (0, 255)))
    assert (ours - plain).abs().max() < 0.03


def test_a_digit_that_fills_most_of_its_picture_is_read_once_its_polarity_is_given(reader):
    tight = drawn(THREE, width=0.3).crop((30, 0, 250, 280))
    assert (np.asarray(tight) == 0).mean() > 0.6  # more ink than paper, so that the paper is taken for the ink
    assert reader(tight) != "3"
    assert reader(tight, "dark") == "3"


@pytest.mark.parametrize("colour", [0, 255])
def test_ink_on_transparent_paper_is_read(reader, colour):
    ink = 255 - np.asarray(drawn(THREE))
    layers = np.stack([np.full_like(ink, colour)] * 3 + [ink], -1)
    assert reader(Image.fromarray(layers, "RGBA")) == "3"


def test_what_hides_under_full_transparency_does_not_count():
    ink = 255 - np.asarray(drawn(THREE))
    random = np.random.default_rng(0).integers(0, 256, (*ink.shape, 3), np.uint8)
    hidden = np.dstack([np.where(ink[..., None] > 0, 0, random), ink])
    clean = np.dstack([np.zeros_like(random), ink])
    assert torch.equal(*(prepare(Image.fromarray(layers, "RGBA"), MNIST).image for layers in (hidden, clean)))


@settings(max_examples=50, deadline=None)
@given(x=st.integers(0, 160), y=st.integers(0, 160), side=st.integers(60, 120))
def test_a_digits_place_does_not_matter(x, y, side):
    stroke = drawn(THREE, side=side)
    page = Image.new("L", (280, 280), 255)
    page.paste(stroke, (x, y))
    home = Image.new("L", (280, 280), 255)
    home.paste(stroke, (50, 50))
    assert torch.equal(prepare(page, MNIST).image, prepare(home, MNIST).image)


@pytest.mark.parametrize("mode, colour", [("L", 0), ("L", 255), ("L", 130), ("RGB", (9, 80, 200)), ("RGBA", (0, 0, 0, 0)), ("RGBA", (255, 0, 0, 255))])
def test_a_page_of_one_colour_is_empty(mode, colour):
    with pytest.raises(PictureError, match="draw something"):
        prepare(Image.new(mode, (200, 150), colour), MNIST)


def test_paper_with_light_and_grain_but_no_ink_is_empty():
    grain = np.random.default_rng(0).normal(0, 3, (300, 400))
    light = np.linspace(150, 230, 400)[None, :] + np.linspace(0, 20, 300)[:, None]
    with pytest.raises(PictureError, match="draw something"):
        prepare(Image.fromarray((light + grain).clip(0, 255).astype(np.uint8)), MNIST)


def test_the_stages_have_their_names_and_end_in_the_tensor():
    found = prepare(drawn(SEVEN), MNIST)
    assert [stage.name for stage in found.stages] == DIGIT_STAGES
    assert found.stages[5].picture.size[1] == 20
    assert found.stages[6].picture.size == (28, 28)
    assert np.array_equal(np.asarray(found.stages[6].picture), (found.image[0].numpy() * 255).round())
    photograph = prepare(Image.new("RGB", (90, 60), "red"), CIFAR10)
    assert [stage.name for stage in photograph.stages] == ["oriented", "composited", "crop", "resized", "normalised"]


def test_the_centre_of_mass_lies_in_the_middle():
    image = prepare(drawn(SEVEN), MNIST).image[0]
    places = torch.arange(28) + 0.5
    for axis in (0, 1):
        assert abs((image.sum(1 - axis) * places).sum() / image.sum() - 14.5) <= 0.51  # the pixel after the middle, as in MNIST


def test_photographs_keep_their_middle_square():
    picture = Image.new("RGB", (300, 100), "red")
    picture.paste((0, 0, 255), (100, 0, 200, 100))
    image = prepare(picture, CIFAR10).image
    assert torch.allclose(image, torch.tensor([0.0, 0.0, 1.0])[:, None, None].expand(3, 32, 32), atol=0.01)


def test_photographs_are_shrunk_by_averaging():
    board = np.indices((320, 320)).sum(0) % 2 * 255  # every second pixel white: picking pixels would give black or white
    image = prepare(Image.fromarray(board.astype(np.uint8)).convert("RGB"), CIFAR10).image
    assert (image - 0.5).abs().max() < 0.02


def test_a_transparent_photograph_lies_on_white():
    image = prepare(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), CIFAR10).image
    assert torch.equal(image, torch.ones(3, 32, 32))


def test_official_photographs_pass_unchanged(photographs):
    for pixels in photographs.pixels[:50]:
        image = prepare(Image.fromarray(pixels.permute(1, 2, 0).numpy()), CIFAR10).image
        assert torch.equal(image, pixels.float() / 255)


@settings(max_examples=150, deadline=None)
@given(
    pixels=st.one_of(
        arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))),
        arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4]))),
    ),
    spec=st.sampled_from([MNIST, CIFAR10]),
    polarity=st.sampled_from(["auto", "dark", "light"]),
)
def test_any_pixels_give_a_tensor_in_range_or_are_empty(pixels, spec, polarity):
    try:
        image = prepare(Image.fromarray(pixels), spec, polarity).image
    except PictureError as error:
        assert error.key == "empty" and spec is MNIST
    else:
        assert image.shape == spec.shape and image.dtype == torch.float32
        assert image.isfinite().all() and image.min() >= 0 and image.max() <= 1
