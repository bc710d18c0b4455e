"""The shipped networks are the lesson's, and a damaged checkpoint is never used."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from imgmlp import checkpoints
from imgmlp.checkpoints import CheckpointError
from imgmlp.data.datasets import DATASETS
from imgmlp.inference.classifier import evaluate
from imgmlp.model import MLP
from imgmlp.training.card import model_card


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(checkpoints.ROOT / "mnist-mlp", tmp_path / "copy")


def test_the_networks_are_the_lessons(network):
    assert network.parameter_count == {"mnist": 101_770, "cifar10": 394_634}[network.dataset]
    assert list(network.hidden) == [128]


def test_the_networks_answer_as_well_as_promised(network, digits, photographs):
    images, promised = (digits, 0.9900) if network.dataset == "mnist" else (photographs, 0.615)
    # A tenth of CIFAR-10's test set, the starter images, is off by up to three standard deviations.
    slack = 3 * (0.25 / len(images)) ** 0.5 if images.source.kind == "starter" and network.dataset == "cifar10" else 0
    assert evaluate(network, images).accuracy >= promised - slack


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("dataset", list(checkpoints.SHIPPED))
def test_a_record_says_what_its_network_reads(dataset, large, digits, photographs):
    images = digits if dataset == "mnist" else photographs
    read = evaluate(checkpoints.shipped(dataset, large), images).accuracy
    whole = len(images) == images.spec.sizes["test"]
    assert checkpoints.record(dataset, large).accuracy == pytest.approx(read, abs=2e-4 if whole else 0.05)  # an answer may turn with the order of sums


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"test_accuracy": null, "config": {}}', '{"test_accuracy": 1, "config": []}'])
def test_a_broken_record_is_found(copy, monkeypatch, text):
    (copy / "recipe.json").write_text(text)
    monkeypatch.setattr(checkpoints, "ROOT", copy.parent)
    monkeypatch.setitem(checkpoints.SHIPPED, "mnist", copy.name)
    with pytest.raises(CheckpointError, match="record"):
        checkpoints.record("mnist")


def test_the_file_holds_weights_and_biases_in_order_of_depth_and_nothing_else(network):
    tensors = load_file(checkpoints.ROOT / checkpoints.SHIPPED[network.dataset] / "model.safetensors")
    inputs = {"mnist": 784, "cifar10": 3072}[network.dataset]
    assert [tuple(tensors[name].shape) for name in sorted(tensors)] == [(128,), (128, inputs), (10,), (10, 128)]


def test_from_pretrained_reads_the_same_network(network):
    other = MLP.from_pretrained(checkpoints.ROOT / checkpoints.SHIPPED[network.dataset])
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), other.state_dict().values()))


def test_what_is_saved_is_loaded(network, tmp_path):
    checkpoints.save(network, tmp_path)
    other = checkpoints.load(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), other.state_dict().values()))


def test_saving_leaves_what_else_is_in_the_folder(network, tmp_path):
    (tmp_path / "README.md").write_text("notes")
    checkpoints.save(network, tmp_path)
    assert (tmp_path / "README.md").read_text() == "notes"


def test_a_new_folder_holds_the_network_alone(network, tmp_path):
    checkpoints.save(network, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("dataset", list(checkpoints.SHIPPED))
def test_each_card_says_what_its_record_says(dataset, large):
    folder = checkpoints.folder(dataset, large)
    record = json.loads((folder / "recipe.json").read_text())
    assert (folder / "README.md").read_text() == model_card(DATASETS[dataset], checkpoints.load(folder), record)


@pytest.mark.parametrize("place", [0, 9, 300, -1])
def test_one_changed_byte_is_found(copy, place):
    path = copy / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load(copy)


def test_a_truncated_file_is_found_without_a_digest_too(copy):
    config = json.loads((copy / "config.json").read_text())
    del config["sha256"]
    (copy / "config.json").write_text(json.dumps(config))
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\udcff"])
def test_a_broken_config_is_found(copy, text):
    (copy / "config.json").write_text(text, errors="surrogateescape")
    with pytest.raises(CheckpointError):
        checkpoints.load(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        checkpoints.load(copy)


def test_a_file_is_no_checkpoint(copy):
    with pytest.raises(CheckpointError, match="has no config.json"):
        checkpoints.load(copy / "model.safetensors")


@pytest.mark.parametrize("mean, std", [([0.1, 0.2], [1, 1]), ([0.1, 0.2, 0.3], [1, 1]), ([0.1], [1, 1, 1])])
def test_a_mean_for_other_channels_is_found(copy, mean, std):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"mean": mean, "std": std}))
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load(copy)


def test_weights_of_another_shape_are_refused(copy):
    config = json.loads((copy / "config.json").read_text())
    del config["sha256"]
    (copy / "config.json").write_text(json.dumps(config))
    tensors = load_file(copy / "model.safetensors")
    save_file({name: tensor[:5].contiguous() for name, tensor in tensors.items()}, copy / "model.safetensors")
    with pytest.raises(CheckpointError, match="another network"):
        checkpoints.load(copy)
