"""The README's picture of the app: what it shows is what the app does.

    python -m tests.benchmarks.picture
"""

import io

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import LAPTOP, draw
from tests.conftest import CHROMIUM, ROOT, started
from tests.pictures import THREE


def main() -> None:
    with started() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=LAPTOP, locale="en-US")
        page.goto(app.address)
        page.locator("#answer .waiting").wait_for()
        draw(page, THREE)
        page.locator("#answer .winner").wait_for()
        page.mouse.move(0, 0)
        page.locator("#pad canvas").blur()
        page.wait_for_timeout(300)  # until what changed has faded in
        taken = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        taken.quantize(256, dither=Image.Dither.NONE).save(ROOT / "docs" / "classify.png", optimize=True)  # 55 KB; in all its colours 130
        browser.close()


if __name__ == "__main__":
    main()
