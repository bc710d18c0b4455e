"""`samples` over real HTTP: what the library says, and one sentence for what cannot be."""

import httpx
import pytest

from imgmlp import checkpoints
from imgmlp.data.datasets import DATASETS, load
from imgmlp.data.samples import SENTENCES, draw
from imgmlp.inference.classifier import evaluate
from imgmlp.inference.preprocess import SENTENCES as PICTURE_SENTENCES
from tests.conftest import started


@pytest.mark.parametrize("dataset", list(DATASETS))
def test_samples_are_the_librarys(app, dataset):
    found = app.call("samples", dataset, 24, 7).json()["data"][0]
    images = load(DATASETS[dataset], "test")
    places = draw(images, 24, 7)
    read = evaluate(checkpoints.shipped(dataset), images.take(places))
    assert [one["index"] for one in found] == images.indices[places].tolist()
    names = images.spec.classes
    assert [one["label"] for one in found] == [names[label] for label in read.labels]
    assert [one["prediction"] for one in found] == [names[label] for label in read.predictions]
    assert [one["confidence"] for one in found] == pytest.approx(read.confidences.tolist(), abs=1e-5)


@pytest.mark.parametrize(
    "inputs, sentence",
    [
        (("imagenet", 24, 0), PICTURE_SENTENCES["dataset"]),
        ((["mnist"], 24, 0), PICTURE_SENTENCES["dataset"]),
        (("mnist", 0, 0), SENTENCES["count"]),
        (("mnist", -5, 0), SENTENCES["count"]),
        (("mnist", 1_000_000, 0), SENTENCES["count"]),
        (("mnist", "many", 0), SENTENCES["count"]),
        (("mnist", None, 0), SENTENCES["count"]),
        (("mnist", 24, -1), SENTENCES["seed"]),
        (("mnist", 24, 1.5), SENTENCES["seed"]),
        (("mnist", 24, 10**30), SENTENCES["seed"]),
    ],
    ids=str,
)
def test_bad_settings_get_their_sentence(app, inputs, sentence):
    answer = app.call("samples", *inputs)
    assert answer.status_code == 422 and answer.json()["error"] == sentence


def test_a_damaged_data_folder_is_no_reason_to_stop(tmp_path):
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    (folder / "t10k-images-idx3-ubyte").write_bytes(b"half")
    with started("--data", str(tmp_path)) as other:
        assert len(other.call("samples", "mnist", 5, 1).json()["data"][0]) == 5


def test_the_endpoint_says_what_it_wants(app):
    endpoint = httpx.get(f"{app.address}/gradio_api/info").json()["named_endpoints"]["/samples"]
    assert [one["parameter_name"] for one in endpoint["parameters"]] == ["dataset", "count", "seed"]
    assert "seed gives the same" in endpoint["description"]
