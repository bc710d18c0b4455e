"""How much anybody may compute on a machine that is shared: one user's training and measuring leave time for the others'.

Whoever runs the app on a machine of their own has no bound.
"""

from collections.abc import Iterator
from math import ceil
from time import monotonic

import gradio as gr

from .settings import SettingsError
from .visitor import is_this_machine

SHARE_SECONDS = 300  # a hundred runs of the Train tab's defaults on 2 cores, or two that last as long as a run may
WINDOW_SECONDS = 900  # so that three greedy users are what it takes to keep the machine busy

spent: dict[str, list[tuple[float, float]]] = {}  # by user: when a computation ended, and the seconds it took; in order


def within_share(request: gr.Request, computation: Iterator) -> Iterator:
    """`computation`, its time taken from the user's share; raises SettingsError at once, not at the first value, if that is used up."""
    user = request.client.host
    if is_this_machine(user):
        return computation
    if wait := _wait(user):
        raise SettingsError("error.share", share=f"{SHARE_SECONDS // 60}", window=f"{WINDOW_SECONDS // 60}", wait=f"{ceil(wait / 60)}")
    return _timed(user, computation)


def _wait(user: str) -> float:
    """Seconds until the user has some of the share left; 0 if there is some. Forgets what is older than the window, of everybody."""
    now = monotonic()
    for name, taken in list(spent.items()):
        spent[name] = [one for one in taken if one[0] > now - WINDOW_SECONDS]
        if not spent[name]:
            del spent[name]
    used, wait = sum(seconds for _, seconds in spent.get(user, [])), 0.0
    for ended, seconds in spent.get(user, []):
        if used < SHARE_SECONDS:
            break
        used -= seconds
        wait = ended + WINDOW_SECONDS - now
    return wait


def _timed(user: str, computation: Iterator) -> Iterator:
    started = monotonic()
    try:
        yield from computation
    finally:
        spent.setdefault(user, []).append((monotonic(), monotonic() - started))
