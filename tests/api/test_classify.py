"""`classify` over real HTTP: the answer in the command line's shape, and one sentence for whatever else is sent."""

import json

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from imgmlp.cli import main
from imgmlp.inference.preprocess import SENTENCES
from imgmlp.ui.shared.text import TEXTS
from imgmlp.ui.classify import EXAMPLES
from tests.pictures import SEVEN, SVG, THREE, drawn, encoded, photographed, png_bomb, strokes


@pytest.fixture(autouse=True)
def still_answers(app):
    """Whatever a test sends, the next request works."""
    yield
    answer = app.call("classify", app.upload(encoded(drawn(SEVEN))), "mnist")
    assert answer.status_code == 200 and answer.json()["data"][0]["label"] == "7"


def sentence(answer: httpx.Response) -> str:
    assert answer.status_code == 422
    said = answer.json()["error"]
    assert "Traceback" not in said and "\n" not in said and len(said) < 150
    return said


@pytest.mark.parametrize("points, digit", [(SEVEN, "7"), (THREE, "3")])
def test_an_uploaded_photograph_of_a_digit_is_read(app, points, digit):
    answer = app.call("classify", app.upload(encoded(photographed(points), "JPEG")), "mnist").json()["data"][0]
    assert answer["label"] == digit
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_http_and_the_command_line_say_the_same(app, capsys):
    assert main(["classify", "cifar10", str(EXAMPLES[0]), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)["results"][0]
    del printed["file"]
    answer = app.call("classify", app.upload(EXAMPLES[0].read_bytes(), "picture.webp"), "cifar10").json()["data"][0]
    assert answer["label"] == printed["label"]
    assert answer["probabilities"] == pytest.approx(printed["probabilities"], abs=1e-6)


def test_gradios_own_client_gets_the_answer(app, tmp_path):
    drawn(THREE).save(tmp_path / "three.png")
    client = Client(app.address, verbose=False, download_files=False)
    assert client.predict(handle_file(tmp_path / "three.png"), "mnist", api_name="/classify")["label"] == "3"


def test_the_public_endpoints_are_the_designs_and_classify_says_what_it_wants(app):
    info = httpx.get(f"{app.address}/gradio_api/info").json()
    assert sorted(info["named_endpoints"]) == ["/classify", "/estimate_memory", "/measure_memory", "/samples", "/train"] and not info["unnamed_endpoints"]
    endpoint = info["named_endpoints"]["/classify"]
    assert [one["parameter_name"] for one in endpoint["parameters"]] == ["image", "dataset"]
    assert "probability of each" in endpoint["description"]


@pytest.mark.parametrize(
    "content, name, key",
    [
        (b"", "empty.png", "unreadable"),
        (encoded(photographed(SEVEN), "JPEG")[:20_000], "truncated.png", "unreadable"),
        (b"seven", "text.png", "unreadable"),
        (SVG, "drawing.png", "unreadable"),
        (SVG, "drawing.svg", "unreadable"),
        (encoded(Image.new("L", (1, 5000))), "thread.png", "narrow"),
        (png_bomb(), "bomb.png", "large"),
        (encoded(Image.new("L", (1, 1))), "pixel.png", "empty"),
        (encoded(Image.new("L", (90, 90), 255)), "blank.png", "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_gets_its_sentence(app, content, name, key):
    assert sentence(app.call("classify", app.upload(content, name), "mnist")) == SENTENCES[key]


@pytest.mark.parametrize("dataset", ["imagenet", "", None, 7, ["mnist"], {"a": 1}, "x" * 100_000])
def test_an_unknown_data_set_gets_its_sentence(app, dataset):
    assert sentence(app.call("classify", app.upload(encoded(drawn(SEVEN))), dataset)) == SENTENCES["dataset"]


ADDRESS = "http://127.0.0.1:9/picture.png"


@pytest.mark.parametrize(
    "image",
    [
        None, ADDRESS, "file:///etc/passwd", 7, [], {},
        {"path": ADDRESS, "meta": {"_type": "gradio.FileData"}},
        {"path": ADDRESS, "url": ADDRESS, "meta": {"_type": "gradio.FileData"}},
        {"url": ADDRESS, "meta": {"_type": "gradio.FileData"}},
    ],
    ids=str,
)
def test_an_address_for_a_file_is_never_fetched(app, image):
    assert sentence(app.call("classify", image, "mnist")) == SENTENCES["missing"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "/proc/self/environ", ADDRESS.upper()])
def test_no_file_but_an_upload_is_read(app, path):
    said = sentence(app.call("classify", {"path": path, "meta": {"_type": "gradio.FileData"}}, "mnist"))
    assert said == TEXTS["en"]["error.request"]


def test_bombs_leave_the_apps_memory_flat(app):
    bomb = app.upload(png_bomb())
    app.call("classify", bomb, "mnist")
    before = app.memory_bytes
    for _ in range(20):
        assert sentence(app.call("classify", bomb, "mnist")) == SENTENCES["large"]
    assert app.memory_bytes - before < 20e6


def drawing_event(app, payload: object) -> str:
    """What the page gets when the pad sends `payload`, spoken as the page does, for the endpoint has no name."""
    config = httpx.get(f"{app.address}/config").json()
    pad = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "pad")
    event = next(one for one in config["dependencies"] if [pad, "input"] in map(list, one["targets"]))
    values = {one["id"]: one["props"].get("value") for one in config["components"]}
    inputs = [payload if one == pad else values[one] for one in event["inputs"]]
    body = {"data": inputs, "fn_index": event["id"], "session_hash": "test"}
    return httpx.post(f"{app.address}/gradio_api/run/predict", content=json.dumps(body), headers={"content-type": "application/json"}).text


def test_a_drawing_sent_as_the_page_does_is_read(app):
    assert ">7</b>" in json.loads(drawing_event(app, strokes(SEVEN)))["data"][0]


@pytest.mark.parametrize("payload", [float("nan"), "A" * 5000, "A" * 3_000_000, "!", ["AAAA"], {"a": [1]}, -1e308], ids=lambda value: repr(value)[:12])
def test_a_drawing_that_is_none_gets_one_sentence(app, payload):
    answer = drawing_event(app, payload)
    assert "Traceback" not in answer
    if "data" in json.loads(answer):
        assert SENTENCES["drawing"] in json.loads(answer)["data"][0]
