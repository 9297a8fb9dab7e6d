"""What was uploaded to this lab: how much it takes, which runs need it, and a way to be rid of the rest."""

from __future__ import annotations

import streamlit as st

from app.shared import access, formatting, state
from app.shared.language import _, listing, n_
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
    size = file_size(sum(each.size for each in found))
    label = n_("Kept uploads: {n} file, {size}", "Kept uploads: {n} files, {size}", len(found), size=size)
    with st.expander(label, icon=":material/folder:"):
        st.markdown("\n".join(f"- {_line(each, source)}" for each in found[:MOST_SHOWN]))
        if len(found) > MOST_SHOWN:
            st.caption(_("and {more} more", more=len(found) - MOST_SHOWN))
        _clean_up(unused(found, [source]), source)


def _line(upload: Upload, source: str) -> str:
    return f"`{upload.path.name}`, {file_size(upload.size)} :small[{_users(upload, source)}]"


def _users(upload: Upload, source: str) -> str:
    """The names of the runs that use this upload."""
    if not upload.runs:
        return _("chosen above") if str(upload.path) == source else _("no run uses it")
    shown = listing((formatting.plain(name) for name in upload.runs[:MOST_RUNS]), "comma")
    rest = len(upload.runs) - MOST_RUNS
    if rest > 0:
        return _("used by {runs} and {more} more", runs=shown, more=rest)
    return _("used by {runs}", runs=shown)


def _clean_up(spare: list[Upload], source: str) -> None:
    if not spare:
        st.caption(
            _("All of them are in use. An upload can be removed once the runs that use it are deleted for good.")
        )
        return
    one, several = _("Remove the one that no run uses"), _("Remove the {count} that no run uses", count=len(spare))
    label = one if len(spare) == 1 else several
    with st.popover(label, icon=":material/delete_forever:", key="ask_uploads"):
        st.markdown(
            _(
                "{size} are freed, and cannot be brought back. "
                "A file that another teacher has uploaded and not trained on yet is removed too.",
                size=file_size(sum(each.size for each in spare)),
            )
        )
        st.button(_("Remove for good"), type="primary", key="remove_uploads", on_click=_remove, args=(source,))


def _remove(source: str) -> None:
    with state.said_later(PROBLEM):
        access.require("remove uploads")
        remove_unused(state.store(), [source])
