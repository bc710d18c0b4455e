"""From the command to the first 200 answer, against importing Gradio and torch alone, taken in turn.

    python -m tests.benchmarks.startup
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

from tests.conftest import started

ROUNDS = 7


def seconds_to_import() -> float:
    start = perf_counter()
    with subprocess.Popen([sys.executable, "-c", "import gradio, torch; print(flush=True)"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # before the interpreter shuts down
        return perf_counter() - start


def seconds_to_answer() -> float:
    start = perf_counter()
    with started():
        return perf_counter() - start


def main() -> None:
    pairs = [(seconds_to_import(), seconds_to_answer()) for _ in range(ROUNDS + 1)][1:]  # the first fills the disk cache
    imports, answers = (median(column) for column in zip(*pairs))
    print(f"import gradio, torch: {imports:.2f} s; first answer: {answers:.2f} s: {answers / imports:.2f} times, medians of {ROUNDS}")


if __name__ == "__main__":
    main()
