"""What stands before Streamlit: bounds for one address, no upload from a viewer's session, closed addresses
of Streamlit's, and headers that keep other sites out."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from app.middleware import limits
from app.middleware.asgi import Asgi, Message, Receive, Scope, Send
from app.middleware.socket import Wire, without_foreign_session
from app.shared import access, language
from app.shared.language import N_
from app.shared.streamlit_private import OPERATING, UPLOAD, browser_of
from byol_core.language import tell

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
        """Answer what is forbidden; pass on all else, with the headers."""
        if scope["type"] == "websocket":
            await self._page(scope, receive, send)
        elif scope["type"] == "http":
            send = _with_headers(send)
            if refused := _refused(scope):
                status, sentence = refused
                await _answer(send, status, _in_words(sentence, scope))
            else:
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The socket of one page, for as long as it is open."""
        address = limits.address_of(scope.get("client"))
        if limits.ROOM.refusal(address):
            await send({"type": "websocket.close", "code": 1013})  # try again later
            return
        browser = _browser(scope)
        wire = Wire(browser, receive, send)
        with limits.ROOM.page(address):
            await self.app(without_foreign_session(scope, browser), wire.receive, wire.send)


def _refused(scope: Scope) -> tuple[int, str] | None:
    """The status and the sentence of a request that is not answered."""
    upload = UPLOAD.search(scope["path"])  # Streamlit takes a file into the memory before any script runs
    if upload and scope["method"] not in _READING:
        if not access.is_teachers_session(upload["session"], _browser(scope)):
            return 403, access.refusal("upload images")
    elif OPERATING.search(scope["path"]):  # a class would learn who does what when
        return 404, N_("There is nothing here.")
    elif _is_for_people(scope) and (full := limits.ROOM.refusal(limits.address_of(scope.get("client")))):
        return 503, full
    return None


def _browser(scope: Scope) -> str:
    return browser_of(HTTPConnection(scope).cookies)


def _in_words(sentence: str, scope: Scope) -> str:
    """A sentence in the language of whoever asks; there is no session that would know it."""
    asked = HTTPConnection(scope)
    return tell(sentence, language.of_request(asked.cookies, asked.headers))


def _is_for_people(scope: Scope) -> bool:
    """Whether somebody opens a page, as opposed to what the page then asks for."""
    return "text/html" in HTTPConnection(scope).headers.get("accept", "") and "/media/" not in scope["path"]


async def _answer(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_RAW]}
        await send(message)

    return sending
