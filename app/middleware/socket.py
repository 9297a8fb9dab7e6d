"""What goes over a page's socket: a session goes on in its own browser alone, no path of the server leaves, and what no
page sends comes no further."""

from __future__ import annotations

from pathlib import Path

from app.middleware import limits
from app.middleware.asgi import Message, Receive, Scope, Send
from app.shared import access
from app.shared.streamlit_private import fitting, without_path

_PROTOCOLS = b"sec-websocket-protocol"
_SCRIPT = str(Path(__file__).resolve().parents[1] / "navigation.py")


def without_foreign_session(scope: Scope, browser: str) -> Scope:
    """The request of a socket; the session that it asks to go on with, third of its protocols, has to be its own."""
    headers = [
        (name, _own(value.decode("latin-1"), browser).encode("latin-1") if name.lower() == _PROTOCOLS else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def _own(protocols: str, browser: str) -> str:
    parts = [part.strip() for part in protocols.split(",")]
    if len(parts) > 2 and parts[2] and not access.is_browsers_session(parts[2], browser):
        parts = parts[:2]
    return ", ".join(parts)


class Wire:
    """Reads along on the socket of one page."""

    def __init__(self, browser: str, receive: Receive, send: Send) -> None:
        self._browser, self._receive, self._send, self._session = browser, receive, send, ""

    async def receive(self) -> Message:
        """What the browser sends, without values that its widgets do not have."""
        message = await self._receive()
        if message["type"] == "websocket.receive" and message.get("bytes") and self._session:
            sound = fitting(message["bytes"], self._session)
            if sound is not message["bytes"]:
                limits.say("A browser sent values that its widgets do not take; they were left out.")
            message = {**message, "bytes": sound}
        return message

    async def send(self, message: Message) -> None:
        """What the browser is sent; says whose the session is, and not where the server's files lie."""
        content, session = without_path(message.get("bytes") or b"", _SCRIPT)
        if session:
            self._session = session
            access.note_browser(session, self._browser)
        await self._send({**message, "bytes": content} if content else message)
