"""A page whose address says `lang=` is in that language, whatever the browser's is.

Gradio asks the browser for its language before anything of ours runs on the page, so the browser's answer is changed in the page itself.
"""

import json
from urllib.parse import parse_qs

from .text import language_of

SCRIPT = """<script>
Object.defineProperty(navigator, "language", {value: %s});
Object.defineProperty(navigator, "languages", {value: [navigator.language]});
</script>"""


class PageLanguage:
    """ASGI middleware: puts the script into the page, and leaves every other answer alone."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            return await self.app(scope, receive, send)
        query = scope["query_string"].decode(errors="replace")
        if not (language := language_of(parse_qs(query).get("lang", [""])[0])):
            return await self.app(scope, receive, send)
        start, body = {}, bytearray()

        async def collect(message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                page = bytes(body).replace(b"<head>", b"<head>" + (SCRIPT % json.dumps(language)).encode(), 1)
                headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
                await send(start | {"headers": [*headers, (b"content-length", str(len(page)).encode())]})
                await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, collect)
