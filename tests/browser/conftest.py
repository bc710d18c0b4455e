"""Pages of real Chromium on the running app, and hands to draw with."""

import pytest
from playwright.sync_api import expect

LAPTOP = {"width": 1280, "height": 800}
expect.set_options(timeout=20_000)  # ms; how long something takes is a benchmark's matter, and the machine may be busy


@pytest.fixture
def visit(app, browser):
    """Opens the app: `visit(locale="zh-CN", color_scheme="dark", ...)`. Fails the test if the page logged an error."""
    contexts, problems = [], []

    def open_page(**options):
        context = browser.new_context(**{"viewport": LAPTOP, "locale": "en-US"} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(app.address)
        page.locator("#pad canvas").wait_for()
        page.locator("#answer .waiting").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def page(visit):
    return visit()


def places(page, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    box = page.locator("#pad canvas").bounding_box()
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def draw(page, points: list[tuple[float, float]], lift: bool = True) -> None:
    """One stroke with the mouse, over the shares of the pad in `points`."""
    first, *others = places(page, points)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=6)
    if lift:
        page.mouse.up()


def touch(page, points: list[tuple[float, float]]) -> None:
    """One stroke with a finger, as the touch screen reports it (Chrome DevTools Protocol, Input.dispatchTouchEvent)."""
    screen = page.context.new_cdp_session(page)
    path = places(page, points)
    steps = [(a[0] + (b[0] - a[0]) * i / 6, a[1] + (b[1] - a[1]) * i / 6) for a, b in zip(path, path[1:]) for i in range(1, 7)]
    event = lambda kind, *at: screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in at]})
    event("touchStart", path[0])
    for place in steps:
        event("touchMove", place)
    event("touchEnd")


def choose(page, dropdown: str, option: str) -> None:
    """Take an option of a dropdown, as a hand does."""
    page.get_by_role("combobox", name=dropdown).click()
    shown = page.get_by_role("option", name=option, exact=True)
    expect(shown).to_have_count(1)  # another dropdown's list may still be fading away
    shown.click()
