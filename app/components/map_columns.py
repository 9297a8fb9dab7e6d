"""Columns of the viewer's own to colour the points by, from a CSV with the row of the set in its column ``image``."""

from __future__ import annotations

import streamlit as st

from app import access
from app.components import words
from app.components.source import UPLOAD
from byol_core.embed import Probe, foreign
from byol_core.embed.fields import Field
from byol_core.errors import LabError

KEPT = "map_columns"
PREFIX = "table:"
MOST_BYTES = 20_000_000


def table() -> bytes | None:
    """The CSV of this session."""
    content = st.session_state.get(KEPT)
    return content if isinstance(content, bytes) else None


def titles() -> dict[str, str]:
    """The names and titles of its columns."""
    known: dict[str, str] = st.session_state.get(f"{KEPT}_titles", {})
    return known


def field(probe: Probe, name: str) -> Field:
    """One of its columns for the images of this run; LabError when it says nothing of them."""
    content = table()
    found = {one.name: one for one in _read(content, probe, str(probe.folder), len(probe))} if content else {}
    if name not in found:
        raise LabError(f"The column '{name.removeprefix(PREFIX)}' is not in your table any more.")
    return found[name]


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(content: bytes, _probe: Probe, folder: str, n: int) -> list[Field]:
    return foreign(content, _probe)


def upload(probe: Probe) -> None:
    """Take a CSV in, for a teacher, who is the one that may bring files here."""
    teacher = access.is_teacher()
    file = st.file_uploader(
        "A CSV with your own columns",
        ["csv"],
        key="map_columns_file",
        max_upload_size=MOST_BYTES // 1_000_000,
        disabled=not teacher,
        help=None if teacher else access.refusal(UPLOAD),
    )
    st.caption(
        "One column is called `image`: the number that the page shows for an image of the set. Every other column can "
        "colour the points, as a number or as groups."
    )
    _keep(probe, file.getvalue() if file and teacher else None)


def _keep(probe: Probe, content: bytes | None) -> None:
    """Remember the table once; the choices above are drawn anew with its columns."""
    if content == table():
        if sentence := st.session_state.get(f"{KEPT}_wrong"):
            st.error(sentence, icon=":material/error:")
        return
    st.session_state[KEPT] = content
    st.session_state.pop(f"{KEPT}_wrong", None)
    st.session_state[f"{KEPT}_titles"] = {}
    try:
        found = _read(content, probe, str(probe.folder), len(probe)) if content else []
        st.session_state[f"{KEPT}_titles"] = {one.name: f"{one.title} (yours)" for one in found}
    except LabError as error:
        st.session_state[f"{KEPT}_wrong"] = words.plain(str(error))
    st.rerun(scope="fragment")
