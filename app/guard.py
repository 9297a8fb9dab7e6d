"""What stands before Streamlit: no upload from a session that only looks on, and headers that keep other sites out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app import access

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

# Streamlit takes a file into the memory before any script runs.
_UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/")
_READING = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": "frame-ancestors 'self'; object-src 'none'; base-uri 'self'",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class Guard:
    """ASGI middleware around the whole dashboard."""

    def __init__(self, app: Asgi) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a forbidden upload; pass on all else, with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif _is_forbidden(scope):
            await _refuse(_with_headers(send))
        else:
            await self.app(scope, receive, _with_headers(send))


def _is_forbidden(scope: Scope) -> bool:
    upload = _UPLOAD.search(scope["path"])
    if upload is None or scope["method"] in _READING:
        return False
    return not access.is_teachers_session(upload["session"])


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": access.refusal("upload images").encode()})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_RAW]}
        await send(message)

    return sending
