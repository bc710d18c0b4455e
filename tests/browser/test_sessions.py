"""What is a user's own is gone with the page."""

import time

import httpx
import pytest
from playwright.sync_api import expect

from imgmlp.ui.demo import build, launch_options
from imgmlp.ui.shared import sessions as sessions_module


@pytest.fixture
def demo():
    """The app in this process, so that its sessions can be counted."""
    running = build()
    running.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options())
    yield running
    running.close()


def emptied(sessions: dict) -> bool:
    """Within five seconds: the last bytes of an answer are here before what comes after them is done there."""
    deadline = time.monotonic() + 5
    while sessions and time.monotonic() < deadline:
        time.sleep(0.05)
    return not sessions


def test_a_closed_page_leaves_no_session(demo, browser, monkeypatch):
    monkeypatch.setattr(sessions_module, "GRACE_SECONDS", 1)
    sessions = demo.app.state_holder.session_data
    page = browser.new_page()
    page.goto(demo.local_url)
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Hidden widths").fill("4")
    page.get_by_label("Batch").fill("2000")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("test pictures right", timeout=60_000)
    assert len(sessions) == 1
    page.close()
    assert emptied(sessions)


def test_a_scripts_call_leaves_no_session(demo):
    call = f"{demo.local_url}gradio_api/call/samples"
    event = httpx.post(call, json={"data": ["mnist", 3, 1]}).json()["event_id"]
    assert "event: complete" in httpx.get(f"{call}/{event}", timeout=30).text
    assert emptied(demo.app.state_holder.session_data)
