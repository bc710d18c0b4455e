"""The Samples tab in real Chromium: look, filter, open, break, mend, find the mistakes, hand one over."""

import re

import pytest
from playwright.sync_api import expect

from imgmlp import checkpoints
from imgmlp.data.datasets import MNIST, load
from imgmlp.data.samples import SENTENCES, draw
from imgmlp.inference.classifier import evaluate
from imgmlp.ui.shared.text import TEXTS
from tests.browser.conftest import choose
from tests.conftest import started

ENGLISH = TEXTS["en"]


@pytest.fixture
def samples(page):
    """The tab, opened; found by what it holds, for Classify has a data set too."""
    page.get_by_role("tab", name="Samples").click()
    expect(page.locator("#samples button")).to_have_count(24)
    expect(page.locator("#matrix button").first).to_be_visible()
    expect(page.locator("#statistics td").first).to_be_visible()
    return page


def colour(page) -> None:
    page.get_by_role("tabpanel").filter(has=page.locator("#samples")).get_by_label("CIFAR-10: things").check()
    expect(page.locator("#matrix th", has_text="horse").first).to_be_visible()
    expect(page.locator("#statistics")).to_contain_text("(32, 32, 3)")


def answer(page):
    return page.locator("#lab-answer")


def test_the_grid_is_the_seeds_with_label_answer_and_confidence(samples):
    images = load(MNIST, "test")
    places = draw(images, 24, 7)
    shown = samples.locator("#samples button").evaluate_all("buttons => buttons.map((one) => Number(one.dataset.choice))")
    assert shown == images.indices[places].tolist()
    expect(samples.locator("#samples button").first).to_have_attribute("aria-label", re.compile(r"Picture \d+: \d, read (right|as \d), [<>]?\d+% sure"))


def test_right_and_wrong_differ_by_more_than_colour(samples):
    colour(samples)
    wrong, right = samples.locator("#samples button.wrong"), samples.locator("#samples button.right")
    assert wrong.count() and right.count() and wrong.count() + right.count() == 24
    expect(wrong.first).to_contain_text("✗")
    expect(right.first).to_contain_text("✓")
    expect(wrong.first).to_have_css("border-style", "dashed")


def test_again_and_the_class_filter_draw_anew(samples):
    before = samples.locator("#samples").inner_text()
    samples.get_by_role("button", name="Again").click()
    expect(samples.locator("#samples")).not_to_have_text(before)
    choose(samples, "Class", "4")
    expect(samples.locator("#samples button[aria-label*=': 4,']")).to_have_count(24)
    samples.get_by_label("training").check()
    expect(samples.locator("#chosen")).to_contain_text("training set")


@pytest.mark.parametrize("count", ["0", "-3", "1000000"])
def test_a_count_that_cannot_be_gets_one_sentence_and_the_next_works(samples, count):
    field = samples.get_by_label("Count")
    field.fill(count)
    field.press("Enter")
    expect(samples.locator("#samples-heading")).to_have_text(SENTENCES["count"])
    field.fill("5")
    field.press("Enter")
    expect(samples.locator("#samples button")).to_have_count(5)


def test_by_keyboard_the_grid_and_the_matrix_are_one_stop_each(samples):
    buttons = samples.locator("#samples button")
    buttons.first.focus()
    for key, place in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        samples.keyboard.press(key)
        expect(buttons.nth(place)).to_be_focused()
    samples.keyboard.press("ArrowDown")
    below = samples.locator("#samples button:focus")
    assert below.bounding_box()["x"] == buttons.nth(1).bounding_box()["x"] and below.bounding_box()["y"] > buttons.nth(1).bounding_box()["y"]
    samples.keyboard.press("Enter")
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {below.get_attribute('data-choice')} ")
    samples.keyboard.press("Tab")
    expect(samples.locator("#matrix button").first).to_be_focused()
    samples.keyboard.press("ArrowDown")
    samples.keyboard.press("ArrowUp")
    samples.keyboard.press("Shift+Tab")
    expect(below).to_have_count(1)


def test_a_bad_count_loses_nothing(samples):
    button = samples.locator("#samples button").nth(2)
    index = button.get_attribute("data-choice")
    button.click()
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {index} ")
    samples.get_by_label("Count").fill("")
    expect(samples.locator("#samples-heading")).to_have_text(SENTENCES["count"])
    expect(samples.locator("#samples button")).to_have_count(24)
    samples.get_by_label("Count").fill("30")
    expect(samples.locator("#samples button")).to_have_count(30)
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {index} ")
    expect(samples.locator(f"#samples [data-choice='{index}']")).to_have_attribute("aria-pressed", "true")


