"""Answers are computed in turn: Python's threads would compute no faster side by side, and lose half of their time to each other.

Of 64 users who draw at once, 109 instead of 64 get an answer in a second (tests/benchmarks/load.py, 2 cores).
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock

TURN = Lock()


def in_turn(answer: Callable) -> Callable:
    """Decorate a callback that computes for a few milliseconds; a longer one would keep the others waiting."""

    @wraps(answer)
    def waiting(*inputs, **options):
        with TURN:
            return answer(*inputs, **options)

    return waiting
