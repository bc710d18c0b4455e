"""Samples and the tensor lab: a seed means the same pictures everywhere, and each mistake is what plain PyTorch says it is."""

import hashlib
import statistics as plain

import numpy as np
import pytest
import torch
from torch.nn.functional import softmax

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, DATASETS, MNIST, load
from imgmlp.data.lab import MISTAKES, experiment, line_of, statistics, way
from imgmlp.data.samples import SampleError, draw, find
from imgmlp.inference.classifier import evaluate, read
from imgmlp.training import shuffled
from imgmlp.training.config import TrainConfig
from imgmlp.training.shuffled import figures, permutation, shuffle

GOLDEN = {  # SHA-256 of the pixels of draw(test, 24, seed 7), in order
    "mnist": "ccfaadb340c14369302df83ed8c5a30790105a5669b238301224bea6bfc75008",
    "cifar10": "b92e68f3153210e9b355eba2e08751450a26e3cea98f4c7752ea66124d9a79cc",
}


@pytest.fixture(params=["mnist", "cifar10"])
def images(request, digits, photographs):
    return digits if request.param == "mnist" else photographs


def test_a_seed_gives_the_same_pictures_on_every_machine(images):
    pixels = images.pixels[draw(images, 24, 7)].numpy()
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == GOLDEN[images.spec.name]


def test_official_files_and_starter_images_give_the_same_grid(images, monkeypatch, tmp_path):
    monkeypatch.delenv("IMGMLP_DATA", raising=False)
    monkeypatch.setattr("imgmlp.data.datasets.CACHE", tmp_path)
    starter = load(images.spec, "test")
    assert starter.source.kind == "starter"
    ours, theirs = (one.indices[draw(one, 30, 3, label=5)] for one in (starter, images))
    assert torch.equal(ours, theirs)


def test_another_seed_gives_other_pictures_and_none_twice(images):
    first, second = (draw(images, 100, seed).tolist() for seed in (1, 2))
    assert first != second and len(set(first)) == 100


def test_a_class_filter_keeps_the_class(images):
    assert set(images.labels[draw(images, 50, 0, label=4)].tolist()) == {4}


@pytest.mark.parametrize("count", [0, -1, 101, 1_000_000, None, 2.5, "ten", float("nan")])
def test_a_count_that_cannot_be_is_refused(digits, count):
    with pytest.raises(SampleError, match="from 1 to 100"):
        draw(digits, count, 0)


@pytest.mark.parametrize("seed", [-1, 2**32, None, 0.5])
def test_a_seed_that_cannot_be_is_refused(digits, seed):
    with pytest.raises(SampleError, match="seed must be"):
        draw(digits, 5, seed)


@pytest.mark.parametrize("label", [-2, 10, 99])
def test_a_class_that_does_not_exist_is_refused(digits, label):
    with pytest.raises(SampleError, match="no such class"):
        draw(digits, 5, 0, label)


@pytest.mark.parametrize("index", [-1, 10_000, 10**12])
def test_an_index_past_the_end_is_refused(digits, index):
    with pytest.raises(SampleError, match="no picture with this index"):
        find(digits, index)


def test_an_index_is_the_official_one(images):
    assert images.indices[find(images, int(images.indices[77]))] == images.indices[77]


def by_hand(image, names: set[str], mean: float, std: float) -> tuple[np.ndarray, np.ndarray]:
    """(what the network gets, what the screen gets), (C, H, W), in NumPy with loops over nothing but the rules."""
    channels, height, width = image.shape
    interleaved = image.transpose(1, 2, 0)
    chw = interleaved.ravel().reshape(channels, height, width) if "order" in names else image
    if "colours" in names and channels == 3:
        chw = np.stack([chw[2], chw[1], chw[0]])
    values = chw.astype(np.float64) if "range" in names else chw / 255.0
    for _ in range(2 if "twice" in names else 1):
        values = (values - mean) / std
    screen = values if "display" in names else values * std + mean
    return values, np.clip(screen, 0, 1)


@pytest.mark.parametrize("names", [set(), *({name} for name in MISTAKES), {"order", "colours"}, {"range", "twice"}, set(MISTAKES)], ids=str)
def test_each_mistake_is_the_one_that_it_says(images, names):
    spec = images.spec
    made = experiment(images.pixels[3], spec, names)
    inputs, screen = by_hand(images.pixels[3].numpy(), names, spec.mean[0], spec.std[0])
    assert np.allclose(made.inputs.numpy(), inputs, rtol=1e-5, atol=1e-5)
    assert np.allclose(made.shown.permute(2, 0, 1).numpy(), screen, atol=1e-5)
    assert made.shown.min() >= 0 and made.shown.max() <= 1


