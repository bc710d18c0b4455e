"""A session outlives a line that drops for a moment, and not much more."""

import asyncio
from types import SimpleNamespace

import pytest

from imgmlp.ui.shared import sessions
from imgmlp.ui.shared.sessions import Sessions


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_page_that_comes_back_finds_what_it_had(monkeypatch, comes_back):
    monkeypatch.setattr(sessions, "GRACE_SECONDS", 0.2)
    app = SimpleNamespace(state_holder=SimpleNamespace(session_data={"page": "its networks"}, time_last_used={"page": 0}))
    scope = {"path": "/gradio_api/heartbeat/page", "method": "GET", "app": app}

    async def live() -> None:
        async def beat(scope, receive, send) -> None:
            await asyncio.sleep(beat.seconds)

        middleware = Sessions(beat)
        beat.seconds = 0.05
        await middleware(scope, None, None)
        assert app.state_holder.session_data
        if comes_back:
            beat.seconds = 0.5
            await middleware(scope, None, None)
        else:
            await asyncio.sleep(0.5)

    asyncio.run(live())
    assert bool(app.state_holder.session_data) == comes_back


def test_each_time_that_a_line_drops_there_is_as_long_to_come_back(monkeypatch):
    monkeypatch.setattr(sessions, "GRACE_SECONDS", 0.4)
    app = SimpleNamespace(state_holder=SimpleNamespace(session_data={"page": "its networks"}, time_last_used={"page": 0}))
    scope = {"path": "/gradio_api/heartbeat/page", "method": "GET", "app": app}

    async def live() -> None:
        middleware = Sessions(lambda scope, receive, send: asyncio.sleep(0.02))
        await middleware(scope, None, None)
        await asyncio.sleep(0.3)
        await middleware(scope, None, None)
        await asyncio.sleep(0.25)
        assert app.state_holder.session_data
        await asyncio.sleep(0.4)
        assert not app.state_holder.session_data and not middleware.ends and not middleware.beating

    asyncio.run(live())
