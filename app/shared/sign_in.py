"""What keeps a teacher signed in (a cookie in the browser), and what somebody sees who would have to be one."""

from __future__ import annotations

import streamlit as st

from app.shared import access
from app.shared.language import _, listing, tell

# The server cannot set a cookie once the page is open. A cookie that another tab has renewed since is left alone.
_JS = """
export default function ({ data }) {
  const { name, token, seconds, stale } = data
  const secure = location.protocol === "https:" ? "; Secure" : ""
  const put = (value, age) => {
    document.cookie = `${name}=${value}; Path=/; Max-Age=${age}; SameSite=Strict${secure}`
  }
  const has = (value) => document.cookie.split("; ").includes(`${name}=${value}`)
  if (token && !has(token)) put(token, seconds)
  if (stale.some(has)) put("", 0)
}
"""
_mount = st.components.v2.component("byol_sign_in", js=_JS)


def keep() -> None:
    """Have the browser remember a teacher, and forget one who has signed out; the router calls this."""
    token = access.token()
    data = {
        "name": access.cookie_name(),
        "token": token,
        "seconds": round(access.TOKENS.left(token)),
        "stale": access.stale_tokens(),
    }
    _mount(data=data, key="sign_in_cookie", height=1)


def closed(title: str, doing: str) -> None:
    """A page that is for teachers."""
    st.title(title)
    with st.container(border=True, width=520):
        ask(doing)


def ask(doing: str, before: str = "") -> None:
    """Why there is nothing to press here, with the link to the page where one becomes a teacher.

    ``doing``: what only a teacher may do, one of ``access.REFUSALS``; ``before``: a sentence that comes first.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        said = listing(filter(None, (before, tell(access.refusal(doing)))), "sentences")
        st.caption(f":material/lock: {said}", width="content")
        link()


def after_refusal() -> None:
    """The link, when something was refused that was asked for just now; the router calls this."""
    if st.session_state.pop(access.REFUSED, False) and not access.is_teacher():
        link()


def link() -> None:
    """The link to the page where one becomes a teacher."""
    st.page_link("sign_in/page.py", label=_("Sign in"), icon=":material/login:", width="content")
