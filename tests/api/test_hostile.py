"""Requests that no client makes: none ends in status 500, none is answered with a traceback, a file or a folder's name, and the app goes on."""

import json
from random import Random

import httpx
import pytest

from imgmlp.inference.preprocess import SENTENCES
from imgmlp.ui.shared.guard import SENTENCE
from tests.conftest import ROOT
from tests.hostile import endless_gif, request, swollen_png
from tests.pictures import THREE, drawn, encoded

SECRETS = ("Traceback", "root:x:", "argparse", str(ROOT))


@pytest.mark.parametrize("seed", range(4))
def test_malformed_requests_get_a_4xx_and_no_secret(app, seed):
    random = Random(seed)
    with httpx.Client(base_url=f"{app.address}/gradio_api/", timeout=30) as client:
        for _ in range(150):
            asked = request(random)
            answer = client.request(**asked)
            assert answer.status_code < 500, asked
            assert not any(secret in answer.text for secret in SECRETS), asked
    assert app.call("classify", app.upload(encoded(drawn(THREE))), "mnist").json()["data"][0]["label"] == "3"


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", "../main/app.py", str(ROOT / "app.py")])
def test_no_file_outside_the_uploads_is_read_and_no_folder_named(app, path):
    record = {"path": path, "meta": {"_type": "gradio.FileData"}}
    answer = app.call("classify", record, "mnist")
    assert answer.status_code == 422 and answer.json() == {"error": SENTENCE}
    event = httpx.post(f"{app.address}/gradio_api/call/classify", json={"data": [record, "mnist"]}).json()["event_id"]
    streamed = httpx.get(f"{app.address}/gradio_api/call/classify/{event}", timeout=30).text
    assert streamed.startswith("event: error") and not any(secret in streamed for secret in SECRETS)
    assert httpx.get(f"{app.address}/gradio_api/file={path}").status_code in (403, 404)


def test_a_body_that_goes_on_inwards_is_refused(app):
    body = b'{"data":' + b"[" * 100_000
    answer = httpx.post(f"{app.address}/gradio_api/run/classify", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422) and json.loads(answer.text)


@pytest.mark.parametrize("picture", [endless_gif(2_000_000), swollen_png(20_000, 100_000)], ids=["time", "memory"])
def test_a_picture_made_to_take_all_time_or_memory_is_given_up_and_the_app_goes_on(app, picture):
    assert app.call("classify", app.upload(picture), "mnist").json()["error"] == SENTENCES["unreadable"]
    assert app.call("classify", app.upload(encoded(drawn(THREE))), "mnist").json()["data"][0]["label"] == "3"
