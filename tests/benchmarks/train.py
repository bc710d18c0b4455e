"""What watching a run costs: the tab's defaults bare, followed, streamed over HTTP, and in the tab with its curves in Chromium.

    python -m tests.benchmarks.train
"""

import re
from statistics import median
from time import perf_counter

from gradio_client import Client
from playwright.sync_api import sync_playwright

from imgmlp.data.datasets import MNIST, load
from imgmlp.training.config import TrainConfig
from imgmlp.training.engine import train
from imgmlp.training.run import follow
from tests.conftest import CHROMIUM, started

ROUNDS = 7
CONFIG = TrainConfig(epochs=3)  # as the tab starts with


def main() -> None:
    images = load(MNIST, "train")
    seconds = {"bare": [], "followed": [], "over HTTP": [], "in the tab": []}
    accuracies, clicks = [], []
    with started() as app, sync_playwright() as playwright:
        client = Client(app.address, verbose=False)
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]).new_page()
        page.goto(app.address)
        page.get_by_role("tab", name="Train").click()
        for _ in range(ROUNDS):
            *_, last = train(CONFIG, images.pixels, images.labels)
            seconds["bare"].append(last.seconds)
            *_, run = follow(CONFIG)
            seconds["followed"].append(run.seconds)
            job = client.submit(CONFIG.dataset, list(CONFIG.hidden), CONFIG.optimizer, CONFIG.learning_rate, CONFIG.batch_size, CONFIG.epochs, api_name="/train")
            seconds["over HTTP"].append(job.result()["seconds"])
            clicked = perf_counter()
            page.locator("#start").click()
            page.locator("#train-status", has_not_text="10,000").wait_for()
            page.locator("#train-status", has_text="10,000").wait_for(timeout=60_000)
            clicks.append(perf_counter() - clicked)
            accuracy, took = re.search(r"([\d.]+)%.* ([\d.]+) s", page.locator("#train-status").inner_text()).groups()
            seconds["in the tab"].append(float(took))
            accuracies.append(float(accuracy))
    bare = median(seconds["bare"])
    for name, measured in seconds.items():
        print(f"{name}: {median(measured):.2f} s, {median(measured) / bare:.2f} times")
    print(f"from the click to the test's figure: {median(clicks):.2f} s, {max(clicks):.2f} at most; at least {min(accuracies):.2f} % right")


if __name__ == "__main__":
    main()
