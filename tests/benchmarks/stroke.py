"""From a stroke to its answer on the page, in Chromium on loopback, and what an event sends.

    python -m tests.benchmarks.stroke
"""

from statistics import median

from playwright.sync_api import sync_playwright

from tests.browser.conftest import LAPTOP, draw, places
from tests.conftest import CHROMIUM, started
from tests.pictures import SEVEN

MOVES = 40

# An answer is there when the last stage's picture is a new one: the whole answer comes in one piece.
WATCH = """() => {
    const seen = () => document.querySelector("#stages figure:last-child img")?.src;
    window.waits = [];
    let moved = null, before = seen();
    document.querySelector("#pad canvas").addEventListener("pointermove", () => { moved ??= performance.now(); });
    new MutationObserver(() => {
        if (moved === null || seen() === before) return;
        window.waits.push(performance.now() - moved);
        [moved, before] = [null, seen()];
    }).observe(document.querySelector("#stages"), {childList: true, subtree: true, attributes: true, characterData: true});
}"""


def main() -> None:
    sizes = []
    with started() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=LAPTOP)
        page.on("request", lambda request: sizes.append(len(request.post_data)) if request.method == "POST" and request.post_data else None)
        page.goto(app.address)
        page.locator("#answer .waiting").wait_for()
        draw(page, SEVEN, lift=False)
        page.locator("#answer .winner").wait_for()
        page.wait_for_timeout(500)
        page.evaluate(WATCH)
        sizes.clear()
        for turn in range(MOVES):
            page.mouse.move(*places(page, [(0.2 + 0.6 * turn / MOVES, 0.7 + 0.1 * (turn % 2))])[0])
            page.wait_for_timeout(300)
        waits = page.evaluate("waits")
        browser.close()
    print(f"from a movement to its answer: median {median(waits):.0f} ms, slowest {max(waits):.0f} ms, {len(waits)} of {MOVES} movements, pen down")
    print(f"an event sends: median {median(sizes):.0f} bytes, at most {max(sizes)}")


if __name__ == "__main__":
    main()
