"""The Classify tab in real Chromium: a stranger draws, uploads, photographs, and reads the answer off the page."""

import base64
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from imgmlp import checkpoints
from imgmlp.inference.preprocess import SENTENCES
from imgmlp.ui.shared.text import TEXTS
from tests.browser.conftest import choose, draw, places, touch
from tests.pictures import SEVEN, THREE, drawn, encoded, photographed, png_bomb

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def winner(page):
    return page.locator("#answer .winner b")


def upload(page, content: bytes, name: str = "picture.jpg", kind: str = "image/jpeg") -> None:
    page.get_by_role("tab", name="Upload").click()
    page.locator("#upload input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})


@pytest.mark.parametrize("points, digit", [(SEVEN, "7"), (THREE, "3")])
def test_a_digit_drawn_with_the_mouse_is_read(page, points, digit):
    draw(page, points)
    expect(winner(page)).to_have_text(digit)


@pytest.mark.parametrize("points, digit", [(SEVEN, "7"), (THREE, "3")])
def test_a_digit_drawn_with_a_finger_is_read_and_the_page_stays_put(visit, points, digit):
    page = visit(**PHONE)
    touch(page, points)
    expect(winner(page)).to_have_text(digit)
    assert page.evaluate("scrollY") == 0


def test_the_answer_comes_during_the_stroke(page):
    draw(page, SEVEN, lift=False)
    expect(winner(page)).to_have_text("7")
    page.mouse.up()


def test_the_pad_stays_under_the_pen_when_the_answer_comes(page):
    place = lambda: [page.locator(one).bounding_box() for one in ("#pad canvas", "button:has-text('Undo')")]
    before = place()
    draw(page, SEVEN)
    expect(winner(page)).to_have_text("7")
    assert place() == before


def test_each_network_remembers_where_its_pictures_came_from(page):
    upload(page, encoded(drawn(SEVEN)), "seven.png", "image/png")
    expect(winner(page)).to_have_text("7")
    page.get_by_label("light on dark").check()
    expect(winner(page)).not_to_have_text("7")
    misread = winner(page).inner_text()
    page.get_by_label("CIFAR-10").check()
    expect(page.locator("#about")).to_contain_text("CIFAR-10")
    page.get_by_label("MNIST").check()
    expect(page.get_by_role("tab", name="Upload")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("light on dark")).to_be_checked()
    expect(winner(page)).to_have_text(misread)


def test_undo_clear_and_invert(page):
    draw(page, SEVEN)
    draw(page, [(0.3, 0.55), (0.7, 0.55)])
    page.get_by_role("button", name="Undo").click()
    expect(winner(page)).to_have_text("7")
    page.get_by_role("button", name="Invert").click()
    expect(page.locator("#pad canvas")).to_have_css("background-color", "rgb(0, 0, 0)")
    expect(winner(page)).to_have_text("7")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#answer .waiting")).to_have_text(TEXTS["en"]["classify.waiting.mnist.draw"])
    expect(page.locator("#stages img")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()  # what was cleared by mistake is back
    expect(winner(page)).to_have_text("7")
    expect(page.locator("#pad canvas")).to_have_css("background-color", "rgb(0, 0, 0)")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#pad canvas")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(winner(page)).to_have_text("7")
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Invert").click()
    draw(page, THREE)
    expect(winner(page)).to_have_text("3")
    page.get_by_role("button", name="Invert").click()
    expect(page.locator("#pad canvas")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(winner(page)).to_have_text("3")


def test_a_digit_drawn_with_the_keyboard_is_read(page):
    expect(page.locator("#pad .hint")).not_to_be_visible()
    page.locator("#pad canvas").focus()
    expect(page.locator("#pad .hint")).to_have_text(TEXTS["en"]["classify.pad"])
    press = page.keyboard.press
    for key in ["ArrowUp"] * 7 + ["ArrowLeft"] * 5 + [" "] + ["ArrowRight"] * 9 + ["ArrowDown", "ArrowDown", "ArrowLeft"] * 6 + [" "]:
        press(key)
    expect(winner(page)).to_have_text("7")
    press("Escape")
    expect(page.locator("#answer .waiting")).to_be_visible()
    press("Control+z")
    expect(winner(page)).to_have_text("7")
    press("Backspace")
    expect(page.locator("#answer .waiting")).to_be_visible()


def test_only_one_pen_draws(visit):
    """A second finger, a resting palm and the right button leave the drawing as it is."""
    page = visit(**PHONE)
    touch(page, SEVEN)
    expect(winner(page)).to_have_text("7")
    page.wait_for_timeout(300)  # the stroke's last answer
    stages = page.locator("#stages .film").inner_html()
    screen = page.context.new_cdp_session(page)
    (x, y), (right, down) = places(page, [(0.2, 0.6), (0.8, 0.9)])
    two = lambda shift: [{"x": x, "y": y, "id": 0}, {"x": right, "y": down - shift, "id": 1}]
    page.mouse.click(x, y, button="right")
    page.wait_for_timeout(300)
    assert page.locator("#stages .film").inner_html() == stages
    screen.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": two(0)})
    for shift in (40, 80, 120):
        screen.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": two(shift)})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)
    # The first finger left a dot at most; the second no line up the right side.
    alike = page.evaluate("() => { const p = document.querySelector('#pad canvas').getContext('2d').getImageData(190, 120, 40, 60).data; return p.every((v) => v === 0); }")
    assert alike


def test_the_drawing_stays_while_tabs_and_networks_change(page):
    draw(page, SEVEN)
    expect(winner(page)).to_have_text("7")
    page.get_by_label("CIFAR-10").check()
    expect(page.locator("#answer .waiting")).to_have_text(TEXTS["en"]["classify.waiting.cifar10.upload"])
    page.get_by_role("tab", name="Draw").click()
    expect(page.locator("#answer .winner")).to_be_visible()  # a drawing is no photograph, but the network answers
    page.get_by_label("MNIST").check()
    expect(winner(page)).to_have_text("7")
    draw(page, [(0.3, 0.5), (0.65, 0.5)])
    expect(winner(page)).to_have_text("7")


def test_what_the_network_saw_and_why_is_shown_and_adds_up(page):
    draw(page, SEVEN)
    expect(page.locator("#stages img")).to_have_count(8)
    expect(page.locator("#units img")).to_have_count(8)
    expect(page.locator("#answer tr")).to_have_count(10)
    numbers = lambda: [float(one.replace("−", "-")) for one in re.findall(r"[+−]\d+\.\d+", page.locator("#why figcaption").inner_text())]
    pixels, bias, logit = numbers()
    assert round(pixels + bias, 2) == logit and logit > 0
    choose(page, "against", "1")
    expect(page.locator("#why figcaption")).to_contain_text("7 rather than 1")
    pixels, bias, gap = numbers()
    assert round(pixels + bias, 2) == gap != logit
    choose(page, "Evidence for", "1")
    expect(page.locator("#why figcaption")).to_contain_text("For 1")
    expect(page.locator("#why figcaption")).to_contain_text(TEXTS["en"]["classify.itself"])


def test_a_photograph_of_a_digit_is_uploaded_and_read(page):
    upload(page, encoded(photographed(THREE), "JPEG"))
    expect(winner(page)).to_have_text("3")


def test_the_ink_of_an_upload_can_be_overridden(page):
    tight = drawn(THREE, width=0.3).crop((30, 0, 250, 280))
    upload(page, encoded(tight), "tight.png", "image/png")
    expect(winner(page)).not_to_have_text("3")
    page.get_by_label("dark on light").check()
    expect(winner(page)).to_have_text("3")


def test_cifar10_offers_pictures_to_try(page):
    page.get_by_label("CIFAR-10").check()
    expect(page.locator("#examples img")).to_have_count(10)
    page.locator("#examples button.thumbnail-item").nth(9).click()
    expect(winner(page)).to_have_text("truck")
    expect(page.locator("#stages img")).to_have_count(5)


def test_bad_files_get_one_sentence_and_the_next_is_read(page):
    for content, key in [(b"seven", "unreadable"), (png_bomb(), "large"), (encoded(drawn([(2.0, 2.0)])), "empty")]:
        upload(page, content, "bad.png", "image/png")
        expect(page.locator("#answer")).to_have_text(SENTENCES[key])
        page.locator("#upload").get_by_role("button", name="Remove Image").click()
        expect(page.locator("#answer")).to_have_text(TEXTS["en"]["classify.waiting.mnist.upload"])
    upload(page, encoded(drawn(SEVEN)), "seven.png", "image/png")
    expect(winner(page)).to_have_text("7")


def test_a_picture_is_pasted(visit, app):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("tab", name="Upload").click()
    page.evaluate(
        """async (content) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            await navigator.clipboard.write([new ClipboardItem({"image/png": new Blob([bytes], {type: "image/png"})})]);
        }""",
        base64.b64encode(encoded(drawn(THREE))).decode(),
    )
    page.locator("#upload").get_by_label("Paste from clipboard").click()
    expect(winner(page)).to_have_text("3")


def test_a_digit_held_before_the_camera_is_read_and_not_mirrored(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("tab", name="Upload").click()
    page.locator("#upload").get_by_label("Capture from camera").click()
    page.locator("#upload").get_by_text("Click to Access Webcam").click()
    page.locator("#upload").get_by_label("capture photo").click()
    expect(winner(page)).to_have_text("3")


def test_an_event_sends_at_most_2_kb_however_long_the_drawing(page):
    sizes = []

    def measure(request):
        if request.method == "POST" and '"data"' in (request.post_data or ""):
            sizes.append(len(request.post_data))

    page.on("request", measure)
    for turn in range(6):
        draw(page, [(0.1 + 0.8 * ((i * 7 + turn) % 11) / 10, 0.1 + 0.8 * ((i * 3 + turn) % 9) / 8) for i in range(25)])
    expect(page.locator("#answer .winner")).to_be_visible()
    assert len(sizes) > 10 and max(sizes) <= 2048


def test_a_chinese_browser_reads_chinese(visit):
    page = visit(locale="zh-CN")
    texts = TEXTS["zh-CN"]
    expect(page.locator("#answer .waiting")).to_have_text(texts["classify.waiting.mnist.draw"])
    expect(page.locator("#pad canvas")).to_have_attribute("aria-label", texts["classify.pad"])
    draw(page, SEVEN)
    expect(page.locator("#stages h2")).to_have_text(texts["classify.saw"])
    expect(page.get_by_role("button", name=texts["classify.clear"])).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_answer_without_scrolling_sideways(visit, scheme):
    page = visit(**PHONE, color_scheme=scheme)
    touch(page, SEVEN)
    expect(winner(page)).to_have_text("7")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#answer").bounding_box()["y"] < 844 - 100


@pytest.mark.parametrize("data_set", ["MNIST", "CIFAR-10"])
def test_the_large_network_answers_too_and_says_what_it_costs(page, data_set):
    name = {"MNIST": "mnist", "CIFAR-10": "cifar10"}[data_set]
    page.get_by_role("radio", name=data_set).check()
    expect(page.locator("#about")).to_contain_text(f"{checkpoints.shipped(name).parameter_count:,} parameters")
    choose(page, "Network", TEXTS["en"]["classify.large"])
    large = checkpoints.shipped(name, large=True)
    about = page.locator("#about")
    expect(about).to_contain_text(f"{large.parameter_count:,} parameters")
    expect(about).to_contain_text(re.compile(rf"\d MB · [\d.]+ ms a picture on this server · {checkpoints.record(name, large=True).accuracy:.2%} of 10,000 test"))
    if name == "mnist":
        expect(about).to_contain_text("its first 2 layers began as convolutions")
        draw(page, SEVEN)
        expect(winner(page)).to_have_text("7")
    else:
        expect(about).not_to_contain_text("convolutions")
        page.locator("#examples button").first.click()
        expect(winner(page)).to_be_visible()
    expect(page.locator("#units figure")).to_have_count(8)


def test_a_scribble_is_told_to_be_no_digit_and_a_digit_is_not(page):
    draw(page, SEVEN)
    expect(winner(page)).to_have_text("7")
    expect(page.locator("#answer .strange")).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    draw(page, [(0.1, 0.1), (0.9, 0.15), (0.1, 0.4), (0.9, 0.5), (0.1, 0.7), (0.9, 0.9), (0.2, 0.9), (0.8, 0.1), (0.5, 0.9)])
    expect(page.locator("#answer .strange")).to_have_text(TEXTS["en"]["classify.strange"])


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_noise_is_told_to_be_nothing_known(visit, locale):
    page = visit(locale=locale)
    texts = TEXTS[locale.removesuffix("-US")]
    page.get_by_role("tab", name=texts["classify.upload"]).click()
    noise = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8)))
    page.locator("#upload input[type=file]").set_input_files({"name": "noise.png", "mimeType": "image/png", "buffer": noise})
    expect(page.locator("#answer .strange")).to_have_text(texts["classify.strange"])
