"""Training: a seed gives a network again, whitening leaves no trace, pictures are moved but not spoilt."""

import json
from dataclasses import replace
from statistics import mean

import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from imgmlp import checkpoints
from imgmlp.data.datasets import CIFAR10, DATASETS, MNIST, load
from imgmlp.inference import familiarity
from imgmlp.inference.classifier import evaluate
from imgmlp.model import MLP
from imgmlp.training import bench, engine, recipes, teacher, temperature, whitening
from imgmlp.training.augment import AUGMENTATIONS, augment
from imgmlp.training.engine import Diverged, Progress, SettingError, TrainConfig, Trained, new_model, parameter_count, train
from imgmlp.training.recipes import Recipe
from imgmlp.training.teacher import TeacherConfig
from imgmlp.training.unrolled import KERNEL, Convolution, Convolutional, prune, unroll


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


def test_bench_runs_both_loops_to_the_same_accuracy(monkeypatch, digits):
    monkeypatch.setattr(bench, "load", lambda spec, split, root: digits.take(torch.arange(6000) if split == "train" else torch.arange(6000, 10_000)))
    found = bench.bench("cpu", rounds=2)
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


@pytest.mark.parametrize("spec, hidden, convolutions", [
    (MNIST, (392, 147, 147, 6), (Convolution(2), Convolution(3), Convolution(3, stride=1))), (CIFAR10, (512,), (Convolution(2),)),
])  # fmt: skip
def test_an_unrolled_network_answers_as_its_convolutions_did(spec, hidden, convolutions):
    model = new_model(spec, hidden)
    convolutional = Convolutional(model, convolutions)
    inputs = 1 + 2 * torch.randn(50, *spec.shape)
    convolutional(inputs)  # moves what it normalises with
    assert torch.allclose(unroll(convolutional, model)(inputs), convolutional(inputs), atol=1e-4)
    pixels_seen = (model.linears[0].weight != 0).sum(1)
    assert pixels_seen.max() == spec.shape[0] * KERNEL**2 and pixels_seen.min() == spec.shape[0] * (KERNEL // 2 + 1) ** 2


def test_a_layer_that_is_no_convolution_is_refused():
    with pytest.raises(ValueError, match="392 units here, not 390"):
        Convolutional(new_model(MNIST, (390,)), (Convolution(2),))
    with pytest.raises(SettingError, match="no picture"):
        TrainConfig(hidden=(392,), convolutions=(Convolution(2),), components=20)


def test_what_is_trained_as_convolutions_ends_as_an_mlp_that_goes_on_with_every_weight_free(digits):
    begun = TrainConfig(hidden=(392, 16), convolutions=(Convolution(2),), learning_rate=0.01, epochs=3)
    model = run(begun, digits).model
    assert isinstance(model, MLP) and model.hidden == (392, 16)
    reading = lambda model: (model(model.normalise(digits.pixels[2000:3000] / 255)).argmax(1) == digits.labels[2000:3000]).float().mean()
    assert reading(model) > 0.8
    unseen = model.linears[0].weight == 0
    assert unseen.float().mean() > 0.95
    events = list(train(replace(begun, convolutions=(), learning_rate=1e-3, epochs=1), digits.pixels[:2000], digits.labels[:2000], start=model))
    assert events[0].loss < 1  # of its first batch, where new weights would be at 2.3
    freed = events[-1].model
    assert (freed.linears[0].weight[unseen] != 0).float().mean() > 0.5 and reading(freed) > 0.8


def test_small_weights_are_pruned(network):
    first = network.linears[0].weight.clone()
    prune(network, 0.01)
    assert torch.equal(network.linears[0].weight, torch.where(first.abs() < 0.01, 0, first)) and (network.linears[0].weight == 0).any()


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


def test_augmented_digits_are_still_read(digits):
    model = checkpoints.shipped("mnist")
    changed = augment(digits.pixels[:2000], AUGMENTATIONS["mnist"], torch.Generator().manual_seed(0))
    assert (model(model.normalise(changed)).argmax(1) == digits.labels[:2000]).float().mean() > 0.97


@pytest.fixture
def recipe(monkeypatch, digits):
    """One small enough to be tried, on test digits."""
    monkeypatch.setattr(recipes, "HELD_OUT", {"mnist": 500})
    monkeypatch.setattr(recipes, "load", lambda spec, split, root: replace(digits.take(torch.arange(2000)), source="given"))
    monkeypatch.setattr(type(digits), "whole", True)
    return Recipe(TrainConfig(hidden=(16,), batch_size=300, learning_rate=0.01, epochs=2), TeacherConfig(channels=(4, 8), epochs=1))


UNROLLED = {
    "pupil": TrainConfig(hidden=(392, 16), convolutions=(Convolution(2),), batch_size=300, learning_rate=0.01, epochs=2),
    "freed": TrainConfig(hidden=(392, 16), batch_size=300, epochs=1),
    "smallest": 0.002,
}


@pytest.mark.parametrize("changes", [{}, {"teacher": None}, {"large": True}, UNROLLED])
def test_a_recipe_chooses_on_held_out_pictures_and_writes_what_it_did(tmp_path, recipe, changes):
    best = recipes.pretrain(replace(recipe, **changes), tmp_path, None, lambda line: None)
    record = json.loads((tmp_path / "recipe.json").read_text())
    held_out = {seed["seed"]: seed["held_out_accuracy"] for seed in record["seeds"]}
    assert best.seed == max(held_out, key=held_out.get) and len(held_out) == len(recipe.seeds)
    assert f"{best.test.accuracy:.2%}" in (tmp_path / "README.md").read_text()
    assert torch.equal(checkpoints.load(tmp_path).linears[0].weight, best.model.linears[0].weight)
    kinds = {tensor.dtype for tensor in safetensors.torch.load_file(tmp_path / "model.safetensors").values()}
    assert kinds == {torch.bfloat16 if changes.get("large") else torch.float32}
    files = {"README.md", "config.json", "model.safetensors", "recipe.json"} | ({familiarity.FILE} if changes.get("large") else set())
    assert {path.name for path in tmp_path.iterdir()} == files


def test_a_recipe_that_was_interrupted_goes_on(tmp_path, recipe, monkeypatch):
    whole = recipes.pretrain(recipe, tmp_path / "whole", None, lambda line: None)
    lines = []

    def interrupted(line: str) -> None:
        lines.append(line)
        if line.startswith("seed 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recipes.pretrain(recipe, tmp_path / "again", None, interrupted)
    lines.clear()
    resumed = recipes.pretrain(recipe, tmp_path / "again", None, lines.append)
    assert not [line for line in lines if line.startswith("teacher") or line.startswith(("seed 0, ", "seed 1, "))]
    assert [line for line in lines if line.startswith("seed 2, ")]
    assert torch.allclose(resumed.model.linears[0].weight, whole.model.linears[0].weight) and resumed.seed == whole.seed


def test_a_recipe_goes_on_on_another_device(tmp_path):
    """Finished seeds are kept when a GPU comes or goes."""
    on_cpu, on_gpu = (recipes.recipe_for("mnist", taught=True, device=device) for device in ("cpu", "cuda"))
    (recipes._unfinished(tmp_path, on_cpu) / "0.json").write_text("{}")
    assert (recipes._unfinished(tmp_path, on_gpu) / "0.json").exists()
    assert not (recipes._unfinished(tmp_path, recipes.recipe_for("mnist")) / "0.json").exists()


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
    blended = engine._blended(images, 0.3, torch.Generator().manual_seed(0))
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
    list(train(TrainConfig(hidden=(8,), batch_size=200, trust=0.75, views=views), images.pixels, images.labels, teacher=even))
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
    list(train(TrainConfig(hidden=(8,), batch_size=200, epochs=5, augment=True, blend=0.5, views=2), images.pixels, images.labels, teacher=answers))
    first, second, third, *_ = (torch.cat(met[start : start + 3]).flatten(1) for start in range(0, 15, 3))
    brightness = lambda pictures: pictures.sum(1).sort().values
    assert sum(asked) == 2 * 600 + 5 * 600  # the second part by `step`
    assert torch.allclose(brightness(first), brightness(third), atol=1e-2) and not torch.equal(first, third)
    assert not torch.allclose(brightness(first), brightness(second), atol=1e-2)


def test_a_large_network_is_stored_in_half_of_the_bytes_and_answers_alike(tmp_path):
    small = checkpoints.shipped("mnist")
    images = load(MNIST, "test").take(torch.arange(1000))
    checkpoints.save(checkpoints.shipped("mnist").bfloat16(), tmp_path)
    stored = checkpoints.load(tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_size < 2.1 * small.parameter_count
    assert stored.linears[0].weight.dtype == torch.float32
    assert abs(evaluate(stored, images).accuracy - evaluate(small, images).accuracy) <= 0.001


def test_every_recipe_can_be_had_and_fits_into_ten_mebibytes():
    for dataset in DATASETS:
        for large in (False, True):
            chosen = recipes.recipe_for(dataset, large, taught=True)
            bytes_each = 2 if large else 4
            assert chosen.pupil.dataset == dataset and chosen.teacher and not chosen.pupil.label_smoothing
            assert bytes_each * parameter_count(DATASETS[dataset], chosen.pupil.hidden) < 10 * 2**20


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
