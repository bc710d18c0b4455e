"""Links in real Chromium: an address opens a tab as it was linked, a button copies one, and `lang=` chooses the language."""

import pytest
from playwright.sync_api import expect

from imgmlp.ui.shared.text import TEXTS


@pytest.fixture
def follow(app, visit):
    """Open the page with a query."""

    def open_link(query: str, **options):
        page = visit(**options)
        page.goto(f"{app.address}/{query}")
        page.locator("#answer .waiting").wait_for(state="attached")
        return page

    return open_link


def test_a_link_brings_back_the_same_sample(follow):
    page = follow("?tab=samples&dataset=cifar10&seed=11&count=30&index=95")
    expect(page.locator("#chosen")).to_contain_text("Picture 95 of the test set")
    expect(page.locator("#samples button")).to_have_count(30)
    expect(page.get_by_label("Seed")).to_have_value("11")


def test_a_link_brings_back_a_class(follow):
    page = follow("?tab=samples&dataset=cifar10&class=3&count=5")
    expect(page.locator("#samples button")).to_have_count(5)
    page.locator(".copy-link:visible").click()
    page.wait_for_url("**class=3**")


def test_a_link_brings_back_a_broken_picture(follow):
    page = follow("?tab=samples&dataset=cifar10&index=816&mistakes=order-colours")
    expect(page.locator("#screen dd")).to_have_count(2)
    expect(page.locator("#mistakes input:checked")).to_have_count(2)
    page.locator("#mistakes input").nth(1).uncheck()
    page.locator(".copy-link:visible").click()
    page.wait_for_url("**mistakes=order")
    follow("?tab=samples&mistakes=colours").locator("#mistakes input").nth(3).wait_for()  # which a grey picture does not have


def test_a_picture_that_is_not_here_is_told(follow):
    page = follow("?tab=samples&index=59999")
    expect(page.locator("#samples-heading")).to_contain_text("The link asks for picture 59999")


def test_a_link_brings_back_training_and_memory(follow):
    page = follow("?tab=train&dataset=cifar10&hidden=64-32&optimizer=sgd&lr=0.05&batch=256&epochs=2&seed=5&augment=1")
    expect(page.get_by_label("Hidden widths")).to_have_value("64, 32")
    expect(page.get_by_label("Rate")).to_have_value("0.05")
    expect(page.get_by_label("Augment")).to_be_checked()
    page = follow("?tab=memory&batch=1024&device=h100&optimizer=sgd")
    expect(page.locator("#memory-headline")).to_contain_text("Modelled for H100")
    expect(page.get_by_label("Batch", exact=True)).to_have_value("1024")


def test_a_link_to_a_data_set_shows_it_in_classify(follow):
    page = follow("?dataset=cifar10")
    expect(page.locator("#about")).to_contain_text("3072-128-10")
    expect(page.locator("#answer")).to_contain_text(TEXTS["en"]["classify.waiting.cifar10.upload"])


def test_what_a_link_cannot_ask_for_is_told_and_the_rest_followed(follow):
    page = follow("?tab=memory&batch=0&optimizer=lion&device=h100")
    expect(page.get_by_text("followed without: optimizer, batch")).to_be_visible()
    expect(page.locator("#memory-headline")).to_contain_text("Modelled for H100")


@pytest.mark.parametrize("asked, language, browsers", [("zh-CN", "zh-CN", "en-US"), ("zh", "zh-CN", "en-US"), ("en", "en", "zh-CN")])
def test_a_link_chooses_the_language(follow, asked, language, browsers):
    page = follow(f"?lang={asked}", locale=browsers)
    expect(page.get_by_role("tab").first).to_have_text(TEXTS[language]["classify.tab"])
    assert page.title() == TEXTS[language]["title"]
    assert page.locator("html").get_attribute("lang") == language
    expect(page.locator("#answer")).to_contain_text(TEXTS[language]["classify.waiting.mnist.draw"])


@pytest.mark.parametrize("tab", ["classify", "samples"])
def test_a_link_chooses_the_large_network(follow, tab):
    page = follow(f"?tab={tab}&dataset=cifar10&network=large")
    which = page.locator("#which input" if tab == "classify" else "#samples-which input")
    expect(which).to_have_value(TEXTS["en"]["classify.large"])
    page.wait_for_timeout(500)  # in which a tab that opens brings its choices up to date
    expect(which).to_have_value(TEXTS["en"]["classify.large"])
    page.get_by_role("radio", name="MNIST").check()
    page.locator(".copy-link:visible").click()
    page.wait_for_url("**dataset=mnist**network=large**")


def test_a_copied_link_keeps_the_language_of_the_address(follow):
    page = follow("?tab=memory&lang=zh-CN")
    page.locator(".copy-link:visible").click()
    page.wait_for_url("**implementation=**lang=zh-CN")


def test_the_button_copies_a_link_that_brings_the_tab_back(follow):
    page = follow("?tab=memory")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("radio", name="CIFAR-10").click()
    page.get_by_label("Hidden widths").fill("300")
    page.get_by_label("Batch", exact=True).fill("777")
    page.locator(".copy-link:visible").click()
    page.wait_for_url("**batch=777**")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    expect(page.locator(".toast-body")).to_contain_text(TEXTS["en"]["link.copied"])
    other = follow(copied[copied.index("?") :])
    expect(other.locator("#memory-headline")).to_have_text(page.locator("#memory-headline").inner_text())
    expect(other.get_by_label("Hidden widths")).to_have_value("300")


def test_a_page_that_may_not_copy_says_where_the_link_is(follow):
    page = follow("?tab=train")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as a browser has it without TLS
    page.locator(".copy-link:visible").click()
    expect(page.locator(".toast-body")).to_contain_text(TEXTS["en"]["link.address"])
    page.wait_for_url("**tab=train&dataset=mnist**")
