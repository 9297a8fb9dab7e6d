"""Links from before a parameter was renamed go on working: they are read as what they are called now."""

from __future__ import annotations

import streamlit as st

from byol_core.config import old_keys

_RENAMED = {"colour": "color", "neighbours": "neighbors", **old_keys.RENAMED}


def follow() -> None:
    """Rename what the address of this page still calls by an old name, before anything reads it."""
    for name in list(st.query_params):
        now = _RENAMED.get(name) or old_keys.current(name)
        if now != name:
            values = st.query_params.get_all(name)
            del st.query_params[name]
            st.query_params[now] = values
