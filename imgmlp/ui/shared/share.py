"""How much anybody may compute on a machine that is shared: one user's training and measuring leave time for the others'.

Whoever runs the app on a machine of their own has no bound.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from math import ceil
from time import monotonic

import gradio as gr

from .settings import SettingsError

SHARE_SECONDS = 300
WINDOW_SECONDS = 900

spent: dict[str, list[tuple[float, float]]] = {}  # by user: when a computation ended, and the seconds it took


def within_share(request: gr.Request, computation: Iterator) -> Iterator:
    """What `computation` yields, its time taken from the user's share; raises SettingsError once that is used up."""
    user, now = _user(request), monotonic()
    for name, taken in list(spent.items()):
        spent[name] = [one for one in taken if one[0] > now - WINDOW_SECONDS]
        if not spent[name]:
            del spent[name]
    if user in spent and sum(seconds for _, seconds in spent[user]) >= SHARE_SECONDS:
        wait = spent[user][0][0] + WINDOW_SECONDS - now
        raise SettingsError("error.share", share=f"{SHARE_SECONDS // 60}", window=f"{WINDOW_SECONDS // 60}", wait=f"{ceil(wait / 60)}")
    try:
        yield from computation
    finally:
        if user:
            spent.setdefault(user, []).append((monotonic(), monotonic() - now))


def _user(request: gr.Request) -> str | None:
    """The address that a request comes from, None for this machine's own; behind a proxy, the one that the proxy has seen."""
    peer, forwarded = request.client.host, request.headers.get("x-forwarded-for")
    if forwarded and ip_address(peer).is_private:
        return forwarded.rpartition(",")[2].strip()  # a proxy writes at the end, and what stands before may be anybody's
    return None if ip_address(peer).is_loopback else peer
