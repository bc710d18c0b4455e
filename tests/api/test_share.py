"""A user who has used up a share is told so over HTTP; who sits at the machine itself is not."""

import json

import httpx
import pytest

from imgmlp.ui.demo import build, launch_options
from imgmlp.ui.shared import own_process, share
from imgmlp.ui.shared.text import TEXTS


@pytest.fixture
def shared_app(monkeypatch):
    """The app in this process, with a share of no more than one computation."""
    monkeypatch.setattr(share, "SHARE_SECONDS", 0.001)
    own_process.prepare()
    demo = build()
    _, address, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield address
    demo.close()


def ask(address: str, endpoint: str, inputs: list, user: str | None = None) -> str:
    event = httpx.post(f"{address}gradio_api/call/{endpoint}", json={"data": inputs}, headers={"x-forwarded-for": user} if user else {}).json()["event_id"]
    return httpx.get(f"{address}gradio_api/call/{endpoint}/{event}", timeout=60).text


def test_a_share_is_for_training_and_measuring_together(shared_app):
    train = ("train", ["mnist", [8], "adam", 0.003, 1000, 1, 0, False])
    measure = ("measure_memory", ["mnist", [8], "adam", 8, "foreach"])
    spent = json.dumps(TEXTS["en"]["error.share"].partition("{")[0])[1:-1]
    assert "event: complete" in ask(shared_app, *train, "203.0.113.1")
    for again in (train, measure):
        answer = ask(shared_app, *again, "203.0.113.1")
        assert "event: error" in answer and spent in answer
    assert "event: complete" in ask(shared_app, *measure, "203.0.113.2")
    for _ in range(2):
        assert "event: complete" in ask(shared_app, *measure)
