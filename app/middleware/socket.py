"""What goes over a page's socket: a session goes on in its own browser alone, no path of the server leaves, and what no
page sends comes no further."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.common import unpack_widget_state_value

from app.middleware import limits
from app.middleware.asgi import Message, Receive, Scope, Send
from app.shared import access

_PROTOCOLS = b"sec-websocket-protocol"
# A field for numbers says that it takes the one, and its browser sends either.
_SAME = {"int_value": "double_value"}
_SCRIPT = str(Path(__file__).resolve().parent / "main.py")


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
            message = {**message, "bytes": sound(message["bytes"], self._session)}
        return message

    async def send(self, message: Message) -> None:
        """What the browser is sent; says whose the session is, and not where the server's files lie."""
        content = message.get("bytes") or b""
        if _SCRIPT.encode() in content:
            said = ForwardMsg.FromString(content)
            if said.WhichOneof("type") == "new_session":
                self._session = said.new_session.initialize.session_id or self._session
                access.note_browser(self._session, self._browser)
                said.new_session.main_script_path = Path(_SCRIPT).name
                message = {**message, "bytes": said.SerializeToString()}
        await self._send(message)


def sound(content: bytes, session_id: str) -> bytes:
    """A message of a browser without the values that their widgets cannot take; as it is when all is well."""
    message = BackMsg()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return content  # Streamlit closes the connection
    kinds = _kinds(session_id)
    states = message.rerun_script.widget_states.widgets
    kept = [state for state in states if _fits(state, kinds.get(state.id))]
    if len(kept) == len(states):
        return content
    limits.say("A browser sent values that its widgets do not take; they were left out.")
    del states[:]
    states.extend(kept)
    return bytes(message.SerializeToString())


def _kinds(session_id: str) -> dict[str, Any]:
    """What Streamlit knows about the widgets of a session."""
    if not runtime.exists():
        return {}
    try:
        found: Any = runtime.get_instance()._session_mgr.get_session_info(session_id)
        return found.session.session_state._new_widget_state.widget_metadata if found else {}
    except AttributeError:  # another release of Streamlit keeps it elsewhere: then nothing is left out
        return {}


def _fits(state: WidgetState, kind: Any) -> bool:
    """Whether a widget can take that value: it is of the widget's type, and its own reader reads it."""
    name = state.WhichOneof("value")
    if kind is None or name is None or kind.value_type is None:
        return True
    if _SAME.get(name, name) != _SAME.get(kind.value_type, kind.value_type):
        return False
    try:
        kind.deserializer(unpack_widget_state_value(state))
    except Exception:  # whatever Streamlit's readers raise on what no browser sends
        return False
    return True
