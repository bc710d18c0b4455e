"""The whole app in a ZeroGPU Space, on a stand-in for its package: every tab does what it does elsewhere."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import draw
from tests.conftest import ROOT, started
from tests.pictures import SEVEN


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    durations = tmp_path_factory.mktemp("zerogpu") / "durations"
    with started(PYTHONPATH=str(ROOT / "tests" / "zerogpu"), IMGMLP_DURATIONS=str(durations)) as running:
        yield running


def test_a_visitor_goes_through_every_tab(page):
    draw(page, SEVEN)
    expect(page.locator("#answer .winner b")).to_have_text("7")
    page.get_by_role("tab", name="Samples").click()
    expect(page.locator("#matrix-about")).to_contain_text("of 10,000")
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Hidden widths").fill("16")
    page.get_by_label("Epochs").fill("1")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("of the 10,000 test pictures right", timeout=60_000)
    page.locator("#use").click()
    expect(page.locator("#about")).to_contain_text("784-16-10")
    expect(page.locator("#answer .winner b")).to_be_visible()
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#memory-headline")).to_contain_text("NVIDIA H200")
    page.locator("#measure").click()
    expect(page.locator("#curve circle")).to_have_count(5, timeout=60_000)


def test_a_run_is_stopped(app, page):
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Epochs").fill("1000")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("Epoch", timeout=20_000)
    page.locator("#stop").click()
    expect(page.locator("#train-status")).to_contain_text("what the runs below have learned is kept")
