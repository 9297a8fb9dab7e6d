"""What goes over the socket of a page: whose session it is, and what is left out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from app.middleware import socket
from app.middleware.asgi import Message
from app.shared import access

MINE, OTHER = "a browser", "another"


def asked(session: str, browser: str) -> str:
    """What a socket asks for behind the guard."""
    headers = [(b"host", b"x"), (b"sec-websocket-protocol", f"streamlit, xsrf, {session}".encode())]
    found = socket.without_foreign_session({"headers": headers}, browser)
    return str(dict(found["headers"])[b"sec-websocket-protocol"].decode())


@pytest.mark.parametrize(("browser", "goes_on"), [(MINE, True), (OTHER, False), ("", False)])
def test_a_session_goes_on_in_its_own_browser_alone(browser: str, goes_on: bool) -> None:
    access.note_browser("one", MINE)
    assert asked("one", browser) == ("streamlit, xsrf, one" if goes_on else "streamlit, xsrf")


def carried(message: ForwardMsg) -> ForwardMsg:
    """What arrives in the browser."""
    sent: list[Message] = []

    async def send(one: Message) -> None:
        sent.append(one)

    async def receive() -> Message:
        return {"type": "websocket.disconnect"}

    through = socket.Wire(MINE, receive, send)
    sending = through.send({"type": "websocket.send", "bytes": message.SerializeToString()})
    with ThreadPoolExecutor(1) as elsewhere:  # a browser of other tests may keep a loop running in this thread
        elsewhere.submit(asyncio.run, sending).result()
    return ForwardMsg.FromString(sent[0]["bytes"])


def test_nobody_is_told_where_the_server_lies_and_whose_session_it_is_is_kept() -> None:
    message = ForwardMsg()
    message.new_session.main_script_path = socket._SCRIPT
    message.new_session.initialize.session_id = "a new one"
    assert carried(message).new_session.main_script_path == "main.py"
    assert access.is_browsers_session("a new one", MINE) and not access.is_browsers_session("a new one", OTHER)


def even(value: Any) -> Any:
    """A reader of values that fails on what it does not know."""
    if value % 2:
        raise ValueError(value)
    return value


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        ({"int_value": 2}, True),
        ({"double_value": 2.0}, True),  # as a field for numbers sends
        ({"int_value": 3}, False),  # what its reader fails on
        ({"trigger_value": False}, False),  # of another type
        ({"json_value": ""}, False),
        ({}, True),  # as when it is cleared
    ],
)
def test_a_value_that_a_widget_does_not_take_comes_no_further(
    monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], stays: bool
) -> None:
    kind = SimpleNamespace(value_type="int_value", deserializer=even)
    monkeypatch.setattr(socket, "_kinds", lambda session: {"a": kind} if session == "mine" else {})
    message = BackMsg()
    message.rerun_script.query_string = "run=one"
    message.rerun_script.widget_states.widgets.extend([WidgetState(id="unknown", string_value="x")])
    message.rerun_script.widget_states.widgets.extend([WidgetState(id="a", **state)])
    found = BackMsg.FromString(socket.sound(message.SerializeToString(), "mine"))
    assert found.rerun_script.query_string == "run=one"
    assert [one.id for one in found.rerun_script.widget_states.widgets] == ["unknown", *["a"] * stays]


def test_what_is_no_message_is_left_to_streamlit() -> None:
    assert socket.sound(b"\xff\xff", "mine") == b"\xff\xff"
