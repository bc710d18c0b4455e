"""Cold start, memory at rest and memory a user of the app, against an app that does nothing, taken in turn.

    python -m tests.benchmarks.footprint
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx

from tests.benchmarks.load import DRAWINGS, drawing_request
from tests.conftest import started

NOTHING = Path(__file__).parent / "nothing"
ROUNDS = 3  # with the first, which fills the disk cache, two minutes
USERS = 64


@dataclass(frozen=True)
class Footprint:
    """What an app takes."""

    start_seconds: float  # from the command to the first answer
    idle_bytes: int
    user_bytes: float  # for each of USERS who draw


def seconds_to_import() -> float:
    start = perf_counter()
    with subprocess.Popen([sys.executable, "-c", "import gradio, torch; print(flush=True)"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # before the interpreter shuts down
        return perf_counter() - start


def footprint(request, **options) -> Footprint:
    """`request(config)` gives the function from (user, turn) to a path and a body."""
    start = perf_counter()
    with started(**options) as app:
        seconds = perf_counter() - start
        idle = app.memory_bytes
        with httpx.Client(base_url=f"{app.address}/gradio_api/", timeout=60) as client:
            ask = request(httpx.get(f"{app.address}/config").json())
            draw(client, ask, users=1)  # what the first request loads is no user's own
            warm = app.memory_bytes
            draw(client, ask, users=USERS)
        return Footprint(seconds, idle, (app.memory_bytes - warm) / USERS)


def draw(client: httpx.Client, ask, users: int) -> None:
    for turn in range(len(DRAWINGS)):
        for user in range(users):
            path, body = ask(user, turn)
            client.post(path, json=body).raise_for_status()


def nothing_request(config: dict):
    return lambda user, turn: ("run/nothing", {"data": [DRAWINGS[turn]], "session_hash": f"user{user}"})


def main() -> None:
    imports, nothings, ours = [], [], []
    for _ in range(ROUNDS + 1):
        imports.append(seconds_to_import())
        nothings.append(footprint(nothing_request, folder=NOTHING))
        ours.append(footprint(drawing_request))
    print(f"import gradio, torch: {median(imports[1:]):.2f} s, the first of {ROUNDS + 1} left out, which fills the disk cache")
    for name, each in (("an app that does nothing", nothings[1:]), ("imgmlp", ours[1:])):
        start, idle, user = (median(getattr(one, field) for one in each) for field in ("start_seconds", "idle_bytes", "user_bytes"))
        print(f"{name}: first answer after {start:.2f} s, {idle / 1e6:.0f} MB at rest, {user / 1e6:.2f} MB for each of {USERS} users")


if __name__ == "__main__":
    main()
