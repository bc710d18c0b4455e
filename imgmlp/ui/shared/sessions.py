"""Sessions that nobody comes back to are forgotten: Gradio would keep each, of 0.3 MB and a user's networks, among its last 256."""

import asyncio
from collections import Counter

GRACE_SECONDS = 30  # a line that drops for a moment, as when a phone is locked, costs nobody their networks


class Sessions:
    """ASGI middleware: a page's session is over GRACE_SECONDS after its heartbeat, if that does not come back.

    A script's call is a session of its own, named as the call is, and over once its answer has been read.
    """

    def __init__(self, app):
        self.app = app
        self.beating: Counter[str] = Counter()
        self.ends: dict[str, asyncio.TimerHandle] = {}

    async def __call__(self, scope, receive, send) -> None:
        match scope.get("path", "").split("/"):
            case [*_, "heartbeat", session]:
                self.beating[session] += 1
                if end := self.ends.pop(session, None):
                    end.cancel()
                try:
                    await self.app(scope, receive, send)
                finally:
                    self.beating[session] -= 1
                    if not self.beating[session]:
                        self.ends[session] = asyncio.get_running_loop().call_later(GRACE_SECONDS, self._end, scope["app"], session)
            case [*_, "call", _, call] if scope["method"] == "GET":
                try:
                    await self.app(scope, receive, send)
                finally:
                    _forget(scope["app"], call)
            case _:
                await self.app(scope, receive, send)

    def _end(self, app, session: str) -> None:
        del self.beating[session], self.ends[session]
        _forget(app, session)


def _forget(app, session: str) -> None:
    """Drop what the app knows of a session, if it knows one of that name."""
    app.state_holder.session_data.pop(session, None)
    app.state_holder.time_last_used.pop(session, None)