def test_a_bad_count_leaves_no_picture_of_another_data_set_behind(samples):
    samples.get_by_label("Count").fill("0")
    expect(samples.locator("#samples-heading")).to_have_text(SENTENCES["count"])
    samples.get_by_role("radio", name="CIFAR-10").click()
    expect(samples.locator("#samples button")).to_have_count(0)
    expect(samples.locator("#statistics td")).to_have_count(0)
    expect(samples.get_by_role("button", name="Classify this")).to_be_disabled()
    samples.get_by_label("Count").fill("3")
    expect(samples.locator("#samples button")).to_have_count(3)
    expect(samples.locator("#statistics td").first).to_be_visible()


def test_another_network_reads_the_same_pictures(samples):
    samples.locator("#matrix [data-choice='4-9']").click()
    expect(samples.locator("#samples-heading")).to_contain_text("4 read as 9")
    choices = "buttons => buttons.map((one) => one.dataset.choice)"
    before = samples.locator("#samples button").evaluate_all(choices)
    samples.locator("#samples button").nth(1).click()
    choose(samples, "Network", TEXTS["en"]["classify.large"])
    expect(samples.locator("#samples-heading")).to_have_text(TEXTS["en"]["samples.other_network"])
    assert samples.locator("#samples button").evaluate_all(choices) == before
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {before[1]} ")
    samples.get_by_role("button", name=TEXTS["en"]["samples.back"]).click()
    expect(samples.locator("#samples button")).to_have_count(24)


def test_a_button_leads_back_from_a_cell_to_the_random_pictures(samples):
    choices = "buttons => buttons.map((one) => one.dataset.choice)"
    before = samples.locator("#samples button").evaluate_all(choices)
    back = samples.get_by_role("button", name=TEXTS["en"]["samples.back"])
    expect(back).not_to_be_visible()
    cell = samples.locator("#matrix [data-choice='4-9']")
    cell.click()
    expect(samples.locator("#samples-heading")).to_contain_text("4 read as 9")
    back.press("Enter")
    expect(samples.locator("#samples button")).to_have_count(24)
    assert samples.locator("#samples button").evaluate_all(choices) == before
    expect(back).not_to_be_visible()
    expect(cell).to_be_focused()


def test_the_choice_is_kept_while_another_tab_is_open(samples):
    samples.locator("#matrix [data-choice='4-9']").click()
    expect(samples.locator("#samples-heading")).to_contain_text("4 read as 9")
    index = samples.locator("#samples button").nth(1).get_attribute("data-choice")
    samples.locator("#samples button").nth(1).click()
    samples.get_by_role("tab", name="Classify").click()
    samples.get_by_role("tab", name="Samples").click()
    samples.wait_for_timeout(500)
    expect(samples.locator("#samples-heading")).to_contain_text("4 read as 9")
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {index} ")


def test_a_chosen_picture_opens_in_the_lab_with_its_numbers(samples):
    button = samples.locator("#samples button").nth(5)
    index = button.get_attribute("data-choice")
    button.click()
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {index} of the test set")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(samples.locator("#statistics")).to_contain_text("(28, 28, 1)")
    expect(samples.locator("#statistics")).to_contain_text("(1, 28, 28)")
    expect(samples.locator("#numbers td[style]")).to_have_count(784)
    samples.get_by_label(ENGLISH["lab.pixels"]).check()
    pixels = load(MNIST, "test").pixels[int(index), 0]
    expect(samples.locator("#numbers")).to_contain_text(ENGLISH["lab.pixels"])
    assert samples.locator("#numbers td[style]").all_inner_texts() == [str(value) for value in pixels.flatten().tolist()]
    samples.locator("#numbers tr").nth(11).locator("td[style]").nth(14).hover()
    expect(samples.locator("#numbers .readout")).to_have_text(f"[10, 14] = {pixels[10, 14]}")
    box = samples.locator("#numbers tr").nth(28).locator("td").nth(27).bounding_box()
    assert 8 < box["width"] < 14 and 8 < box["height"] < 14  # the cells are square, the last one too


def test_a_picture_is_broken_and_mended(samples):
    colour(samples)
    right = samples.locator("#screen dd").first.inner_text()
    expect(answer(samples)).to_have_text(right)
    picture = samples.locator("#screen img").first.get_attribute("src")
    samples.get_by_label(ENGLISH["lab.mistake.order"]).check()
    expect(answer(samples)).not_to_have_text(right)
    assert samples.locator("#screen img").first.get_attribute("src") != picture
    expect(samples.locator("#code del")).to_have_text("pixels.reshape(pixels.shape[2], pixels.shape[0], pixels.shape[1])")
    expect(samples.locator("#code ins")).to_have_text("pixels.permute(2, 0, 1)")
    samples.get_by_label(ENGLISH["lab.mistake.order"]).uncheck()
    expect(answer(samples)).to_have_text(right)
    expect(samples.locator("#screen img").first).to_have_attribute("src", picture)


