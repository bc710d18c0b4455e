"""Sessions that nobody comes back to are forgotten: Gradio would keep each, of 0.3 MB and a user's networks, among its last 256."""


def forget(app, session: str) -> None:
    """Drop what the app knows of a session, if it knows one of that name."""
    app.state_holder.session_data.pop(session, None)
    app.state_holder.time_last_used.pop(session, None)


class SingleCalls:
    """ASGI middleware: a script's call is a session of its own, named as the call is, and over once its answer has been read."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            match scope.get("path", "").split("/"):
                case [*_, "call", _, call] if scope["method"] == "GET":
                    forget(scope["app"], call)
