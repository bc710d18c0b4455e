"""What a request that cannot be read gets: status 422 and one sentence, and never a word about this machine's folders.

Gradio answers such requests with status 500, and some of its messages name the folder that it runs in.
"""

import json
import os
from pathlib import Path

from .text import TEXTS

SENTENCE = TEXTS["en"]["error.request"]
FOLDER = os.getcwd().encode() if len(Path.cwd().parts) > 2 else None  # a top-level one says nothing, and is in every address
STREAM = (b"content-type", b"text/event-stream; charset=utf-8")


class Guard:
    """ASGI middleware around everything that Gradio answers over HTTP."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun = failed = streams = False
        body = bytearray()

        async def guarded(message) -> None:
            nonlocal begun, failed, streams
            if message["type"] == "http.response.start":
                failed, streams = message["status"] >= 500, STREAM in message["headers"]
                if failed:
                    return  # until its body is known
            elif failed:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    begun = True
                    await _refuse(send, _own_words(bytes(body)))
                return
            elif streams and FOLDER and FOLDER in message.get("body", b""):
                message = message | {"body": message["body"].replace(FOLDER, b"...")}
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, guarded)
        except Exception:
            if begun:
                raise
            await _refuse(send, {"error": SENTENCE})


def _own_words(body: bytes) -> dict:
    """The answer's own error where it is one of the app's, which have a title; Gradio's are replaced."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) and "title" in answer else {"error": SENTENCE}


async def _refuse(send, content: dict) -> None:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 422, "headers": headers})
    await send({"type": "http.response.body", "body": body})
