"""The tags and notes of a run, shown under its name and edited in place."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.shared import access, formatting, state
from app.shared.language import _, tell
from byol_core.errors import LabError
from byol_core.runs import library
from byol_core.runs.run import Run


def draw(run: Run) -> None:
    """What somebody wrote about the run, and where a teacher changes it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="about"):
        if run.archived is not None:
            st.badge(_("Archived"), icon=":material/inventory_2:", color="gray")
        for tag in run.tags:
            st.badge(formatting.plain(tag), icon=":material/label:", color="blue")
        if access.is_teacher():
            named = _("Edit tags and notes") if run.tags or run.notes else _("Add tags or notes")
            with st.popover(named, type="tertiary", icon=":material/edit_note:", key="annotate"):
                _form(run)
    if run.notes:
        st.markdown(formatting.plain(run.notes).replace("\n", "  \n"))


def _form(run: Run) -> None:
    tags, notes = f"tags-{run.run_id}", f"notes-{run.run_id}"
    _follow(tags, list(run.tags))
    _follow(notes, run.notes)
    st.multiselect(
        _("Tags"),
        sorted({*library.all_tags(state.store()), *st.session_state[tags]}, key=str.casefold),
        key=tags,
        accept_new_options=True,
        max_selections=library.MOST_TAGS,
        placeholder=_("Choose, or type a new one"),
        on_change=_save,
        args=(run.run_id, "tags", tags),
    )
    st.text_area(
        _("Notes"),
        key=notes,
        height=160,
        max_chars=library.LONGEST_NOTES,
        placeholder=_("What was it for, and what did you see?"),
        on_change=_save,
        args=(run.run_id, "notes", notes),
    )


def _follow(key: str, stored: Any) -> None:
    """Let a widget show what is stored when that changed elsewhere, but not take away what somebody types."""
    if st.session_state.get(f"{key}-stored") != stored or key not in st.session_state:
        st.session_state[key] = st.session_state[f"{key}-stored"] = stored


def _save(run_id: str, what: str, key: str) -> None:
    try:
        access.require("change runs")
        library.annotate(state.store(), run_id, **{what: st.session_state[key]})
    except LabError as error:
        st.session_state["runs_notice"] = formatting.plain(tell(error))
        st.session_state.pop(f"{key}-stored", None)
