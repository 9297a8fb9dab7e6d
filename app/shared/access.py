"""Who may do what. On a loopback address everybody is a teacher; elsewhere a teacher signs in, and others only view.

Every action asks here when it happens, whatever buttons were shown: a browser can send what no button offers.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import streamlit as st

from app.shared.streamlit_private import browser_of, session_id
from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.sharing import HASH_VARIABLE, TOKEN_SECONDS, TokenStore, is_loopback, usable

TEACHERS_VARIABLE = "BYOL_LAB_TEACHERS"
# A cookie belongs to a host and not to a port, and a machine may serve two labs.
COOKIE = "byol_lab_teacher_{port}"
# A proxy in front of a loopback address brings in people from elsewhere.
_PROXIED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")
_TOKEN = "access_token"
# Set in a session that was refused something, so that its page shows the way to sign in.
REFUSED = "access_refused"

_MOST_SESSIONS = 10_000

# What only a teacher may do, by its name in the code, and what others are told.
REFUSALS: Mapping[str, Message] = {
    "archive runs": Message("Only a teacher may archive runs here; sign in first."),
    "ask a model": Message("Only a teacher may ask a model here; sign in first."),
    "change runs": Message("Only a teacher may change runs here; sign in first."),
    "change the queue": Message("Only a teacher may change the queue here; sign in first."),
    "compute maps of earlier evaluations": Message(
        "Only a teacher may compute maps of earlier evaluations here; sign in first."
    ),
    "compute maps with other settings": Message(
        "Only a teacher may compute maps with other settings here; sign in first."
    ),
    "delete runs": Message("Only a teacher may delete runs here; sign in first."),
    "download sets": Message("Only a teacher may download sets here; sign in first."),
    "evaluate runs": Message("Only a teacher may evaluate runs here; sign in first."),
    "export whole runs": Message("Only a teacher may export whole runs here; sign in first."),
    "import runs": Message("Only a teacher may import runs here; sign in first."),
    "measure how long a run takes": Message("Only a teacher may measure how long a run takes here; sign in first."),
    "measure images": Message("Only a teacher may measure images here; sign in first."),
    "remove uploads": Message("Only a teacher may remove uploads here; sign in first."),
    "rename runs": Message("Only a teacher may rename runs here; sign in first."),
    "restore runs": Message("Only a teacher may restore runs here; sign in first."),
    "resume runs": Message("Only a teacher may resume runs here; sign in first."),
    "save views": Message("Only a teacher may save views here; sign in first."),
    "start from weights by their path": Message(
        "Only a teacher may start from weights by their path here; sign in first."
    ),
    "start runs": Message("Only a teacher may start runs here; sign in first."),
    "stop evaluations": Message("Only a teacher may stop evaluations here; sign in first."),
    "stop runs": Message("Only a teacher may stop runs here; sign in first."),
    "stop, resume, rename, archive or delete runs": Message(
        "Only a teacher may stop, resume, rename, archive or delete runs here; sign in first."
    ),
    "tag runs": Message("Only a teacher may tag runs here; sign in first."),
    "upload images": Message("Only a teacher may upload images here; sign in first."),
    "use images by their path": Message("Only a teacher may use images by their path here; sign in first."),
}

# One for all sessions; not in a cache of Streamlit's, which any browser may ask to be cleared.
TOKENS = TokenStore()
_teaching: dict[str, Permit] = {}
# Which browser opened a session: whoever else knows its id is somebody else.
_browsers: dict[str, str] = {}
# The sign-ins of accounts that are over: Streamlit tells a tab that is open only when it is loaded again.
_left: dict[str, None] = {}


class Permit(NamedTuple):
    """What makes a session a teacher's, to be asked again where there is no page: at an upload, when a file is made."""

    tokens: tuple[str, ...] = ()
    visit: str = ""  # the sign-in of an account
    until: float = 0.0  # on the monotonic clock; without an account, and without others to keep out, it has no end

    def holds(self) -> bool:
        """Whether it still does: nobody has signed out, and its time is not over."""
        return any(map(TOKENS.is_valid, self.tokens)) or (time.monotonic() < self.until and self.visit not in _left)

    def require(self, doing: str) -> None:
        """InputError when it holds no more; ``doing`` is what only a teacher may do, one of :data:`REFUSALS`."""
        if not self.holds():
            raise InputError(refusal(doing))


def permit() -> Permit:
    """That of whoever looks at this page."""
    if not is_shared():
        return Permit(until=math.inf)
    return Permit(tuple(tokens()), _visit(), time.monotonic() + TOKEN_SECONDS if _is_listed() else 0.0)


def is_teacher() -> bool:
    """Whether whoever looks at this page may start, change and delete."""
    return permit().holds()


def require(doing: str) -> None:
    """InputError unless a teacher asks; ``doing`` is what only a teacher may do, one of :data:`REFUSALS`."""
    if not is_teacher():
        if session_id():
            st.session_state[REFUSED] = True
        raise InputError(refusal(doing))


