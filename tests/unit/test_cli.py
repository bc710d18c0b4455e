"""The command line does what the table in the README says, and answers bad input with one line and status 2."""

import copy
import json
import sys

import pytest

from imgmlp import checkpoints
from imgmlp.cli import main
from imgmlp.data.datasets import DATASETS, load
from imgmlp.inference.preprocess import SENTENCES
from tests.pictures import SEVEN, THREE, drawn


@pytest.fixture
def run(capsys):
    def command(*arguments: str) -> dict:
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return command


@pytest.fixture
def refused(capsys):
    def command(*arguments: str) -> str:
        try:
            status = main(list(arguments))
        except SystemExit as stopped:  # argparse's own
            status = stopped.code
        printed = capsys.readouterr()
        assert status == 2 and not printed.out
        return printed.err.splitlines()[-1]

    return command


def test_evaluate_counts_the_right_answers(run, network):
    found = run("evaluate", network.dataset)
    assert found["parameters"] == network.parameter_count
    assert found["accuracy"] == found["correct"] / found["total"]
    assert found["source"]


def test_evaluate_reads_a_checkpoint_of_ones_own(run, tmp_path):
    own = copy.deepcopy(checkpoints.shipped("mnist"))
    own.linears[-1].bias.data[7] = -1e9
    checkpoints.save(own, tmp_path)
    sevens = (load(DATASETS["mnist"], "test").labels == 7).sum().item()
    assert run("evaluate", "mnist")["correct"] - run("evaluate", "mnist", "--checkpoint", str(tmp_path))["correct"] > 0.9 * sevens


def test_a_data_folder_without_the_files_is_told_and_the_next_place_is_used(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("imgmlp.data.datasets.CACHE", tmp_path)
    assert main(["evaluate", "cifar10", "--data", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["source"] == "starter images"
    assert printed.err == "cifar-10-batches-py/test_batch is missing from the data folder. These are the starter images.\n"


def test_a_picture_that_cannot_be_read_is_named(refused, tmp_path):
    good, bad = tmp_path / "seven.png", tmp_path / "bad.png"
    drawn(SEVEN).save(good)
    bad.write_bytes(good.read_bytes()[:100])
    assert refused("classify", "mnist", str(good), str(bad)) == f"{bad}: {SENTENCES['unreadable']}"


def test_on_a_terminal_the_result_stands_on_a_line_of_its_own(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["train", "mnist", "--hidden", "4", "--batch-size", "1000"]) == 0
    assert capsys.readouterr().err.endswith("images/s\r\033[K")


def test_classify_answers_for_each_file(run, tmp_path):
    files = [str(tmp_path / name) for name in ("seven.png", "three.jpg")]
    for file, points in zip(files, (SEVEN, THREE)):
        drawn(points).save(file)
    results = run("classify", "mnist", *files)["results"]
    assert [(one["file"], one["label"]) for one in results] == list(zip(files, "73"))
    for one in results:
        assert list(one["probabilities"]) == list(DATASETS["mnist"].classes)
        assert sum(one["probabilities"].values()) == pytest.approx(1)


@pytest.mark.parametrize("command", [["train", "mnist", "--save", "{file}"], ["pretrain", "mnist", "--save", "{file}"], ["classify", "mnist", "x" * 300 + ".png"]])
def test_a_path_that_cannot_be_used_is_said_at_once(refused, tmp_path, command):
    file = tmp_path / "file"
    file.touch()
    assert "cannot be used" in refused(*(part.format(file=file) for part in command))


def test_train_saves_a_network_that_evaluates_the_same(run, tmp_path):
    trained = run("train", "cifar10", "--epochs", "1", "--batch-size", "500", "--hidden", "20", "10", "--augment", "--save", str(tmp_path))
    assert trained["parameters"] == 3072 * 20 + 20 + 20 * 10 + 10 + 10 * 10 + 10
    assert trained["device"] in ("cpu", "cuda") and trained["peak_bytes"] > 0 and trained["images_per_second"] > 0
    assert run("evaluate", "cifar10", "--checkpoint", str(tmp_path))["accuracy"] == trained["accuracy"]


def test_a_short_run_learns(run):
    assert run("train", "mnist", "--epochs", "1", "--batch-size", "256", "--lr", "0.003")["accuracy"] > 0.94


def test_results_are_lines_without_json(capsys, tmp_path):
    drawn(SEVEN).save(tmp_path / "seven.png")
    assert main(["classify", "mnist", str(tmp_path / "seven.png")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/seven.png: 7 (")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("evaluate", "imagenet"), "invalid choice: 'imagenet'"),
        (("evaluate", "mnist", "--checkpoint", "nowhere"), "nowhere has no config.json."),
        (("evaluate", "cifar10", "--checkpoint", str(checkpoints.ROOT / "mnist-mlp")), "trained on mnist, not on cifar10"),
        (("classify", "mnist", "none.png"), SENTENCES["missing"]),
        (("classify", "mnist", __file__), SENTENCES["unreadable"]),
        (("classify", "mnist"), "required: FILE"),
        (("train", "mnist", "--epochs", "0"), "The epochs must be a whole number between 1 and 10,000."),
        (("train", "mnist", "--batch-size", "0"), "The batch size must be a whole number between 1 and 60,000."),
        (("train", "mnist", "--lr", "-1"), "The learning rate must be above 0 and at most 10."),
        (("train", "mnist", "--lr", "nan"), "The learning rate must be above 0 and at most 10."),
        (("train", "mnist", "--hidden", "0"), "There can be at most 16 hidden layers, each a whole number of units between 1 and 8,192."),
        (("train", "mnist", "--optimizer", "lion"), "invalid choice: 'lion'"),
        ((), "required: COMMAND"),
    ],
)
def test_bad_input_gets_one_line(refused, arguments, sentence):
    assert sentence in refused(*arguments)


def test_the_recipe_fetches_what_is_missing_and_says_when_it_cannot(refused, monkeypatch, tmp_path):
    monkeypatch.delenv("IMGMLP_DATA", raising=False)
    monkeypatch.setattr("imgmlp.data.datasets.CACHE", tmp_path)
    monkeypatch.setattr("imgmlp.data.datasets._FETCH", "raise RuntimeError('offline')")
    said = refused("pretrain", "cifar10", "--save", str(tmp_path))
    assert said == (
        "The recipe needs all of CIFAR-10: CIFAR-10 could not be downloaded (RuntimeError: offline); check the connection. "
        "Or give its folder with --data."
    )


def test_memory_predicts_for_a_card_and_measures_here(run):
    result = run("memory", "mnist", "--device", "h100", "--measure")
    assert result["predicted"].keys() == {"requested_bytes", "allocated_bytes", "reserved_bytes"} and result["device"] == "H100"
    assert result["parts"].keys() == {"parameters", "gradients", "optimizer", "batch", "activations", "workspace"}
    if result["measured"]["device"] == "cpu":  # which has no workspaces
        assert result["measured"]["requested_bytes"] == result["predicted"]["requested_bytes"] - result["parts"]["workspace"]


@pytest.mark.parametrize("options", [["--batch-size", "0"], ["--hidden", "-3"], ["--hidden", "1000000", "1000000", "--measure"]])
def test_memory_refuses_what_cannot_be_in_one_line(capsys, options):
    assert main(["memory", "cifar10", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1
