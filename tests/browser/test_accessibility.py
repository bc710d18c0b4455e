"""Everyone: axe-core finds nothing in any tab, nothing is wider than a phone, and what moves stands still where that is asked for."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from imgmlp.ui.shared.text import TEXTS
from tests.browser.conftest import draw
from tests.pictures import SEVEN

TABS = ("classify", "samples", "train", "memory")


def show(page, texts: dict[str, str], tab: str) -> None:
    """A tab with what it shows once somebody has used it."""
    page.get_by_role("tab", name=texts[f"{tab}.tab"], exact=True).click()
    if tab == "classify":
        draw(page, SEVEN)
        page.locator("#answer .winner").wait_for()
    elif tab == "samples":
        page.locator("#matrix td").first.wait_for()
        page.locator("#statistics td").first.wait_for()
    elif tab == "train":
        page.locator("#start").click()
        page.locator("#train-matrix td").first.wait_for(timeout=60_000)
    else:
        page.locator("#measure").click()
        page.locator("#curve circle").nth(4).wait_for(timeout=30_000)
        page.locator("#curve summary").click()
    page.wait_for_timeout(500)  # colours fade in


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_of_any_impact(visit, language, scheme):
    page = visit(locale=language if language != "en" else "en-US", color_scheme=scheme)
    page.locator("#begin").click()
    page.locator("#lesson-words h2").wait_for()
    for tab in TABS:
        show(page, TEXTS[language], tab)
        found = Axe().run(page).response["violations"]
        assert not [(tab, one["id"], one["impact"], [node["html"][:200] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_tab_is_wider_than_a_phone(visit, language):
    page = visit(locale=language if language != "en" else "en-US", viewport={"width": 390, "height": 844})
    for tab in TABS:
        show(page, TEXTS[language], tab)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab


def test_who_asks_for_less_motion_gets_none(visit):
    page = visit(reduced_motion="reduce")
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Epochs").fill("2")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("Epoch", timeout=20_000)
    assert page.evaluate("document.getAnimations().filter((one) => one.playState === 'running').length") == 0
    expect(page.locator("#train-status")).to_contain_text("test pictures right", timeout=60_000)


def test_an_answer_is_announced_once_the_pen_rests(page):
    draw(page, SEVEN)
    expect(page.locator("#announcer")).to_have_text(re.compile(r"^7 >?[\d.]+%"))


def test_what_is_wrong_is_announced(page):
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Rate").fill("0")
    page.locator("#start").click()
    expect(page.locator("#announcer")).to_have_text(TEXTS["en"]["error.learning_rate"])


def test_who_goes_on_with_tab_leaves_no_list_open(page):
    page.get_by_role("tab", name="Memory").click()
    page.locator("#curve svg").wait_for()
    page.get_by_role("combobox", name="Optimizer").focus()
    expect(page.get_by_role("listbox")).to_have_count(1)
    for _ in range(2):
        page.keyboard.press("Tab")
        page.wait_for_timeout(300)
    expect(page.get_by_role("combobox", name="Step")).to_be_focused()
    expect(page.get_by_role("listbox")).to_have_count(1)
    expect(page.get_by_role("combobox", name="Optimizer")).to_have_value("adam")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Step")).to_have_value(TEXTS["en"]["memory.mode.bf16"])
