"""Mixed use for a long time: drawing, uploads, samples, predictions, a training run and a measurement now and then; memory and files.

    python -m tests.benchmarks.soak [MINUTES]
"""

import random
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

import httpx

from tests.benchmarks.load import DRAWINGS, drawing_request
from tests.conftest import App, started
from tests.pictures import SEVEN, THREE, drawn, encoded, photographed

WARM_UP = 0.25  # of the time
SESSION = 40  # strokes, then the page is closed and another one opened


def stream(app: App, endpoint: str, *inputs: object) -> None:
    event = httpx.post(f"{app.address}/gradio_api/call/{endpoint}", json={"data": inputs}).json()["event_id"]
    assert "event: complete" in httpx.get(f"{app.address}/gradio_api/call/{endpoint}/{event}", timeout=120).text


def files(folder: Path) -> int:
    """The users' files; the app's own pictures to try stay."""
    return sum(path.name == "picture" or path.suffix == ".zip" for path in folder.rglob("*"))


def main(minutes: float) -> None:
    random.seed(0)
    uploads = [encoded(drawn(SEVEN)), encoded(photographed(THREE), "JPEG")]
    folder = Path(tempfile.mkdtemp())
    with started(TMPDIR=str(folder)) as app, httpx.Client(base_url=f"{app.address}/gradio_api/", timeout=60) as client:
        draws = drawing_request(httpx.get(f"{app.address}/config").json())
        began, turn, warm, page = monotonic(), 0, None, ExitStack()
        while (passed := (monotonic() - began) / 60) < minutes:
            if turn % SESSION == 0:  # a page is closed and another one opened, which Gradio knows by its heartbeat
                page.close()
                page.enter_context(client.stream("GET", f"heartbeat/user{turn // SESSION}"))
            path, body = draws(turn // SESSION, random.randrange(len(DRAWINGS)))
            client.post(path, json=body).raise_for_status()
            turn += 1
            if turn % 10 == 0:
                app.call("classify", app.upload(random.choice(uploads) + random.randbytes(8), "picture"), random.choice(["mnist", "cifar10"])).raise_for_status()
                app.call("samples", "mnist", 24, turn).raise_for_status()
                app.call("estimate_memory", "mnist", [random.randint(8, 256)], "adam", turn, "foreach", "h100").raise_for_status()
            if turn % 300 == 0:
                stream(app, "train", "mnist", [32], "adam", 0.003, 256, 1, 0, False)
                stream(app, "measure_memory", "mnist", [32], "adam", 256, "fused")
            if warm is None and passed > WARM_UP * minutes:
                warm = app.memory_bytes
                print(f"{passed:.1f} minutes, {turn:,} strokes: {warm / 1e6:.0f} MB", flush=True)
            sleep(0.02)
        page.close()
        print(f"{minutes:g} minutes, {turn:,} strokes: {app.memory_bytes / 1e6:.0f} MB, {(app.memory_bytes - warm) / 1e6:+.0f} MB since; {files(folder)} users' files, each for an hour")
    print(f"after the app has ended {files(folder)} users' files are left")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30)
