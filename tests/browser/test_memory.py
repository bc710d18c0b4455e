"""The Memory tab in real Chromium: move the slider, read the parts, measure, search, and bring settings that cannot be."""

import re

import pytest
from playwright.sync_api import expect

from imgmlp.memory.devices import DEVICES
from imgmlp.memory.estimate import estimate
from imgmlp.memory.step import StepConfig
from imgmlp.ui.shared.text import TEXTS, size
from tests.browser.conftest import choose

ENGLISH = TEXTS["en"]


@pytest.fixture
def memory(page):
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#timeline svg")).to_be_visible()
    return page


def row(page, part: str):
    return page.locator("#parts tr", has=page.get_by_role("rowheader", name=part, exact=True))


def test_the_lessons_figures_stand_beside_the_true_ones(memory):
    for part, figure, lesson in (("parameters", "407,080 B", "403 KB"), ("optimizer state", "814,160 B", "806 KB"), ("batch", "201,216 B", "192 KB")):
        expect(row(memory, part)).to_contain_text(figure)
        expect(row(memory, part)).to_contain_text(lesson)


def test_the_batch_moves_and_the_parameters_stand_still(memory):
    slider = memory.locator("#power input[type=range]")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    expect(memory.get_by_label("Batch", exact=True)).to_have_value("1024")
    expect(row(memory, "batch")).to_contain_text(size(1024 * (784 * 4 + 8)))
    expect(row(memory, "parameters")).to_contain_text("407,080 B")
    expect(memory.locator("#memory-headline")).to_contain_text(size(estimate(StepConfig(batch_size=1024), None).peaks.requested_bytes))


def test_a_card_adds_its_workspace_and_the_figures_say_that_they_are_modelled(memory):
    choose(memory, "Card", "H100")
    expect(memory.locator("#memory-headline")).to_contain_text("Modelled for H100")
    expect(memory.locator("#memory-headline")).to_contain_text(size(estimate(StepConfig(), DEVICES["h100"]).peaks.allocated_bytes))
    expect(row(memory, "libraries' workspaces")).to_contain_text("67,108,864 B")
    # Which are thirty times the rest, and cut off so that the rest can be seen.
    expect(memory.locator("#timeline p")).to_contain_text("Drawn up to")
    heights = memory.locator("#timeline rect").evaluate_all("bars => bars.map((one) => [one.getAttribute('fill'), Number(one.getAttribute('height')), Number(one.getAttribute('y'))])")
    assert max(height for fill, height, _ in heights if fill == "#009e73") > 20 and min(y for *_, y in heights) >= 15.9


def test_what_is_measured_stands_on_the_predicted_line_and_says_on_what(memory):
    memory.locator("#measure").click()
    expect(memory.locator("#curve circle")).to_have_count(5, timeout=30_000)
    expect(memory.locator("#memory-headline")).to_contain_text("Measured on the CPU")
    memory.locator("#curve summary").click()
    rows = [row.locator("td").all_inner_texts() for row in memory.locator("#curve tr").all()]
    measured = [cells for cells in rows if cells and cells[2] != "–"]
    assert len(measured) == 5 and all(cells[2] == cells[0] for cells in measured)  # to the byte


def test_a_batch_that_is_no_power_of_two_stands_among_the_numbers_too(memory):
    memory.get_by_label("Batch", exact=True).fill("777")
    memory.locator("#measure").click()
    expect(memory.locator("#curve circle")).to_have_count(5, timeout=30_000)
    memory.locator("#curve summary").click()
    expect(memory.locator("#curve tr", has_text="777")).to_contain_text(f"{estimate(StepConfig(batch_size=777), None).peaks.requested_bytes:,}")


def test_the_largest_batch_is_found_for_a_card_under_a_cap(memory):
    memory.get_by_role("radio", name="CIFAR-10").click()
    memory.get_by_label("Hidden widths").fill("2048, 2048")
    choose(memory, "Card", "T4")
    memory.get_by_label("Cap, GB").fill("4")
    memory.locator("#search").click()
    answer = memory.locator("#memory-answer")
    expect(answer).to_contain_text("is the largest batch", timeout=10_000)
    batch, advised = (int(one.replace(",", "")) for one in re.findall(r"counted: ([\d,]+) is .* of it, ([\d,]+):", answer.inner_text())[0])
    assert advised == int(0.8 * batch)


