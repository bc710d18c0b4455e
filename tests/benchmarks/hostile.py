"""10,000 mutated pictures, 10,000 mutated drawings and 2,000 malformed requests: what came back, and whether the app still answers.

    python -m tests.benchmarks.hostile
"""

from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx

from imgmlp.data.datasets import CIFAR10, MNIST
from imgmlp.inference.preprocess import PictureError, open_picture, prepare
from imgmlp.ui.shared.digit_pad import drawing
from tests.benchmarks.load import DRAWINGS
from tests.conftest import started
from tests.hostile import mutated, request
from tests.pictures import SEVEN, THREE, drawn, encoded, photographed

PICTURES = [encoded(drawn(SEVEN), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")] + [encoded(photographed(THREE).resize((120, 90)), "JPEG")]


def main() -> None:
    random = Random(0)
    for name, count in (("pictures", 10_000), ("drawings", 10_000)):
        outcomes: Counter = Counter()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "picture"
            for _ in range(count):
                try:
                    if name == "pictures":
                        path.write_bytes(mutated(random.choice(PICTURES), random))
                        picture = open_picture(path)
                    else:
                        picture = drawing(mutated(random.choice(DRAWINGS).encode(), random).decode("latin-1"))
                    for spec in (MNIST, CIFAR10):
                        prepare(picture, spec)
                    outcomes["read"] += 1
                except PictureError as error:
                    outcomes[error.key] += 1
        print(f"{count:,} mutated {name}: {dict(outcomes)}")
    statuses: Counter = Counter()
    with started() as app, httpx.Client(base_url=f"{app.address}/gradio_api/", timeout=60) as client:
        for _ in range(2000):
            answer = client.request(**request(random))
            statuses[answer.status_code] += 1
            assert "Traceback" not in answer.text and "root:x:" not in answer.text
        still = app.call("classify", app.upload(encoded(drawn(THREE))), "mnist").json()["data"][0]["label"]
    print(f"2,000 malformed requests, by status: {dict(sorted(statuses.items()))}; then a drawn 3 is read as {still}")


if __name__ == "__main__":
    main()
