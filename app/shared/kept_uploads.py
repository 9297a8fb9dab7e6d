"""What was uploaded to this lab: how much it takes, which runs need it, and a way to be rid of the rest."""

from __future__ import annotations

import streamlit as st

from app.shared import access, formatting, state
from byol_core.runs.uploads import Upload, remove_unused, unused, uploads
from byol_core.system.formatting import file_size

PROBLEM = "uploads_problem"
MOST_SHOWN = 20
MOST_RUNS = 3


def draw(source: str) -> None:
    """The uploads, for a teacher; nothing when there are none. ``source``: the one that the form has now stays."""
    if problem := st.session_state.pop(PROBLEM, ""):
        st.error(problem, icon=":material/error:")
    found = uploads(state.store()) if access.is_teacher() else []
    if not found:
        return
    files = "1 file" if len(found) == 1 else f"{len(found)} files"
    with st.expander(f"Kept uploads: {files}, {file_size(sum(each.size for each in found))}", icon=":material/folder:"):
        st.markdown("\n".join(f"- {_line(each, source)}" for each in found[:MOST_SHOWN]))
        if len(found) > MOST_SHOWN:
            st.caption(f"and {len(found) - MOST_SHOWN} more")
        _clean_up(unused(found, [source]), source)


def _line(upload: Upload, source: str) -> str:
    return f"`{upload.path.name}`, {file_size(upload.size)} :small[{_users(upload, source)}]"


def _users(upload: Upload, source: str) -> str:
    """The names of the runs that use this upload."""
    if not upload.runs:
        return "chosen above" if str(upload.path) == source else "no run uses it"
    shown = ", ".join(formatting.plain(name) for name in upload.runs[:MOST_RUNS])
    rest = len(upload.runs) - MOST_RUNS
    return f"used by {shown}" + (f" and {rest} more" if rest > 0 else "")


def _clean_up(spare: list[Upload], source: str) -> None:
    if not spare:
        st.caption("All of them are in use. An upload can be removed once the runs that use it are deleted for good.")
        return
    named = "the one" if len(spare) == 1 else f"the {len(spare)}"
    with st.popover(f"Remove {named} that no run uses", icon=":material/delete_forever:", key="ask_uploads"):
        st.markdown(
            f"{file_size(sum(each.size for each in spare))} are freed, and cannot be brought back. "
            "A file that another teacher has uploaded and not trained on yet is removed too."
        )
        st.button("Remove for good", type="primary", key="remove_uploads", on_click=_remove, args=(source,))


def _remove(source: str) -> None:
    with state.said_later(PROBLEM):
        access.require("remove uploads")
        remove_unused(state.store(), [source])
