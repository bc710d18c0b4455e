"""The Train tab in real Chromium: train, watch, stop, bring bad settings, and draw with the result."""

import io
import re
import time
import zipfile
from pathlib import Path

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
        expect(train.locator(f"{curve} polyline")).to_be_visible()
    expect(train.locator("#accuracy")).to_contain_text("at step 938 of 938")
    train.get_by_role("button", name=ENGLISH["numbers"]).click()
    expect(train.locator("#train-numbers tr").last).to_contain_text("938")


def test_a_run_is_stopped_and_the_next_starts(train):
    train.get_by_label("Epochs").fill("1000")
    train.locator("#start").click()
    expect(train.locator("#train-status")).to_contain_text("Epoch", timeout=20_000)
    train.locator("#stop").click()
    learned = re.compile(re.escape(ENGLISH["train.stopped"]) + r" #1: as it was at step [\d,]+ of 938,000: loss [\d.]+, [\d.]+% of 1,000 test pictures right\.")
    expect(train.locator("#train-status .waiting")).to_have_text(learned)
    train.wait_for_timeout(1000)
    expect(train.locator("#train-status .waiting")).to_have_text(learned)
    expect(train.locator("#runs td").nth(1)).to_have_text(re.compile(r"[\d.]+% \(1,000\)"))
    across = lambda place: float(train.locator("#loss polyline").get_attribute("points").split()[place].partition(",")[0])
    assert across(-1) - across(0) > 300  # the curve is as wide as the run came far
    train.get_by_label("Epochs").fill("1")
    train.locator("#start").click()
    finished(train)
    expect(train.locator("#runs tr")).to_have_count(3)  # the head, the stopped one, this one


@pytest.mark.parametrize("field, value, error", [("Rate", "0", "learning_rate"), ("Rate", "-1", "learning_rate"), ("Rate", "1e9", "learning_rate"), ("Rate", "", "learning_rate"), ("Batch", "0", "batch_size"), ("Batch", "70000", "batch_size"), ("Epochs", "0", "epochs"), ("Hidden widths", "0", "hidden"), ("Hidden widths", "1000000", "hidden"), ("Hidden widths", "8 " * 40, "hidden"), ("Seed", "-1", "seed")])
def test_a_setting_that_cannot_be_gets_its_own_sentence(train, field, value, error):
    train.get_by_label(field).fill(value)
    train.locator("#start").click()
    expect(train.locator("#train-status .waiting")).to_have_text(ENGLISH[f"error.{error}"])


def test_widths_that_are_no_numbers_get_one_sentence(train):
    train.get_by_label("Hidden widths").fill("wide")
    train.locator("#start").click()
    expect(train.locator("#train-status .waiting")).to_have_text(ENGLISH["error.widths"])


def test_a_network_too_large_is_refused_with_its_bytes(train):
    train.get_by_label("Hidden widths").fill("8192，8192")
    train.locator("#start").click()
    parameters = 785 * 8192 + 8193 * 8192 + 8193 * 10
    expect(train.locator("#train-status")).to_contain_text(f"{parameters:,} parameters needs {16 * parameters:,} bytes")


def test_stop_can_be_pressed_while_a_run_goes_and_only_then(train):
    start, stop = train.locator("#start"), train.locator("#stop")
    expect(stop).to_be_disabled()
    train.get_by_label("Rate").fill("0")
    start.click()
    expect(train.locator("#train-status .waiting")).to_have_text(ENGLISH["error.learning_rate"])
    expect(stop).to_be_disabled()
    train.get_by_label("Rate").fill("0.001")
    train.get_by_label("Epochs").fill("1000")
    start.click()
    stop.click()  # before the first step
    expect(train.locator("#train-status .waiting")).to_have_text(ENGLISH["train.unlearned"])
    train.get_by_label("Epochs").fill("1")
    start.click()  # once it can be
    expect(stop).to_be_enabled()
    finished(train)
    expect(stop).to_be_disabled()


