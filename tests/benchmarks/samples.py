"""The Samples tab: a grid of 24 over HTTP, the matrix at first and again, and a switch of the lab in Chromium.

    python -m tests.benchmarks.samples
"""

from statistics import median
from time import perf_counter

import httpx
from playwright.sync_api import sync_playwright

from imgmlp.data.datasets import DATASETS
from tests.conftest import CHROMIUM, App, started

ROUNDS = 50

SWITCH = """async () => {
    const shown = () => document.querySelector("#screen img")?.src, waits = [];
    for (let round = 0; round < 40; round++) {
        const before = shown(), start = performance.now();
        document.querySelectorAll("#mistakes input")[round % 2].click();
        while (shown() === before) await new Promise(requestAnimationFrame);
        waits.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 100));
    }
    return waits;
}"""


def event_of(config: dict, elem_id: str, inputs: int) -> dict:
    """The page's event that fills a component from so many inputs."""
    component = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == elem_id)
    return next(one for one in config["dependencies"] if component in one["outputs"] and len(one["inputs"]) == inputs)


def ask(app: App, event: dict, inputs: list) -> float:
    """Milliseconds of one round trip."""
    start = perf_counter()
    body = {"data": inputs, "fn_index": event["id"], "session_hash": "benchmark"}
    httpx.post(f"{app.address}/gradio_api/run/predict", json=body, timeout=60).raise_for_status()
    return (perf_counter() - start) * 1000


def main() -> None:
    with started() as app:
        config = httpx.get(f"{app.address}/config").json()
        for name in DATASETS:
            event = event_of(config, "matrix", 3)
            first, *others = (ask(app, event, [name, None, 0]) for _ in range(ROUNDS))
            print(f"{name}: confusion matrix {first:.0f} ms at first, then {median(others):.0f} ms")
            event = event_of(config, "samples", 9)
            print(f"{name}: a grid of 24 {median(ask(app, event, [name, 'test', -1, 24, seed, None, 0, None, None]) for seed in range(ROUNDS)):.0f} ms")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(app.address)
            page.get_by_role("tab", name="Samples").click()
            page.locator("#statistics td").first.wait_for()
            page.get_by_role("tabpanel").filter(has=page.locator("#samples")).get_by_label("CIFAR-10: things").check()
            page.locator("#mistakes input").nth(4).wait_for()
            page.wait_for_timeout(1000)
            waits = page.evaluate(SWITCH)
            browser.close()
        print(f"a switch of the lab: median {median(waits):.0f} ms, slowest {max(waits):.0f} ms, of {len(waits)}")


if __name__ == "__main__":
    main()