def note_session() -> None:
    """Keep in mind whether this session is a teacher's, for requests that reach no page; the router calls this."""
    session = session_id()
    if not session:
        return
    _teaching.pop(session, None)
    found = permit()
    if found.holds():
        _remember(_teaching, session, found)


def is_teachers_session(session_id: str, browser: str) -> bool:
    """Whether a teacher used that session last, is one still, and it is that browser's."""
    return is_browsers_session(session_id, browser) and _teaching.get(session_id, Permit()).holds()


def note_browser(session_id: str, browser: str) -> None:
    """Keep in mind which browser a session is of; the guard calls this."""
    _browsers.pop(session_id, None)
    _remember(_browsers, session_id, browser)


def is_browsers_session(session_id: str, browser: str) -> bool:
    """Whether that browser opened the session; a browser without the cookie opened none that can be told."""
    return bool(browser) and _browsers.get(session_id) == browser


def _remember(known: dict[str, Any], key: str, value: object) -> None:
    known[key] = value
    while len(known) > _MOST_SESSIONS:
        known.pop(next(iter(known)), None)


def refusal(doing: str) -> str:
    """Why a button is disabled, and what ``require`` says; ``doing`` is one of :data:`REFUSALS`."""
    return REFUSALS[doing]


def is_shared() -> bool:
    """Whether others than the people at this machine can come in, so that a teacher has to sign in."""
    local = is_loopback(st.get_option("server.address")) and not _is_proxied()
    return not local or bool(passphrase_hash()) or has_accounts()


def _is_proxied() -> bool:
    """Whether somebody comes from elsewhere: a proxy says so, or the browser has another name in its address bar."""
    headers, origin = st.context.headers, st.context.headers.get("Origin")
    named_otherwise = isinstance(origin, str) and not is_loopback(urlsplit(origin).hostname)
    return named_otherwise or any(isinstance(headers.get(name), str) for name in _PROXIED)


def passphrase_hash() -> str:
    """The hash that makes a teacher; empty when there is none."""
    return os.environ.get(HASH_VARIABLE, "").strip()


def has_passphrase() -> bool:
    """Whether a passphrase can be right at all."""
    return usable(passphrase_hash())


def has_accounts() -> bool:
    """Whether an organization's sign-in is set up: [auth] in Streamlit's secrets."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def teachers() -> frozenset[str]:
    """The e-mail addresses that are teachers among those who sign in with an account."""
    listed = os.environ.get(TEACHERS_VARIABLE, "").replace(";", ",").split(",")
    return frozenset(email.strip().lower() for email in listed) - {""}


def account() -> str:
    """The e-mail address of the account that is signed in; empty when there is none, or nobody vouches for it."""
    if not has_accounts() or not st.user.get("is_logged_in") or not _is_confirmed():
        return ""
    return str(st.user.get("email") or "").strip().lower()


def _is_confirmed() -> bool:
    """Whether the provider says so, or says nothing at all; some say it as text."""
    said = st.user.get("email_verified")
    return said is None or str(said).lower() == "true"


def _is_listed() -> bool:
    return account() in teachers()


def _visit() -> str:
    """What tells this sign-in of the account from its other ones; empty when the provider does not say when it was."""
    email = account()
    began = st.user.get("iat") if email else None
    return f"{email} {began}" if began else ""


def has_signed_out() -> bool:
    """Whether another tab has ended this sign-in of the account."""
    return _visit() in _left


def token() -> str:
    """The token that makes this session a teacher's; empty when none does."""
    return next(filter(TOKENS.is_valid, tokens()), "")


def tokens() -> list[str]:
    """That of this session and the one that the browser brought along, good or not.

    A session goes to whoever connects with its id, so its token counts in the browser alone that it was given to.
    """
    own, brought = _held()
    return [token for token in (own if TOKENS.belongs(own, _browser()) else "", brought) if token]


def stale_tokens() -> list[str]:
    """Those of both that are of no use any more, for the browser to forget."""
    return [token for token in _held() if token and not TOKENS.is_valid(token)]


def _held() -> tuple[str, str]:
    """The token of this session and that of the browser's cookie; empty where there is none."""
    own, brought = st.session_state.get(_TOKEN), st.context.cookies.get(cookie_name())
    return own if isinstance(own, str) else "", brought if isinstance(brought, str) else ""


def cookie_name() -> str:
    """The cookie that keeps a teacher signed in."""
    return COOKIE.format(port=st.get_option("server.port"))


def sign_in(passphrase: str) -> None:
    """Make this session a teacher's; InputError for a wrong passphrase, or when tries come too fast."""
    if not has_passphrase():
        raise InputError("No passphrase is set here: start the dashboard with 'byol app --share'.")
    st.session_state[_TOKEN] = TOKENS.issue(passphrase, passphrase_hash(), _browser())


def _browser() -> str:
    return browser_of(st.context.cookies)


def sign_out() -> None:
    """Forget what this browser was given: its other tabs are view-only from now on, also those that signed in."""
    for known in tokens():
        TOKENS.revoke(known)
    if visit := _visit():
        _remember(_left, visit, None)
    st.session_state.pop(_TOKEN, None)