def test_a_search_without_a_card_asks_for_one(memory):
    memory.locator("#search").click()
    expect(memory.locator("#memory-answer")).to_contain_text(ENGLISH["error.no_card"])


@pytest.mark.parametrize("field, value, key", [("Batch", "0", "error.step_settings"), ("Batch", "10000000", "error.step_settings"), ("Hidden widths", "0", "error.step_settings"), ("Hidden widths", "wide", "error.widths")])
def test_settings_that_cannot_be_get_one_sentence_and_the_next_work(memory, field, value, key):
    box = memory.get_by_label(field, exact=True)
    before = box.input_value()
    box.fill(value)
    box.press("Tab")
    expect(memory.locator("#memory-headline")).to_have_text(ENGLISH[key])
    box.fill(before)
    box.press("Tab")
    expect(memory.locator("#memory-headline")).to_contain_text("Predicted for the CPU")


def test_what_the_cpu_took_is_no_point_on_a_cards_curve(memory):
    memory.locator("#measure").click()
    expect(memory.locator("#curve circle")).to_have_count(5, timeout=30_000)
    choose(memory, "Card", "H100")
    expect(memory.locator("#memory-headline")).to_contain_text("H100")
    expect(memory.locator("#curve circle")).to_have_count(0)
    expect(memory.locator("#memory-headline")).not_to_contain_text("Measured")


def test_what_is_said_while_it_measures_is_of_what_is_set_and_a_later_answer_stays(memory):
    memory.get_by_label("Hidden widths").fill("4096, 4096, 4096")
    memory.locator("#measure").click()
    answer = memory.locator("#memory-answer")
    expect(answer).to_contain_text(ENGLISH["memory.measuring"])
    choose(memory, "Card", "T4")
    expect(answer).not_to_contain_text(ENGLISH["memory.measuring"])
    memory.locator("#search").click()
    expect(answer).to_contain_text("is the largest batch")
    choose(memory, "Card", ENGLISH["memory.here"])
    expect(memory.locator("#curve circle")).to_have_count(5, timeout=60_000)
    choose(memory, "Card", "T4")
    expect(answer).to_contain_text("is the largest batch")


def test_a_prediction_and_a_wrong_setting_wait_for_nobodys_turn(memory, visit):
    other = visit()
    other.get_by_role("tab", name="Train").click()
    other.get_by_label("Epochs").fill("1000")
    other.locator("#start").click()
    expect(other.locator("#train-status")).to_contain_text("Epoch", timeout=30_000)
    choose(memory, "Card", "T4")
    memory.get_by_label("Hidden widths").fill("2048, 2048")
    memory.locator("#search").click()
    expect(memory.locator("#memory-answer")).to_contain_text("is the largest batch")
    memory.get_by_role("radio", name="CIFAR-10").click()
    expect(memory.locator("#memory-answer")).not_to_contain_text("is the largest batch")  # of MNIST
    memory.get_by_role("tab", name="Train").click()
    memory.get_by_label("Batch", exact=True).filter(visible=True).fill("0")
    memory.locator("#start").click()
    expect(memory.locator("#train-status")).to_have_text(ENGLISH["error.batch_size"])
    expect(memory.locator("#start")).to_be_enabled()
    expect(other.locator("#train-status")).to_contain_text("Epoch")  # all the while
    other.locator("#stop").click()
    expect(other.locator("#start")).to_be_enabled(timeout=30_000)


def test_a_step_for_no_card_is_answered_with_its_bytes_and_not_measured(memory):
    memory.get_by_label("Hidden widths").fill("1000000, 1000000")
    memory.get_by_label("Hidden widths").press("Tab")
    expect(memory.locator("#memory-headline")).to_contain_text("TiB")
    memory.locator("#measure").click()
    expect(memory.locator("#memory-answer")).to_contain_text("This step would take")