def test_skipping_the_undo_changes_the_screen_and_not_the_answer(samples):
    colour(samples)
    right, picture = answer(samples).inner_text(), samples.locator("#screen img").first.get_attribute("src")
    samples.get_by_label(ENGLISH["lab.mistake.display"]).check()
    expect(samples.locator("#screen img").first).not_to_have_attribute("src", picture)
    expect(answer(samples)).to_have_text(right)


def test_colour_has_channels_and_one_more_mistake(samples):
    expect(samples.locator("#mistakes input")).to_have_count(4)
    colour(samples)
    expect(samples.locator("#mistakes input")).to_have_count(5)
    expect(samples.locator("#numbers td[style]")).to_have_count(1024)
    expect(samples.locator("#numbers .readout")).to_contain_text("red")
    samples.get_by_label("blue", exact=True).check()
    expect(samples.locator("#numbers .readout")).to_contain_text("blue")


def test_the_matrix_lists_the_most_confident_mistakes_first(samples):
    read = evaluate(checkpoints.shipped("mnist"), load(MNIST, "test"))
    cell = samples.locator("#matrix [data-choice='4-9']")
    expect(cell).to_have_text(str(read.confusion[4, 9].item()))
    cell.click()
    expect(samples.locator("#samples-heading")).to_contain_text("4 read as 9")
    expect(samples.locator("#samples button.wrong")).to_have_count(read.confusion[4, 9].item())
    shown = samples.locator("#samples button").evaluate_all("buttons => buttons.map((one) => Number(one.dataset.choice))")
    assert shown == read.read_as(4, 9).tolist()
    expect(samples.locator("#chosen")).to_contain_text(f"Picture {shown[0]} ")
    expect(samples.locator("#sample-why .winner b")).to_have_text("9")
    expect(samples.locator("#sample-why figcaption")).to_contain_text("For 9")


def test_the_large_network_stays_chosen_in_the_other_data_set_and_the_other_tab(samples):
    large = TEXTS["en"]["classify.large"]
    choose(samples, "Network", large)
    colour(samples)
    expect(samples.locator("#samples-which input")).to_have_value(large)
    samples.locator("#samples button").first.click()
    answer = samples.locator("#sample-why .winner b").inner_text()
    samples.get_by_role("button", name="Classify this").click()
    expect(samples.locator("#which input")).to_have_value(large)
    expect(samples.locator("#answer .winner b")).to_have_text(answer)


def test_a_picture_is_handed_to_classify(samples):
    colour(samples)
    name = samples.locator("#sample-why .winner b").inner_text()
    samples.get_by_role("button", name="Classify this").click()
    expect(samples.locator("#answer .winner b")).to_have_text(name)
    expect(samples.locator("#about")).to_contain_text("CIFAR-10")
    samples.get_by_role("tab", name="Samples").click()
    expect(samples.locator("#samples button")).to_have_count(24)


def test_shuffled_pixels_are_shown_with_what_was_measured(samples):
    expect(samples.locator("#shuffled img")).to_have_count(2)
    expect(samples.locator("#shuffled")).to_contain_text(re.compile(r"reads \d\d\.\d% of the test set"))


def test_a_phone_shows_what_was_chosen(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.get_by_role("tab", name="Samples").tap()
    page.locator("#samples button").nth(3).tap()
    expect(page.locator("#chosen")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_damaged_data_folder_is_said_and_the_starter_images_are_shown(browser, tmp_path):
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    (folder / "t10k-images-idx3-ubyte").write_bytes(b"half")
    with started("--data", str(tmp_path)) as other:
        page = browser.new_page()
        page.goto(other.address)
        page.get_by_role("tab", name="Samples").click()
        expect(page.locator("#samples-heading")).to_contain_text("is not the official file; delete it and download it again.")
        expect(page.locator("#samples-heading")).to_contain_text("starter images")
        expect(page.locator("#samples button")).to_have_count(24)
        page.close()


def test_a_download_that_fails_gets_one_sentence_and_the_starter_images_stay(browser, tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing answers there
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("IMGMLP_DATA", raising=False)
    with started() as other:
        page = browser.new_page()
        page.goto(other.address)
        page.get_by_role("tab", name="Samples").click()
        expect(page.locator("#samples button").first).to_be_visible()
        expect(page.locator("#fetch")).not_to_be_visible()  # MNIST is whole
        colour(page)
        page.locator("#fetch").click()
        expect(page.locator("#fetching")).to_have_text(ENGLISH["error.download"], timeout=30_000)
        expect(page.locator("#matrix-about")).to_contain_text("of 1,000 test pictures right")
        page.close()
    assert not list((tmp_path / ".cache/imgmlp").iterdir())
