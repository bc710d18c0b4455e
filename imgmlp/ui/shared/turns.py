"""Answers are computed in turn: Python's threads would compute no faster side by side, and lose half of their time to each other.
"""

from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps

TURN = ThreadPoolExecutor(1, "answers")


def in_turn(answer: Callable) -> Callable:
    """Decorate a callback that computes for a few milliseconds; a longer one would keep the others waiting."""

    @wraps(answer)
    async def waiting(*inputs, **options):
        # In the request's context, as Gradio's own threads.
        return await get_running_loop().run_in_executor(TURN, partial(copy_context().run, answer, *inputs, **options))

    return waiting
