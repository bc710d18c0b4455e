"""The Train tab in real Chromium: train, watch, stop, bring bad settings, and draw with the result."""

import re

import pytest
from playwright.sync_api import expect

from imgmlp.ui.shared.text import TEXTS
from tests.browser.conftest import choose, draw
from tests.pictures import SEVEN

ENGLISH = TEXTS["en"]


@pytest.fixture
def train(page):
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#start")).to_be_visible()
    page.get_by_label("Epochs").fill("1")
    return page


def finished(page):
    return expect(page.locator("#train-status")).to_contain_text("of the 10,000 test pictures right", timeout=60_000)


def test_a_run_shows_curves_weights_and_its_test(train):
    train.locator("#start").click()
    expect(train.locator("#weights img")).to_have_count(16, timeout=20_000)
    finished(train)
    accuracy = float(re.search(r"([\d.]+)%", train.locator("#train-status").inner_text()).group(1))
    assert accuracy > 94
    expect(train.locator("#runs")).to_contain_text(f"{accuracy:.2f}%")
    expect(train.locator("#train-matrix td.diagonal")).to_have_count(10)
    for curve in ("#loss", "#accuracy"):
        expect(train.locator(f"{curve} canvas, {curve} svg").first).to_be_visible()


def test_a_run_is_stopped_and_the_next_starts(train):
    train.get_by_label("Epochs").fill("1000")
    train.locator("#start").click()
    expect(train.locator("#train-status")).to_contain_text("Epoch", timeout=20_000)
    train.locator("#stop").click()
    expect(train.locator("#train-status")).to_have_text(ENGLISH["train.stopped"])
    train.wait_for_timeout(1000)
    expect(train.locator("#train-status")).to_have_text(ENGLISH["train.stopped"])
    train.get_by_label("Epochs").fill("1")
    train.locator("#start").click()
    finished(train)
    expect(train.locator("#runs tr")).to_have_count(3)  # the head, the stopped one, this one


@pytest.mark.parametrize("field, value", [("Rate", "0"), ("Rate", "-1"), ("Rate", "1e9"), ("Batch", "0"), ("Batch", "70000"), ("Epochs", "0"), ("Hidden widths", "0"), ("Hidden widths", "1000000"), ("Hidden widths", "8 " * 40), ("Hidden widths", "wide")])
def test_settings_that_cannot_be_get_one_sentence(train, field, value):
    train.get_by_label(field).fill(value)
    train.locator("#start").click()
    expect(train.locator("#train-status")).to_have_text(ENGLISH["error.settings"])


def test_a_network_too_large_is_refused_with_its_bytes(train):
    train.get_by_label("Hidden widths").fill("8192，8192")
    train.locator("#start").click()
    parameters = 785 * 8192 + 8193 * 8192 + 8193 * 10
    expect(train.locator("#train-status")).to_contain_text(f"{parameters:,} parameters needs {16 * parameters:,} bytes")


def test_stop_with_nothing_running_says_so(train):
    train.locator("#stop").click()
    expect(train.locator("#train-status")).to_have_text(ENGLISH["train.idle"])


def test_the_choice_of_networks_is_up_to_date_in_classify(page):
    """Also after a run of a single event, whose one network needs no slider."""
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Epochs").fill("1")
    page.get_by_label("Batch").fill("60000")
    page.locator("#start").click()
    finished(page)
    page.get_by_role("tab", name="Classify").click()
    expect(page.locator("#which")).to_be_visible()
    page.get_by_role("tab", name="Train").click()
    page.locator("#use").click()
    expect(page.locator("#which input")).to_have_value(re.compile(r"#1: \d"))
    expect(page.locator("#snapshot")).not_to_be_visible()
    expect(page.locator("#about")).to_contain_text("784-128-10")


def test_a_run_that_diverges_gets_advice(train):
    choose(train, "Optimizer", "sgd")
    train.get_by_label("Rate").fill("10")
    train.locator("#start").click()
    expect(train.locator("#train-status")).to_have_text("The loss left every bound at a rate of 10; try 1.", timeout=20_000)


def test_a_drawing_stays_while_ones_own_network_grows_up(page):
    draw(page, SEVEN)
    expect(page.locator("#answer .winner b")).to_have_text("7")
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Hidden widths").fill("32")
    page.locator("#start").click()
    finished(page)
    page.locator("#use").click()
    expect(page.locator("#about")).to_contain_text("784-32-10")
    expect(page.locator("#answer .winner b")).to_have_text("7")
    expect(page.locator("#snapshot")).to_be_visible()
    grown = page.locator("#answer").inner_text()
    slider = page.locator("#snapshot input[type=number]")
    slider.fill("1")
    slider.press("Enter")
    expect(page.locator("#answer")).not_to_have_text(grown)
    choose(page, "Network", "shipped")
    expect(page.locator("#about")).to_contain_text("784-128-10")
    expect(page.locator("#snapshot")).not_to_be_visible()
