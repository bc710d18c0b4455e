"""The lesson in real Chromium: it leads through the tabs, waits while somebody tries things, and loses nothing of theirs."""

import re

import pytest
from playwright.sync_api import expect

from imgmlp.ui.shared.lesson import STEPS
from imgmlp.ui.shared.text import TEXTS
from tests.browser.conftest import draw
from tests.pictures import SEVEN

ENGLISH = TEXTS["en"]
TITLE = "#lesson-words h2"


def at(page, name: str) -> None:
    """The lesson has come to that step."""
    place = [*STEPS].index(name) + 1
    expect(page.locator(TITLE)).to_have_text(f"Step {place} of {len(STEPS)}: {ENGLISH[f'lesson.{name}.title']}")
    expect(page).to_have_url(re.compile(rf"lesson={place}\b"))


def onwards(page) -> None:
    page.get_by_role("button", name=ENGLISH["lesson.onwards"], exact=True).click()


def test_the_lesson_leads_through_every_tab(page):
    page.locator("#begin").click()
    at(page, "numbers")
    expect(page.locator("#chosen")).to_contain_text("Picture 5368 of the test set: 0")
    onwards(page)
    at(page, "colour")
    expect(page.locator("#chosen")).to_contain_text("Picture 816 of the test set: truck")
    expect(page.get_by_label("red", exact=True)).to_be_visible()
    onwards(page)
    at(page, "order")
    expect(page.locator("#code")).to_contain_text("reshape")
    onwards(page)
    at(page, "normalise")
    expect(page.locator("#mistakes input:checked")).to_have_count(2)
    expect(page.locator("#code del")).to_have_count(2)
    onwards(page)
    at(page, "network")
    expect(page.locator("#about")).to_contain_text("101,770")
    draw(page, SEVEN)
    expect(page.locator("#answer .winner b")).to_have_text("7")
    onwards(page)
    at(page, "evidence")
    expect(page.locator("#answer .winner b")).to_have_text("7")
    onwards(page)
    at(page, "errors")
    expect(page.locator("#mistakes input:checked")).to_have_count(0)
    expect(page.locator("#matrix-about")).to_contain_text("of 10,000" if page.locator("#fetch").is_hidden() else "of 1,000")
    onwards(page)
    at(page, "train")
    expect(page.get_by_label("Rate")).to_have_value("0.001")
    onwards(page)
    at(page, "rate")
    expect(page.get_by_label("Rate")).to_have_value("10")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("diverged", timeout=60_000)
    onwards(page)
    at(page, "memory")
    expect(page.locator("#memory-headline")).to_contain_text("Predicted for the CPU")
    onwards(page)
    at(page, "card")
    expect(page.locator("#memory-headline")).to_contain_text("Modelled for H100")
    onwards(page)
    at(page, "largest")
    expect(page.locator("#memory-headline")).to_contain_text("Modelled for T4")
    page.locator("#search").click()
    expect(page.locator("#memory-answer")).to_contain_text("0.8")
    expect(page.get_by_role("button", name=ENGLISH["lesson.onwards"], exact=True)).to_be_disabled()


def test_a_step_is_linked_and_outlives_a_reload(visit, app):
    page = visit()
    page.goto(f"{app.address}/?lesson=3")
    expect(page.locator("#code")).to_contain_text("reshape")
    at(page, "order")
    page.get_by_role("button", name=ENGLISH["lesson.back"], exact=True).click()
    at(page, "colour")
    page.reload()
    at(page, "colour")
    page.get_by_role("button", name=ENGLISH["lesson.leave"], exact=True).press("Enter")
    expect(page.locator("#lesson")).not_to_be_visible()
    expect(page.locator("#begin")).to_be_focused()
    assert "lesson" not in page.url
    page.locator("#begin").click()
    at(page, "colour")


def test_after_the_last_step_the_keyboard_is_at_the_way_back_and_the_lesson_begins_anew(visit, app):
    page = visit()
    page.goto(f"{app.address}/?lesson={len(STEPS) - 1}&__theme=light")
    at(page, "card")
    page.get_by_role("button", name=ENGLISH["lesson.onwards"], exact=True).press("Enter")
    at(page, "largest")
    expect(page.get_by_role("button", name=ENGLISH["lesson.back"], exact=True)).to_be_focused()
    page.get_by_role("button", name=ENGLISH["lesson.leave"], exact=True).click()
    expect(page.locator("#lesson")).not_to_be_visible()
    assert "__theme=light" in page.url
    page.locator("#begin").click()
    at(page, "numbers")


def test_the_lesson_takes_nobodys_network_and_mends_what_was_wrong(page):
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Epochs").fill("1")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("of the 10,000 test pictures right", timeout=60_000)
    page.get_by_role("tab", name="Samples").click()
    page.get_by_label("Count").fill("0")
    expect(page.locator("#samples-heading")).to_have_text(ENGLISH["error.count"])
    page.locator("#begin").click()
    at(page, "numbers")
    expect(page.locator("#samples button")).to_have_count(24)
    for _ in range(4):
        onwards(page)
    at(page, "network")
    page.get_by_role("combobox", name="Network").click()
    expect(page.get_by_role("option", name=re.compile("#1: "))).to_be_visible()


def test_a_step_that_is_not_there_is_told(visit, app):
    page = visit()
    page.goto(f"{app.address}/?lesson=99")
    expect(page.get_by_text("followed without: lesson")).to_be_visible()
    expect(page.locator("#lesson")).not_to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_lesson_is_in_the_language_of_the_page_and_fits_a_phone(visit, app, language):
    page = visit(viewport={"width": 390, "height": 844})
    page.goto(f"{app.address}/?lesson=5&lang={language}")
    expect(page.locator("#lesson-words")).to_contain_text(TEXTS[language]["lesson.network"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name=TEXTS[language]["lesson.onwards"], exact=True).click()
    expect(page.locator("#lesson-words")).to_contain_text(TEXTS[language]["lesson.evidence"])
    assert f"lang={language}" in page.url
