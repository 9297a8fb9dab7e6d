"""The parts of Streamlit that it does not promise: in one file, and nothing breaks where one is missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from app.shared import streamlit_private as private

APP = Path(__file__).parents[3] / "app"
PRIVATE = re.compile(
    r"(?m)^\s*(from|import) (streamlit\.(runtime|proto|web|elements)|uvicorn|streamlit import runtime)\b"
)


def missing(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Let an import of that module fail, as in a release that has it no more."""
    monkeypatch.setitem(sys.modules, module, None)


def test_nothing_else_of_the_app_uses_what_is_private() -> None:
    users = [path for path in APP.rglob("*.py") if PRIVATE.search(path.read_text())]
    assert [path.name for path in users] == ["streamlit_private.py"]


def script() -> None:
    import streamlit as st

    from app.shared.streamlit_private import session_id

    st.session_state["seen"] = session_id()


def run_of_script() -> None:
    import streamlit as st

    from app.shared.streamlit_private import this_run

    st.session_state.setdefault("runs", []).extend([this_run(), this_run()])


def test_a_run_of_the_script_is_told_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, second, _ = AppTest.from_function(run_of_script).run().run().session_state["runs"]
    assert first is again and first is not second and first is not None
    missing(monkeypatch, "streamlit.runtime.scriptrunner")
    assert private.this_run() is None


def test_a_script_has_a_session_and_nothing_else_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert private.session_id() == ""
    assert AppTest.from_function(script).run().session_state["seen"]
    missing(monkeypatch, "streamlit.runtime.scriptrunner")
    assert private.session_id() == ""


def test_a_browser_is_known_by_its_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (generate_xsrf_token_string(secret * 16, 1) for secret in (b"a", b"a", b"b"))
    known = [private.browser_of({XSRF_COOKIE_NAME: cookie}) for cookie in (first, again, other)]
    assert known[0] == known[1] != known[2]
    assert private.browser_of({}) == private.browser_of({XSRF_COOKIE_NAME: "nonsense"}) == ""
    missing(monkeypatch, "streamlit.web.server.starlette.starlette_app_utils")
    assert private.browser_of({XSRF_COOKIE_NAME: first}) == first
    assert private.browser_of({}) == ""


def test_without_a_server_no_file_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert private.keep_file(b"", "text/csv", "a place", "a.csv", "exports") is None
    missing(monkeypatch, "streamlit.runtime.scriptrunner")
    assert private.keep_file(b"", "text/csv", "a place", "a.csv", "exports") is None


def test_a_message_that_cannot_be_read_goes_on_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said, asked = ForwardMsg(), BackMsg()
    said.new_session.main_script_path = "/lab/main.py"
    said.new_session.initialize.session_id = "one"
    asked.rerun_script.query_string = "run=one"
    assert private.without_path(said.SerializeToString(), "/lab/main.py")[1] == "one"
    missing(monkeypatch, "streamlit.proto.ForwardMsg_pb2")
    missing(monkeypatch, "streamlit.proto.BackMsg_pb2")
    for content in (said.SerializeToString(), asked.SerializeToString()):
        assert private.without_path(content, "/lab/main.py") == (content, "")
        assert private.fitting(content, "one") is content


def test_each_connection_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    told: list[Any] = []
    monkeypatch.setattr(AutoHTTPProtocol, "connection_made", lambda protocol, transport: None)
    private.on_connection(lambda protocol, transport: told.append(transport))
    private.on_connection(lambda protocol, transport: told.append("again"))
    AutoHTTPProtocol.connection_made(None, "a connection")  # type: ignore[arg-type]
    assert told == ["a connection"]
    missing(monkeypatch, "uvicorn.protocols.http.auto")
    private.on_connection(lambda protocol, transport: None)


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
    monkeypatch.setattr(private, "_kinds", lambda session: {"a": kind} if session == "mine" else {})
    message = BackMsg()
    message.rerun_script.query_string = "run=one"
    message.rerun_script.widget_states.widgets.extend([WidgetState(id="unknown", string_value="x")])
    message.rerun_script.widget_states.widgets.extend([WidgetState(id="a", **state)])
    found = BackMsg.FromString(private.fitting(message.SerializeToString(), "mine"))
    assert found.rerun_script.query_string == "run=one"
    assert [one.id for one in found.rerun_script.widget_states.widgets] == ["unknown", *["a"] * stays]


def test_files_are_not_looked_up_outside_of_a_script(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from streamlit.elements.widgets.file_uploader import FileUploaderSerde

    kind = SimpleNamespace(value_type="file_uploader_state_value", deserializer=FileUploaderSerde(False).deserialize)
    monkeypatch.setattr(private, "_kinds", lambda session: {"a": kind})
    message = BackMsg()
    message.rerun_script.widget_states.widgets.add(id="a").file_uploader_state_value.SetInParent()
    content = message.SerializeToString()
    assert private.fitting(content, "mine") is content
    assert not caplog.records


def test_what_is_no_message_is_left_to_streamlit() -> None:
    assert private.fitting(b"\xff\xff", "mine") == b"\xff\xff"
