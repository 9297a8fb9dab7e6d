"""What goes over the socket of a page: whose session it is."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

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


def test_the_script_path_is_hidden_and_the_session_id_recorded() -> None:
    assert Path(socket._SCRIPT).is_file()
    message = ForwardMsg()
    message.new_session.main_script_path = socket._SCRIPT
    message.new_session.initialize.session_id = "a new one"
    assert carried(message).new_session.main_script_path == "navigation.py"
    assert access.is_browsers_session("a new one", MINE) and not access.is_browsers_session("a new one", OTHER)
