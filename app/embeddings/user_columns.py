"""Columns of the viewer's own to color the points by, from a CSV with the row of the set in its column ``image``."""

from __future__ import annotations

import streamlit as st

from app.shared import access, formatting, sign_in
from app.shared.image_source import UPLOAD
from app.shared.language import _, listing, tell
from byol_core.embeddings import Snapshot, foreign
from byol_core.embeddings.fields import Field
from byol_core.embeddings.user_columns import Columns
from byol_core.errors import LabError

KEPT, _FILE = "map_columns", "map_columns_file"
_NAME, _TITLES = f"{KEPT}_name", f"{KEPT}_titles"
_LEFT_OUT, _WRONG = f"{KEPT}_left_out", f"{KEPT}_wrong"
PREFIX = "table:"
MOST_BYTES = 20_000_000


def table() -> bytes | None:
    """The CSV of this session."""
    content = st.session_state.get(KEPT)
    return content if isinstance(content, bytes) else None


def titles() -> dict[str, str]:
    """The names and titles of its columns."""
    known: dict[str, str] = st.session_state.get(_TITLES, {})
    return {name: _("{title} (yours)", title=title) for name, title in known.items()}


def field(snapshot: Snapshot, name: str) -> Field:
    """One of its columns for the images of this run; LabError when it says nothing of them."""
    content = table()
    read = _read(content, snapshot, str(snapshot.folder), len(snapshot)).fields if content else ()
    found = {one.name: one for one in read}
    if name not in found:
        raise LabError("The column '{column}' is not in your table any more.", column=name.removeprefix(PREFIX))
    return found[name]


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(content: bytes, _probe: Snapshot, folder: str, n: int) -> Columns:
    return foreign(content, _probe)


def upload(snapshot: Snapshot) -> None:
    """Take a CSV in, for a teacher, who is the one that may bring files here; it is kept until it is removed."""
    if table() is None:
        _uploader(snapshot)
    else:
        name = formatting.plain(st.session_state.get(_NAME) or _("a table"))
        st.markdown(_("Your columns: **{name}**", name=name))
        st.button(_("Remove the table"), on_click=_forget, icon=":material/delete:", key="map_columns_forget")
        if names := st.session_state.get(_LEFT_OUT):
            left_out = listing(map(formatting.plain, names), "comma")
            st.caption(_("Left out, since they have too many different values for colors: {names}.", names=left_out))
    st.caption(
        _(
            "One column is called `image`: the number that the page shows for an image of the set. Every other column "
            "can color the points, as a number or as groups."
        )
    )


def _uploader(snapshot: Snapshot) -> None:
    """Where a table is brought, and what was wrong with the last one."""
    if not access.is_teacher():
        sign_in.ask(UPLOAD)
        return
    st.file_uploader(
        _("A CSV with your own columns"),
        ["csv"],
        key=_FILE,
        max_upload_size=MOST_BYTES // 1_000_000,
        on_change=_take,
        args=(snapshot,),
    )
    if wrong := st.session_state.get(_WRONG):
        name, why = map(formatting.plain, (wrong[0], tell(wrong[1])))
        st.error(_("{name}: {why}", name=name, why=why), icon=":material/error:")


def _take(snapshot: Snapshot) -> None:
    """Remember the table that was just brought: the uploader forgets it whenever it is out of sight."""
    _forget()
    file = st.session_state.get(_FILE)
    if file is None or not access.is_teacher():
        return
    try:
        found = _read(file.getvalue(), snapshot, str(snapshot.folder), len(snapshot))
    except LabError as error:
        st.session_state[_WRONG] = file.name, error.message
        return
    st.session_state.update({KEPT: file.getvalue(), _NAME: file.name})
    st.session_state[_TITLES] = {one.name: one.title for one in found.fields}
    st.session_state[_LEFT_OUT] = found.left_out


def _forget() -> None:
    for name in (KEPT, _NAME, _TITLES, _LEFT_OUT, _WRONG):
        st.session_state.pop(name, None)
