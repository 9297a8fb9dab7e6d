"""One computer that takes all that it gets: the class still has its pages, and the log says so in a sentence."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from byol_core.sharing import HASH_VARIABLE, hash_passphrase
from tests.serving import ROOT, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has 127.0.0.2 and its like by itself")
OPEN_FILES, MANY = 1024, 300
FEW = 10  # sentences in the log: one a minute, however slow the machine is
BESIEGER, CLASS = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A shared dashboard on a system that allows few open files; its port and its log."""
    folder = tmp_path_factory.mktemp("siege")
    environment = {**os.environ, "BYOL_LAB_HOME": str(folder / "home"), "BYOL_LAB_WARM_UP": "0"}
    environment[HASH_VARIABLE] = hash_passphrase("blue-whale-42")
    few = ["sh", "-c", f'ulimit -n {OPEN_FILES} && exec "$@"', "sh"]

    def arguments(port: int) -> list[str]:
        return ["byol_core.cli", "app", "--share", "--port", str(port)]

    with serving(arguments, folder / "log.txt", environment, under=few) as url:
        yield int(url.rpartition(":")[2]), folder / "log.txt"


def plug(port: int, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0))


def open_page(port: int, address: str, stack: ExitStack) -> bool:
    """Open a page and leave it open; whether all of it came."""
    message, said = BackMsg(), ForwardMsg()
    message.rerun_script.page_name = "runs"
    try:
        page = stack.enter_context(
            connect(
                f"ws://127.0.0.1:{port}/_stcore/stream",
                sock=plug(port, address),
                subprotocols=[Subprotocol("streamlit")],
                max_size=None,
                close_timeout=1,
            )
        )
        page.send(message.SerializeToString())
        while said.WhichOneof("type") != "script_finished":
            said.ParseFromString(page.recv(timeout=60))
    except (OSError, WebSocketException):
        return False
    return True


def test_values_that_no_widget_takes_disturb_nobody(lab: tuple[int, Path]) -> None:
    port, log = lab
    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], max_size=None
    ) as page:
        drawn = answer(page, BackMsg())
        ids = set(re.findall(rb"\$\$ID-[0-9a-f]{32}-[a-z_]+", drawn))
        assert len(ids) > 5
        for each in ids:
            message = BackMsg()
            message.rerun_script.widget_states.widgets.add(id=each.decode(), trigger_value=False)
            assert b"encountered an error" not in answer(page, message)
    assert "Traceback" not in log.read_text()
    assert 0 < log.read_text().count("values that its widgets do not take") < FEW


def answer(page: ClientConnection, message: BackMsg) -> bytes:
    """All that comes for one message."""
    message.rerun_script.page_name = "runs"
    page.send(message.SerializeToString())
    said, heard = ForwardMsg(), b""
    while said.WhichOneof("type") != "script_finished":
        heard += (part := page.recv(timeout=60, decode=False))
        said.ParseFromString(part)
    assert str(ROOT).encode() not in heard  # where the server lies is nobody's business
    return heard


def ask(port: int, address: str) -> bytes:
    """The answer to a browser that opens the dashboard."""
    with plug(port, address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


def test_three_hundred_idle_connections_leave_room_for_a_class(lab: tuple[int, Path]) -> None:
    port, log = lab
    with ExitStack() as stack:
        for _ in range(MANY):
            with suppress(OSError):
                stack.enter_context(plug(port, BESIEGER))
        assert b" 200 OK" in ask(port, CLASS)
        assert open_page(port, CLASS, stack)
    assert 0 < len(re.findall(f"{BESIEGER} has .* connections", log.read_text())) < FEW
    assert "Traceback" not in log.read_text()


def test_three_hundred_pages_of_one_host_leave_room_for_a_class(lab: tuple[int, Path]) -> None:
    port, log = lab
    with ExitStack() as stack:
        opened = sum(open_page(port, BESIEGER, stack) for _ in range(MANY))
        assert 40 <= opened < MANY  # one page for each student, all behind one address
        answer = ask(port, BESIEGER)
        assert b" 503 " in answer and f"as many pages open here as it may ({opened})".encode() in answer
        assert b" 200 OK" in ask(port, CLASS)
        assert open_page(port, CLASS, stack)
    assert 0 < len(re.findall(f"{BESIEGER} has .* pages open", log.read_text())) < FEW
    assert "Traceback" not in log.read_text()