def test_the_choice_of_networks_is_up_to_date_in_classify(page):
    """Also after a run of a single event, whose one network needs no slider."""
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Epochs").fill("1")
    page.get_by_label("Batch").fill("60000")
    page.locator("#start").click()
    finished(page)
    page.get_by_role("tab", name="Classify").click()
    page.get_by_role("combobox", name="Network").click()
    expect(page.get_by_role("option", name="#1: ")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Train").click()
    page.locator("#use").click()
    expect(page.locator("#which input")).to_have_value(re.compile(r"#1: \d"))
    expect(page.locator("#snapshot")).not_to_be_visible()
    expect(page.locator("#about")).to_contain_text("784-128-10")
    page.get_by_label("CIFAR-10").first.check()
    expect(page.locator("#about")).to_contain_text("3072-128-10")
    page.get_by_label("MNIST").first.check()
    expect(page.locator("#which input")).to_have_value(re.compile(r"#1: \d"))  # each data set keeps the network that was chosen for it
    expect(page.locator("#about")).to_contain_text("of 10,000 test pictures right")
    choose(page, "Network", ENGLISH["classify.large"])
    page.get_by_label("CIFAR-10").first.check()
    expect(page.locator("#which input")).to_have_value(ENGLISH["classify.shipped"])
    page.get_by_label("MNIST").first.check()
    expect(page.locator("#which input")).to_have_value(ENGLISH["classify.large"])


def test_a_run_that_diverges_gets_advice(train):
    choose(train, "Optimizer", "sgd")
    train.get_by_label("Rate").fill("10")
    train.locator("#start").click()
    expect(train.locator("#train-status .waiting")).to_have_text("The run diverged: its loss grew beyond all bounds at a rate of 10; try 1.", timeout=20_000)
    expect(train.locator("#loss polyline")).to_have_count(0)


def test_a_run_that_diverges_gives_way_to_the_one_before(train):
    train.locator("#start").click()
    finished(train)
    expect(train.locator("#loss")).to_contain_text("at step 938 of 938")
    before = train.locator("#loss").inner_text()
    choose(train, "Optimizer", "sgd")
    train.get_by_label("Rate").fill("10")
    train.locator("#start").click()
    expect(train.locator("#train-status .waiting")).to_contain_text("diverged")
    expect(train.locator("#loss")).to_have_text(before, use_inner_text=True)
    expect(train.locator("#train-matrix td.diagonal")).to_have_count(10)


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
    expect(page.locator("#about")).to_contain_text("of 10,000 test pictures right")
    grown = page.locator("#answer").inner_text()
    slider = page.locator("#snapshot input[type=number]")
    slider.fill("1")
    slider.press("Enter")
    expect(page.locator("#answer")).not_to_have_text(grown)
    expect(page.locator("#about")).to_contain_text(re.compile(r"after step \d+ · [\d.]+% of 1,000 test pictures right"))
    choose(page, "Network", ENGLISH["classify.shipped"])
    expect(page.locator("#about")).to_contain_text("784-128-10")
    expect(page.locator("#snapshot")).not_to_be_visible()


def test_the_network_is_downloaded(train):
    train.locator("#start").click()
    finished(train)
    with train.expect_download() as download:
        train.locator("#download").click()
    assert download.value.suggested_filename == "mnist-1.zip"
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as bundle:
        assert {"model.safetensors", "config.json", "classify.py", "preprocess.py"} <= set(bundle.namelist())


def test_an_earlier_run_is_chosen_from_the_table(train):
    for widths in ("16", "24"):
        train.get_by_label("Hidden widths").fill(widths)
        train.locator("#start").click()
        expect(train.locator("#train-status")).not_to_contain_text("10,000")
        finished(train)
    expect(train.locator("#runs button[aria-pressed=true]")).to_have_text("#2")
    train.get_by_role("button", name="Choose run 1").click()
    train.locator("#use").click()
    expect(train.locator("#about")).to_contain_text("784-16-10")


def test_ones_own_network_reads_the_samples(train):
    train.get_by_label("Hidden widths").fill("2")
    train.locator("#start").click()
    finished(train)
    right = re.search(r"([\d.]+)%", train.locator("#train-status").inner_text()).group(1)
    train.get_by_role("tab", name="Samples").click()
    expect(train.locator("#matrix-about")).to_contain_text("9,918 of 10,000")
    wrong = train.locator("#samples button.wrong").count()
    choose(train, "Network", f"#1: {float(right):.1f}%")
    expect(train.locator("#matrix-about")).to_contain_text(f"{float(right) * 100:,.0f} of 10,000")
    assert train.locator("#samples button.wrong").count() > wrong  # two hidden units are few


def test_who_waits_sees_the_place_in_the_queue(visit):
    first, second = visit(), visit()
    for page, epochs in ((first, "1000"), (second, "1")):
        page.get_by_role("tab", name="Train").click()
        page.get_by_label("Epochs").fill(epochs)
        page.locator("#start").click()
        expect(page.locator("#train-status")).to_contain_text("Epoch" if page is first else "queue: 1/1", timeout=20_000)
    first.locator("#stop").click()
    finished(second)


def test_who_waits_in_chinese_is_told_so_in_chinese_alone(visit):
    first, second = visit(), visit(locale="zh-CN")
    first.get_by_role("tab", name="Train").click()
    first.get_by_label("Epochs").fill("1000")
    first.locator("#start").click()
    expect(first.locator("#train-status")).to_contain_text("Epoch", timeout=20_000)
    second.get_by_role("tab", name=TEXTS["zh-CN"]["train.tab"]).click()
    second.locator("#start").click()
    expect(second.locator("#train-status .progress-text")).to_contain_text("queue")
    expect(second.locator("#train-status .progress-text")).to_be_hidden()
    expect(second.get_by_text(TEXTS["zh-CN"]["train.waiting"])).to_be_visible()
    for page in (second, first):
        page.locator("#stop").click()


def test_stop_before_the_first_step_leaves_nothing_running(app, train):
    train.locator("#start").click()
    train.locator("#stop").click()
    deadline = time.monotonic() + 3
    while app.runs and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not app.runs
    train.locator("#start").click()
    finished(train)


def test_a_closed_tab_ends_its_run(app, visit):
    page = visit()
    page.get_by_role("tab", name="Train").click()
    page.get_by_label("Epochs").fill("1000")
    page.locator("#start").click()
    expect(page.locator("#train-status")).to_contain_text("Epoch", timeout=20_000)
    assert len(app.runs) == 1
    page.close()
    deadline = time.monotonic() + 2
    while app.runs and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not app.runs
