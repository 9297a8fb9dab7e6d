"""The switch of the language at the right of the top bar; the browser keeps what was chosen for a year."""

from __future__ import annotations

import streamlit as st

from app.shared import language, streamlit_private
from byol_core.language import available

YEAR = 365 * 86400  # seconds
# Set in a session in which a language was chosen, for the browser to keep.
_CHOSEN = "language_chosen"

# The server cannot set a cookie once the page is open.
_JS = """
export default function ({ data, parentElement }) {
  parentElement.closest('[data-testid="stElementContainer"]')?.style.setProperty("display", "none")
  const secure = location.protocol === "https:" ? "; Secure" : ""
  if (data.chosen && !document.cookie.split("; ").includes(`${data.name}=${data.chosen}`)) {
    document.cookie = `${data.name}=${data.chosen}; Path=/; Max-Age=${data.seconds}; SameSite=Strict${secure}`
  }
}
"""
_mount = st.components.v2.component("byol_language", js=_JS, isolate_styles=False)


def draw() -> None:
    """A button for each other language, in its own name; the router calls this."""
    now = language.current()
    with st.container(key="language_switch", horizontal=True, gap="xsmall", width="content"):
        for code, name in available().items():
            if code != now:
                st.button(name, key=f"language_{code}", type="tertiary", on_click=_choose, args=(code,))
        data = {"name": language.COOKIE, "seconds": YEAR}
        _mount(data=data | {"chosen": st.session_state.get(_CHOSEN, "")}, key="language_cookie")


def _choose(code: str) -> None:
    language.choose(code)
    st.session_state[_CHOSEN] = code
    streamlit_private.say_choices_again()
