"""64 users who draw at once, against an endpoint that does nothing; then while somebody trains; on loopback, clients on the same cores.

    python -m tests.benchmarks.load
"""

import asyncio
import base64
import itertools
import multiprocessing
import socket
from statistics import median
from time import perf_counter

import gradio as gr
import httpx

from imgmlp.ui.demo import build, launch_options
from imgmlp.ui.shared import own_process
from tests.pictures import SEVEN, THREE

USERS = 64
SECONDS = 8
ROUNDS = 3


def serve(port: int) -> None:
    """The app with one endpoint more, which does nothing with as many inputs and outputs."""
    own_process.prepare()
    demo = build()
    with demo:
        picture, name, answer = gr.Textbox(visible=False), gr.Textbox(visible=False), gr.JSON(visible=False)
        gr.Button(visible=False).click(lambda picture, name: {}, [picture, name], answer, api_name="nothing", queue=False)
    demo.launch(server_name="127.0.0.1", server_port=port, quiet=True, **launch_options())


def strokes(points: list[tuple[float, float]], share: float) -> str:
    """The first part of a drawing, as the pad sends it."""
    places = [(a[0] + (b[0] - a[0]) * i / 10, a[1] + (b[1] - a[1]) * i / 10) for a, b in itertools.pairwise(points) for i in range(11)]
    return base64.b64encode(bytes(round(255 * value) for place in places[: max(1, round(len(places) * share))] for value in place)).decode()


DRAWINGS = [strokes(points, share / 10) for points in (SEVEN, THREE) for share in range(1, 11)]


async def load(address: str, request, users: int = USERS, seconds: float = SECONDS) -> list[float]:
    """The seconds of every answer while `users` ask one request after another."""
    taken: list[float] = []
    ends = perf_counter() + seconds

    async def user(client: httpx.AsyncClient, number: int) -> None:
        for turn in itertools.count():
            if (began := perf_counter()) > ends:
                return
            path, body = request(number, turn)
            (await client.post(path, json=body)).raise_for_status()
            taken.append(perf_counter() - began)

    limits = httpx.Limits(max_connections=users)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        await asyncio.gather(*(user(client, number) for number in range(users)))
    return taken


def drawing_request(config: dict):
    """The function from (user, turn) to the request that a page's pad makes; `config` is the page's own."""
    ids = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    show = next(one for one in config["dependencies"] if ids["answer"] in one["outputs"] and [ids["pad"], "input"] in one["targets"])

    def request(user: int, turn: int) -> tuple[str, dict]:
        inputs = ["mnist", None, DRAWINGS[(user + turn) % len(DRAWINGS)], None, "auto", -1, -1, None, 0, 1]
        return "run/predict", {"data": inputs, "fn_index": show["id"], "session_hash": f"user{user}"}

    return request


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(port,))
    server.start()
    address = f"http://127.0.0.1:{port}/gradio_api/"
    while True:
        try:
            config = httpx.get(f"http://127.0.0.1:{port}/config").json()
            break
        except httpx.TransportError:
            pass
    draws = drawing_request(config)

    def nothing(number: int, turn: int):
        return "run/nothing", {"data": [DRAWINGS[(number + turn) % len(DRAWINGS)], "mnist"]}

    def nothing_in_a_session(number: int, turn: int):
        path, body = nothing(number, turn)
        return path, body | {"session_hash": f"user{number}"}

    kinds = {"drawing": draws, "nothing": nothing, "nothing, in a session": nothing_in_a_session}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    waits: dict[str, list[float]] = {name: [] for name in kinds}
    for request in kinds.values():
        asyncio.run(load(address, request, seconds=2))
    for _ in range(ROUNDS):
        for name, request in kinds.items():
            taken = asyncio.run(load(address, request))
            rates[name].append(len(taken) / SECONDS)
            waits[name] += taken
    for name in kinds:
        ordered = sorted(waits[name])
        print(f"{name}: {median(rates[name]):.0f} answers a second, {median(ordered) * 1000:.0f} ms median, {ordered[len(ordered) * 99 // 100] * 1000:.0f} ms in 99 of 100")
    few = dict(users=4, seconds=6)
    alone = asyncio.run(load(address, draws, **few))
    event = httpx.post(f"{address}call/train", json={"data": ["mnist", [128], "adam", 0.001, 64, 1000, 0, False]}).json()["event_id"]
    with httpx.stream("GET", f"{address}call/train/{event}", timeout=60) as stream:
        next(line for line in stream.iter_lines() if "generating" in line)
        beside = asyncio.run(load(address, draws, **few))
    print(f"4 users: {median(alone) * 1000:.0f} ms alone, {median(beside) * 1000:.0f} ms beside a training run")
    server.terminate()
    server.join()


if __name__ == "__main__":
    main()
