"""Who may do what. On a loopback address everybody is a teacher; elsewhere a teacher signs in, and all others look on.

Every action asks here when it happens, whatever buttons were shown: a browser can send what no button offers.
"""

from __future__ import annotations

import os

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from byol_core.errors import InputError
from byol_core.share import HASH_VARIABLE, Door, is_loopback, usable

TEACHERS_VARIABLE = "BYOL_LAB_TEACHERS"
# A cookie belongs to a host and not to a port, and a machine may serve two labs.
COOKIE = "byol_lab_teacher_{port}"
# A proxy in front of a loopback address brings in people from elsewhere.
_PROXIED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")
_TOKEN = "access_token"

_MOST_SESSIONS = 10_000

# One for all sessions; not in a cache of Streamlit's, which any browser may ask to be cleared.
DOOR = Door()
_teaching: dict[str, None] = {}


def is_teacher() -> bool:
    """Whether whoever looks at this page may start, change and delete."""
    return not is_shared() or any(map(DOOR.knows, tokens())) or _is_listed()


def require(doing: str) -> None:
    """InputError unless a teacher asks; ``doing`` is what only a teacher may do, such as "start runs"."""
    if not is_teacher():
        raise InputError(refusal(doing))


def note_session() -> None:
    """Keep in mind whether this session is a teacher's, for requests that reach no page; the router calls this."""
    context = get_script_run_ctx()
    if context is None:
        return
    _teaching.pop(context.session_id, None)
    if is_teacher():
        _teaching[context.session_id] = None
        while len(_teaching) > _MOST_SESSIONS:
            _teaching.pop(next(iter(_teaching)), None)


def is_teachers_session(session_id: str) -> bool:
    """Whether a teacher used that session last."""
    return session_id in _teaching


def refusal(doing: str) -> str:
    """Why a button is disabled, and what ``require`` says."""
    return f"Only a teacher may {doing} here; sign in first."


def is_shared() -> bool:
    """Whether others than the people at this machine can come in, so that a teacher has to sign in."""
    local = is_loopback(st.get_option("server.address")) and not _is_proxied()
    return not local or bool(passphrase_hash()) or has_accounts()


def _is_proxied() -> bool:
    headers = st.context.headers
    return any(isinstance(headers.get(name), str) for name in _PROXIED)


def passphrase_hash() -> str:
    """The hash that makes a teacher; empty when there is none."""
    return os.environ.get(HASH_VARIABLE, "").strip()


def has_passphrase() -> bool:
    """Whether a passphrase can be right at all."""
    return usable(passphrase_hash())


def has_accounts() -> bool:
    """Whether an organisation's sign-in is set up: [auth] in Streamlit's secrets."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def teachers() -> frozenset[str]:
    """The e-mail addresses that are teachers among those who sign in with an account."""
    listed = os.environ.get(TEACHERS_VARIABLE, "").replace(";", ",").split(",")
    return frozenset(email.strip().lower() for email in listed) - {""}


def account() -> str:
    """The e-mail address of the account that is signed in; empty when there is none, or nobody vouches for it."""
    if not has_accounts() or not st.user.get("is_logged_in") or st.user.get("email_verified") is False:
        return ""
    return str(st.user.get("email") or "").strip().lower()


def _is_listed() -> bool:
    return account() in teachers()


def token() -> str:
    """The token that makes this session a teacher's; empty when none does."""
    return next(filter(DOOR.knows, tokens()), "")


def tokens() -> list[str]:
    """That of this session and the one that the browser brought along, good or not."""
    found = (st.session_state.get(_TOKEN), st.context.cookies.get(cookie_name()))
    return [token for token in found if isinstance(token, str)]


def cookie_name() -> str:
    """The cookie that keeps a teacher signed in."""
    return COOKIE.format(port=st.get_option("server.port"))


def sign_in(passphrase: str) -> None:
    """Make this session a teacher's; InputError for a wrong passphrase, or when tries come too fast."""
    if not has_passphrase():
        raise InputError("No passphrase is set here: start the dashboard with 'byol app --share'.")
    st.session_state[_TOKEN] = DOOR.enter(passphrase, passphrase_hash())


def sign_out() -> None:
    """Forget the tokens of this browser: its other tabs look on as well from now on."""
    for known in tokens():
        DOOR.leave(known)
    st.session_state.pop(_TOKEN, None)