def test_done_right_the_screen_shows_the_picture_and_the_network_gets_what_it_was_trained_on(images):
    network = checkpoints.shipped(images.spec.name)
    made = experiment(images.pixels[0], images.spec)
    assert torch.allclose(made.shown.permute(2, 0, 1), images.pixels[0] / 255, atol=1e-6)
    expected = softmax(network(network.normalise(images.pixels[:1] / 255)), 1)
    assert torch.allclose(read(network, made.inputs[None]), expected, atol=1e-6)


def test_the_lines_that_are_shown_do_what_they_say(images):
    names = {"torch": torch, "pixels": images.pixels[5].permute(1, 2, 0)}
    exec(way(images.spec), names)
    made = experiment(images.pixels[5], images.spec)
    assert torch.allclose(names["inputs"], made.inputs, atol=1e-6) and torch.allclose(names["shown"], made.shown, atol=1e-6)
    assert names["shown"].shape == names["pixels"].shape and str(images.spec.mean[0]) in way(images.spec)


def test_mistakes_cost_the_network_its_answers():
    """Every mistake but the display's makes the CIFAR-10 network worse; the display's changes nothing that it reads."""
    images, model = load(CIFAR10, "test"), checkpoints.shipped("cifar10")
    chosen = draw(images, 100, 0)

    def right(*names: str) -> int:
        inputs = torch.stack([experiment(images.pixels[place], CIFAR10, names).inputs for place in chosen])
        return int((read(model, inputs).argmax(1) == images.labels[chosen]).sum())

    whole = right()
    assert right("display") == whole
    assert all(right(name) < whole for name in ("order", "colours", "range", "twice"))


def test_one_channel_has_no_order_to_confuse():
    images = load(MNIST, "test")
    assert torch.equal(experiment(images.pixels[0], MNIST, ["order"]).inputs, experiment(images.pixels[0], MNIST).inputs)


def test_the_lines_shown_are_the_lines_that_run():
    assert line_of(MISTAKES["order"].right) == "pixels.permute(2, 0, 1)"
    for mistake in MISTAKES.values():
        for step in (mistake.wrong, mistake.right):
            values = dict(pixels=torch.arange(48).reshape(4, 4, 3), image=torch.arange(48.0).reshape(3, 4, 4), inputs=torch.rand(3, 4, 4))
            values |= dict(mean=torch.tensor(0.5), std=torch.tensor(0.25))
            names = step.__code__.co_varnames[: step.__code__.co_argcount]
            assert torch.equal(eval(line_of(step), {}, values), step(*(values[name] for name in names)))


def test_statistics_are_the_definitions(images):
    pixels = experiment(images.pixels[0], images.spec).pixels
    found, values = statistics(pixels), [float(value) for value in pixels.flatten()]
    height, width, channels = *images.spec.shape[1:], images.spec.shape[0]
    assert found.shape == (height, width, channels) and found.dtype == "uint8" and found.size_bytes == len(values)
    assert (found.minimum, found.maximum) == (min(values), max(values))
    assert found.mean == pytest.approx(plain.fmean(values)) and found.std == pytest.approx(plain.pstdev(values))


def test_the_confusion_matrix_counts_every_picture(images):
    found = evaluate(checkpoints.shipped(images.spec.name), images)
    assert found.confusion.sum() == len(images) and found.confusion.diagonal().sum() == found.correct
    assert torch.equal(found.confusion.sum(1), images.labels.bincount())
    cell = found.read_as(4, 9) if images.spec is MNIST else found.read_as(3, 5)
    assert len(cell) == (found.confusion[4, 9] if images.spec is MNIST else found.confusion[3, 5]) > 0
    assert (found.confidences[cell].diff() <= 0).all()


@pytest.mark.parametrize("name", list(DATASETS))
def test_shuffling_moves_every_pixel_and_loses_none(name):
    spec = DATASETS[name]
    order = permutation(spec)
    assert torch.equal(order.sort().values, torch.arange(len(order)))
    pixels = torch.arange(2 * 3 * len(order)).view(2, 3, *spec.shape[1:])
    mixed = shuffle(pixels, spec)
    assert torch.equal(mixed[1, 2].flatten().sort().values, pixels[1, 2].flatten())
    assert torch.equal(mixed[0, 0].flatten(), pixels[0, 0].flatten()[order])
    assert (mixed != pixels).float().mean() > 0.99


def test_a_network_is_as_good_on_shuffled_pixels(digits):
    """A short run of the very comparison whose figures ship."""
    found = shuffled.compare(digits.take(torch.arange(8000)), digits.take(torch.arange(8000, 10_000)), seeds=range(2), epochs=3)
    assert found.means[0] > 0.85 and abs(found.means[0] - found.means[1]) < 0.02


@pytest.mark.parametrize("name", list(DATASETS))
def test_shipped_shuffle_figures_are_of_all_official_images(name):
    measured = figures(name)
    assert measured.source == "official files" and len(measured.plain) == len(measured.shuffled) == len(shuffled.SEEDS)
    assert TrainConfig().optimizer == "adam" and TrainConfig().batch_size == 64  # the recipe that the text names
