"""Training: a seed gives a network again, whitening leaves no trace, pictures are moved but not spoilt."""

from dataclasses import replace
from statistics import mean

import pytest
import torch
from torch import nn

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, DATASETS, MNIST
from imgmlp.inference.classifier import evaluate
from imgmlp.training import batches, bench, engine, temperature, whitening
from imgmlp.training.augment import AUGMENTATIONS, Augmentation, augment
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import Diverged, Progress, Trained, new_model, train
from imgmlp.training.unrolled import Convolution


def run(config: TrainConfig, images, count: int = 2000) -> Trained:
    *_, last = train(config, images.pixels[:count], images.labels[:count])
    return last


@pytest.mark.parametrize("change", [
    {}, {"augment": True}, {"averaging": 0.99, "schedule": "one-cycle"}, {"components": 20}, {"hidden": (392, 16), "convolutions": (Convolution(2),)},
])  # fmt: skip
def test_a_seed_gives_the_same_network_again(digits, change):
    config = replace(TrainConfig(hidden=(16,)), **change)
    first, again, other = (run(one, digits).model.state_dict() for one in (config, config, replace(config, seed=1)))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_the_engine_is_the_plain_loop(digits, optimizer):
    """The lesson's loop in plain PyTorch, on the same batches, ends at the same loss."""
    config = TrainConfig(hidden=(16,), optimizer=optimizer, learning_rate=0.01, batch_size=100)
    pixels, labels = digits.pixels[:1000], digits.labels[:1000]
    torch.manual_seed(0)
    model = new_model(MNIST, (16,))
    plain = {
        "sgd": lambda: torch.optim.SGD(model.parameters(), 0.01),
        "momentum": lambda: torch.optim.SGD(model.parameters(), 0.01, momentum=0.9),
        "adam": lambda: torch.optim.Adam(model.parameters(), 0.01),
        "adamw": lambda: torch.optim.AdamW(model.parameters(), 0.01, weight_decay=0.0),
    }[optimizer]()
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(0))
    losses = []
    for batch in order.split(100):
        inputs = (pixels[batch].float() / 255 - 0.1307) / 0.3081
        loss = nn.functional.cross_entropy(model(inputs), labels[batch])
        plain.zero_grad()
        loss.backward()
        plain.step()
        losses.append(loss.item())
    *events, trained = train(config, pixels, labels)
    steps = [0, *(event.step for event in events)]
    assert steps[1] == 1 and steps[-1] == 10
    for event, since in zip(events, steps):
        assert event.loss == pytest.approx(mean(losses[since : event.step]), rel=1e-5)
    for ours, theirs in zip(trained.model.parameters(), model.parameters()):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_what_the_recipes_add_is_the_plain_loops_too(digits):
    """A schedule, decayed weights, smoothed labels and averaged weights, in plain PyTorch and by hand."""
    config = TrainConfig(
        hidden=(16,), optimizer="adamw", learning_rate=0.01, batch_size=100, epochs=3, schedule="one-cycle", weight_decay=0.3, label_smoothing=0.1, averaging=0.9,
    )  # fmt: skip
    pixels, labels = digits.pixels[:1000], digits.labels[:1000]
    torch.manual_seed(0)
    model, generator = new_model(MNIST, (16,)), torch.Generator().manual_seed(0)
    plain = torch.optim.AdamW(model.parameters(), 0.01, weight_decay=0.3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(plain, 0.01, 30, pct_start=0.1, cycle_momentum=False)
    average, step = [one.detach().clone() for one in model.parameters()], 0
    for _ in range(3):
        for batch in torch.randperm(1000, generator=generator).split(100):
            loss = nn.functional.cross_entropy(model((pixels[batch].float() / 255 - 0.1307) / 0.3081), labels[batch], label_smoothing=0.1)
            plain.zero_grad()
            loss.backward()
            plain.step()
            schedule.step()
            step += 1
            kept = min(0.9, step / (step + 10))
            average = [kept * old + (1 - kept) * new.detach() for old, new in zip(average, model.parameters())]
    for ours, theirs in zip(run(config, digits, 1000).model.parameters(), average):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_half_precision_is_another_way_to_nearly_the_same_network(digits):
    plain, half = (run(TrainConfig(hidden=(16,), bf16=bf16), digits).model for bf16 in (False, True))
    apart = max((one - other).abs().max() for one, other in zip(plain.parameters(), half.parameters()))
    assert 1e-4 < apart < 0.05


def test_pictures_are_counted_as_they_come(digits, monkeypatch):
    """The last batch of an epoch is smaller."""
    monkeypatch.setattr(engine, "EVENT_SECONDS", 0)
    events = train(TrainConfig(hidden=(8,), batch_size=300, epochs=2), digits.pixels[:1000], digits.labels[:1000])
    counts = [round(one.images_per_second * one.seconds) for one in events if isinstance(one, Progress)]
    assert counts == [300, 600, 900, 1000, 1300, 1600, 1900, 2000]


def test_progress_counts_every_step(digits):
    events = list(train(TrainConfig(hidden=(8,), batch_size=300, epochs=2), digits.pixels[:1000], digits.labels[:1000]))
    last = events[-2]
    assert isinstance(last, Progress) and (last.step, last.steps, last.epoch) == (8, 8, 2)
    assert isinstance(events[-1], Trained) and not events[-1].model.training


def test_the_probe_tells_the_accuracy_on_other_pictures(digits):
    probe = digits.pixels[2000:2500], digits.labels[2000:2500]
    *_, progress, last = train(TrainConfig(hidden=(16,), learning_rate=0.01), digits.pixels[:2000], digits.labels[:2000], probe)
    right = evaluate(last.model, digits.take(torch.arange(2000, 2500))).accuracy
    assert progress.accuracy == pytest.approx(right, abs=1e-6) and right > 0.6
    assert progress.peak_bytes > 1e6


@pytest.mark.parametrize("optimizer, rate", [("sgd", 10.0), ("adam", 10.0), ("momentum", 5.0)])
def test_a_run_that_diverges_is_stopped(digits, optimizer, rate):
    config = TrainConfig(hidden=(64, 64), optimizer=optimizer, learning_rate=rate, epochs=3)
    with pytest.raises(Diverged):
        list(train(config, digits.pixels[:4000], digits.labels[:4000]))


def test_bench_runs_both_loops_to_the_same_accuracy(digits):
    found = bench.bench(digits.take(torch.arange(6000)), digits.take(torch.arange(6000, 10_000)), "cpu", rounds=2)
    assert abs(found.lesson.accuracy - found.ours.accuracy) < 0.03 and found.ours.accuracy > 0.8
    assert found.times_faster == found.lesson.seconds / found.ours.seconds > 1


@pytest.mark.parametrize("hidden", [(8,), (8, 6)])
def test_folded_whitening_answers_as_whitening_did(photographs, hidden):
    inputs = (photographs.pixels[:300].float() / 255 - 0.5) / 0.5
    whiten = whitening.fit(inputs, 40)
    columns = whiten(inputs).flatten(1)
    assert columns.std() == pytest.approx(1, rel=0.01)
    trained = new_model(replace(CIFAR10, shape=(40, 1, 1)), hidden)
    folded = whitening.fold(trained, whiten, new_model(CIFAR10, hidden))
    assert torch.allclose(folded(inputs), trained(whiten(inputs)), atol=1e-4)


@pytest.mark.parametrize("name", list(DATASETS))
def test_augmented_pictures_stay_pictures(name, digits, photographs):
    pixels = (digits if name == "mnist" else photographs).pixels[:200]
    changed = augment(pixels, AUGMENTATIONS[name], torch.Generator().manual_seed(0))
    assert changed.shape == pixels.shape and changed.min() >= 0 and changed.max() <= 1.001
    assert changed.mean().item() == pytest.approx((pixels / 255).mean().item(), rel=0.05)
    assert not torch.allclose(changed, pixels / 255, atol=0.05)


def test_sharp_pictures_are_moved_by_whole_pixels_and_keep_every_value(photographs):
    whole = []
    for share in (1.0, 0.5):
        changed = 255 * augment(photographs.pixels[:400], replace(AUGMENTATIONS["cifar10"], sharp=share), torch.Generator().manual_seed(0))
        whole.append(((changed - changed.round()).abs().amax((1, 2, 3)) < 1e-3).float().mean().item())
    assert whole[0] == 1 and whole[1] == pytest.approx(0.5, abs=0.1)


def test_a_config_may_say_how_pictures_are_changed(photographs):
    """Here by at most two whole pixels and as in a mirror: within the border the pictures are the very same."""
    by_pixels = Augmentation(turn_degrees=0, scale=0, shear=0, shift_pixels=2, mirror=True, sharp=1)
    config = TrainConfig(dataset="cifar10", augment=True, augmentation=by_pixels)
    originals = photographs.pixels[:30] / 255
    for changed, original in zip(batches.prepare(photographs.pixels[:30], config, torch.Generator().manual_seed(0)), originals):
        windows = [side[:, down : down + 28, right : right + 28] for side in (original, original.flip(2)) for down in range(5) for right in range(5)]
        assert min((changed[:, 2:30, 2:30] - window).abs().max() for window in windows) < 1e-4


STILL = Augmentation(turn_degrees=0, scale=0, shear=0, shift_pixels=0)


def test_strokes_are_thickened_and_thinned_towards_their_neighbours(digits):
    before = digits.pixels[:200] / 255
    after = augment(digits.pixels[:200], replace(STILL, thicken=0.8), torch.Generator().manual_seed(0))
    thicker = nn.functional.max_pool2d(before, 3, 1, 1)
    thinner = -nn.functional.max_pool2d(-nn.functional.pad(before, (1, 1, 1, 1)), 3, 1)
    shares = []
    for old, new, more, less in zip(before, after, thicker, thinner):
        towards = (more if new.sum() > old.sum() else less) - old
        share = ((new - old) * towards).sum() / towards.square().sum()
        assert torch.allclose(new, old + share * towards, atol=1e-4)
        shares.append(share.item() if new.sum() > old.sum() else -share.item())
    assert min(shares) < -0.7 and max(shares) > 0.7 and abs(mean(shares)) < 0.1


def test_digits_are_bent_by_so_many_pixels_smoothly():
    """Of a ramp from left to right each pixel says where it came from."""
    ramp = torch.arange(28).mul(9).expand(500, 1, 28, 28).byte()
    moved = augment(ramp, replace(STILL, bend_pixels=0.65), torch.Generator().manual_seed(0))[:, 0, 4:-4, 4:-4] * 255 / 9 - torch.arange(4, 24)
    assert 0.45 < moved.std() < 0.75 and abs(moved.mean()) < 0.05
    assert moved.diff(dim=1).std() < 0.25  # from row to row


def test_augmented_digits_are_still_read(digits):
    model = checkpoints.shipped("mnist")
    changed = augment(digits.pixels[:2000], AUGMENTATIONS["mnist"], torch.Generator().manual_seed(0))
    assert (model(model.normalise(changed)).argmax(1) == digits.labels[:2000]).float().mean() > 0.97


def test_temperature_makes_confidence_honest_and_changes_no_answer(network, digits, photographs):
    images = digits if network.dataset == "mnist" else photographs
    before = evaluate(network, images)
    temperature.fold(network, 0.25)  # as a network that is far too sure
    sure = evaluate(network, images)
    temperature.fold(network, temperature.fit(network, images))
    after = evaluate(network, images)
    assert torch.equal(before.predictions, after.predictions)
    assert after.calibration_error < sure.calibration_error / 2
    nll = lambda found: -found.probabilities.gather(1, images.labels[:, None]).clamp_min(1e-12).log().mean()
    assert nll(after) <= nll(before) + 1e-6 and nll(after) < nll(sure)


def test_class_accuracies_and_calibration_are_the_definitions(network, digits, photographs):
    images = digits if network.dataset == "mnist" else photographs
    found = evaluate(network, images)
    right = (found.predictions == images.labels).double()
    for label in range(10):
        assert found.class_accuracy[label] == pytest.approx(right[images.labels == label].mean().item(), abs=1e-6)
    confidence = found.probabilities.max(1).values.double()
    gaps = 0.0
    for lower in range(15):  # Guo et al. 2017, equation 3
        inside = (confidence >= lower / 15) & ((confidence < (lower + 1) / 15) | (lower == 14))
        if inside.any():
            gaps += inside.double().mean() * (right[inside].mean() - confidence[inside].mean()).abs()
    assert found.calibration_error == pytest.approx(float(gaps), abs=1e-4)
