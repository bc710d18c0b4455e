"""Images are the official ones, bit for bit, from the best place that has them whole."""

import hashlib
import os
import pickle
import shutil
import time
from pathlib import Path

import pytest
import torch

from imgmlp.data import datasets
from imgmlp.data.datasets import CIFAR10, DATASETS, MNIST, DataError, load

OFFICIAL = os.environ.get("IMGMLP_DATA")
needs_official = pytest.mark.skipif(not OFFICIAL, reason="IMGMLP_DATA does not name the official files")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty cache, whatever this machine has."""
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def no_root(monkeypatch):
    monkeypatch.delenv("IMGMLP_DATA", raising=False)


@needs_official
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", list(DATASETS))
def test_starter_images_are_the_official_pixels(name, split, monkeypatch):
    official = load(DATASETS[name], split)
    monkeypatch.delenv("IMGMLP_DATA")
    ours = load(DATASETS[name], split)
    assert (official.source.kind, ours.source.kind) == ("given", "starter")
    assert torch.equal(ours.pixels, official.pixels[ours.indices])
    assert torch.equal(ours.labels, official.labels[ours.indices])


def test_starter_digits_have_the_official_digest(no_root):
    images = load(MNIST, "test")
    header = bytes.fromhex("00000803 00002710 0000001c 0000001c")  # the IDX header of the official file
    assert hashlib.md5(header + images.pixels.numpy().tobytes()).hexdigest() == MNIST.files["test"]["MNIST/raw/t10k-images-idx3-ubyte"]


def test_starter_photographs_are_the_first_of_each_class(no_root):
    train, test = load(CIFAR10, "train"), load(CIFAR10, "test")
    assert train.labels.bincount().tolist() == [500] * 10
    assert test.labels.bincount().tolist() == [100] * 10
    assert (train.indices.diff() > 0).all() and (test.indices.diff() > 0).all()


@needs_official
def test_a_damaged_file_is_said_and_the_starter_images_are_used(tmp_path):
    root = tmp_path / "data"
    shutil.copytree(Path(OFFICIAL) / "MNIST", root / "MNIST")
    path = root / "MNIST/raw/t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    images = load(MNIST, "test", root)
    assert images.source.kind == "starter" and len(images) == 10_000
    assert str(images.source.problem) == "MNIST/raw/t10k-images-idx3-ubyte in the data folder is not the official file; delete it and download it again."


def test_a_missing_file_is_said_and_the_starter_images_are_used(tmp_path):
    images = load(CIFAR10, "test", tmp_path)
    assert images.source.kind == "starter" and "test_batch is missing" in str(images.source.problem)


def fetches(monkeypatch, code: str) -> None:
    """Torchvision's place in the download's own process is taken by `code`, with `root`: a stand-in at the network's edge."""
    monkeypatch.setattr(datasets, "_FETCH", f"import shutil, sys, time\nfrom pathlib import Path\nroot = Path(sys.argv[2])\n{code}")


@needs_official
def test_a_download_is_moved_into_the_cache_when_whole(no_root, cache, monkeypatch):
    fetches(monkeypatch, f"shutil.copytree({OFFICIAL!r} + '/MNIST', root / 'MNIST'); time.sleep(0.5)")
    progress = list(datasets.download(MNIST))
    assert progress[-1] > 50e6
    assert load(MNIST, "test").source.kind == "cache"
    assert [path.name for path in cache.iterdir()] == ["MNIST"]


def test_a_cache_that_cannot_be_made_is_one_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "file" / "cache")
    with pytest.raises(DataError, match="MNIST cannot be stored in .*: Not a directory"):
        next(datasets.download(MNIST))


HALF = "(root / 'MNIST/raw').mkdir(parents=True); (root / 'MNIST/raw/t10k-images-idx3-ubyte').write_bytes(b'half')\n"


def test_an_interrupted_download_leaves_nothing(no_root, cache, monkeypatch):
    fetches(monkeypatch, HALF + "raise RuntimeError('connection lost')")
    with pytest.raises(DataError, match=r"MNIST could not be downloaded \(RuntimeError: connection lost\)"):
        list(datasets.download(MNIST))
    assert list(cache.iterdir()) == []
    assert load(MNIST, "test").source.kind == "starter"


@needs_official
def test_a_download_that_says_much_goes_on(no_root, cache, monkeypatch):
    """As torchvision's progress bar does on a slow line."""
    fetches(monkeypatch, f"print('.' * 200_000, file=sys.stderr); shutil.copytree({OFFICIAL!r} + '/MNIST', root / 'MNIST')")
    list(datasets.download(MNIST))
    assert load(MNIST, "test").source.kind == "cache"


def test_a_download_can_be_left(no_root, cache, monkeypatch):
    fetches(monkeypatch, HALF + "time.sleep(60)")
    running = datasets.download(MNIST)
    started = time.monotonic()
    while not next(running):
        assert time.monotonic() - started < 20
    running.close()
    assert time.monotonic() - started < 30
    assert list(cache.iterdir()) == []


def test_torchvision_is_asked_for_the_data_set(cache, monkeypatch, tmp_path):
    """The real child process, with torchvision's own mirrors replaced by nothing that answers."""
    fetch = datasets._FETCH.replace("from torchvision import datasets", "from torchvision import datasets; datasets.MNIST.mirrors = ['http://127.0.0.1:9/']")
    monkeypatch.setattr(datasets, "_FETCH", fetch)
    with pytest.raises(DataError, match="could not be downloaded"):
        list(datasets.download(MNIST))
    assert list(cache.iterdir()) == []


def test_a_pickle_that_calls_anything_is_refused():
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        datasets._Batch.loads(pickle.dumps({b"data": os.getcwd}))


def test_arrays_in_a_pickle_are_read():
    found = datasets._Batch.loads(pickle.dumps({b"labels": [1, 2]}))
    assert found == {b"labels": [1, 2]}
