"""All that is used of Streamlit and of its web server beyond what they promise, and what happens where it is gone.

Nothing else in the app imports such parts. Each function here says what it does without them: the dashboard then
lacks a convenience or a bound, or takes nobody for a teacher who cannot be told from others; no page breaks.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_popover_container import PopoverContainer as PopoverContainer  # of st.popover
    from streamlit.elements.lib.mutable_tab_container import TabContainer as TabContainer  # of st.tabs

# Addresses of Streamlit's own: where it takes files, and those for whoever runs many servers.
UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/")
OPERATING = re.compile(r"/_stcore/(metrics|script-health-check|agent)(/|$)")

_COOKIE = "_streamlit_xsrf"
# Their reader looks the files up in the session of a script: anywhere else it finds none, and logs a warning.
_FILES = "file_uploader_state_value"
# A field for numbers says that it takes the one, and its browser sends either.
_SAME = {"int_value": "double_value"}


def session_id() -> str:
    """The session whose script runs in this thread; empty without one, or where Streamlit does not tell."""
    context = _script_context()
    return context.session_id if context else ""


def went_back() -> bool:
    """Whether this run of the script comes from the browser's back or forward; False where Streamlit does not tell."""
    return bool(getattr(_script_context(), "is_history_navigation", False))


def this_run() -> object:
    """What tells this run of the script from the one before and the next; where Streamlit does not tell, none does."""
    return getattr(_script_context(), "parallel_coordinator", None)  # a new one for each


def say_choices_again() -> None:
    """Have the server tell each browser's choice of an option anew, in a callback: a browser knows options by their
    labels alone, and these are about to change. Without it a choice may fall back to its first option."""
    context = _script_context()
    try:
        state = context.session_state._state
        keys, widgets = state._key_id_mapper.id_key_mapping, state._new_widget_state
        known = [(keys.get(widget), widgets.widget_metadata.get(widget)) for widget in list(widgets.states)]
    except AttributeError:
        return
    for key, kind in known:
        if key is not None and _has_options(kind):
            context.session_state[key] = context.session_state[key]


def _has_options(kind: Any) -> bool:
    """Whether a widget is a choice among options; one that takes any text beside them says so in its writer alone."""
    writer = getattr(getattr(kind, "serializer", None), "__self__", None)
    return getattr(kind, "formatted_options", None) is not None or hasattr(writer, "formatted_options")


def _script_context() -> Any:
    """What Streamlit knows of the script that runs in this thread; None without one, or where it does not tell."""
    try:
        from streamlit.runtime.scriptrunner import get_script_run_ctx
    except ImportError:
        return None
    return get_script_run_ctx()


def browser_of(cookies: Mapping[str, Any]) -> str:
    """What Streamlit's cookie against forged requests tells all tabs of a browser by; empty when it is not there.

    Where its secret cannot be read, the cookie as a whole: of a browser that gets a new one, nobody knows the sessions.
    """
    cookie = cookies.get(_COOKIE)
    if not isinstance(cookie, str):
        return ""
    try:
        from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string
    except ImportError:
        return cookie
    secret, _ = decode_xsrf_token_string(cookie)
    return secret.hex() if secret else ""


# Files that a browser fetches


def keep_file(content: bytes, mime: str, place: str, name: str, holder: str) -> Callable[[], None] | None:
    """Have Streamlit keep a download that no session refers to, for a ``holder`` that has no page.

    Gives the way to let go of all that the holder has; None where Streamlit cannot be asked: it then keeps a file for
    as long as it does of itself.
    """
    try:
        from streamlit import runtime
        from streamlit.runtime.scriptrunner import add_script_run_ctx

        if not runtime.exists():
            return None
        files = runtime.get_instance().media_file_mgr
        files.remove_orphaned_files()
        let_go = partial(files.clear_session_refs, holder)
        context: Any = SimpleNamespace(session_id=holder)
        adding = threading.Thread(
            target=files.add, args=(content, mime, place, name), kwargs={"is_for_static_download": True}
        )
        add_script_run_ctx(adding, context)
    except (ImportError, AttributeError):
        return None
    adding.start()
    adding.join()
    return let_go


# What goes over the socket of a page


def without_path(content: bytes, script: str) -> tuple[bytes, str]:
    """A message to a browser, of the script no more than its name; and the session that it opens, if it opens one."""
    if script.encode() not in content:
        return content, ""
    try:
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        said = ForwardMsg.FromString(content)
        if said.WhichOneof("type") != "new_session":
            return content, ""
        said.new_session.main_script_path = re.split(r"[/\\]", script)[-1]
        return said.SerializeToString(), said.new_session.initialize.session_id
    except (ImportError, AttributeError):
        return content, ""


def fitting(content: bytes, session: str) -> bytes:
    """A message of a browser without the values that their widgets cannot take; as it is when all is well, or where it
    cannot be read."""
    try:
        from google.protobuf.message import DecodeError
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        try:
            message.ParseFromString(content)
        except DecodeError:
            return content  # Streamlit closes the connection
        kinds, states = _kinds(session), message.rerun_script.widget_states.widgets
    except (ImportError, AttributeError):
        return content
    kept = [state for state in states if _fits(state, kinds.get(state.id))]
    if len(kept) == len(states):
        return content
    del states[:]
    states.extend(kept)
    return bytes(message.SerializeToString())


def _kinds(session: str) -> dict[str, Any]:
    """What Streamlit knows about the widgets of a session; nothing where it keeps it elsewhere."""
    try:
        from streamlit import runtime

        if not runtime.exists():
            return {}
        found: Any = runtime.get_instance()._session_mgr.get_session_info(session)
        return found.session.session_state._new_widget_state.widget_metadata if found else {}
    except (ImportError, AttributeError):
        return {}


def _fits(state: Any, kind: Any) -> bool:
    """Whether a widget can take that value: it is of the widget's type, and its own reader reads it."""
    name = state.WhichOneof("value")
    if kind is None or name is None or kind.value_type is None:
        return True
    if _SAME.get(name, name) != _SAME.get(kind.value_type, kind.value_type):
        return False
    if name == _FILES:
        return True
    try:
        from streamlit.runtime.state.common import unpack_widget_state_value
    except ImportError:
        return True
    try:
        kind.deserializer(unpack_widget_state_value(state))
    except Exception:  # whatever Streamlit's readers raise on what no browser sends
        return False
    return True


# The connections of the web server


def on_connection(welcome: Callable[[Any, Any], None]) -> None:
    """Have ``welcome(protocol, transport)`` called for each new connection of this process's server; asked for again,
    nothing changes. Without uvicorn, or with another one, connections are not counted."""
    try:
        from uvicorn.protocols.http.auto import AutoHTTPProtocol

        begin = AutoHTTPProtocol.connection_made
    except (ImportError, AttributeError):
        return
    if getattr(begin, "watched", False):
        return

    def connection_made(protocol: Any, transport: Any) -> None:
        begin(protocol, transport)
        welcome(protocol, transport)

    connection_made.watched = True  # type: ignore[attr-defined]
    AutoHTTPProtocol.connection_made = connection_made  # type: ignore[method-assign, assignment]


def is_silent(protocol: Any) -> bool:
    """Whether nobody has asked for anything yet on a connection; one that cannot be told is not."""
    is_its_own = protocol.transport.get_protocol() is protocol  # a page's socket has another one
    return is_its_own and getattr(protocol, "cycle", True) is None
