"""The trash: the bar that undoes a deletion, and the panel from which runs come back or go for good."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.shared import access, formatting, state
from app.shared.language import _, listing, n_, tell
from byol_core.runs import library
from byol_core.runs.run import Run
from byol_core.system.formatting import file_size

PAGE = 8
_THROWN, _PROBLEM, _OPEN, _NUMBER = "runs_thrown", "trash_problem", "trash_open", "trash_page"


def throw(run_ids: Sequence[str]) -> None:
    """Put runs into the trash, and remember them for the bar; InputError when one of them is being worked on."""
    access.require("delete runs")
    runs = {run.run_id: run.name for run in state.store().runs(archived=None)}
    thrown = library.throw(state.store(), run_ids)
    st.session_state[_THROWN] = {run_id: runs.get(run_id, run_id) for run_id in thrown}


# The bar


def bar() -> None:
    """What was deleted last, until it is undone or put away."""
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem, icon=":material/error:")
    thrown: dict[str, str] = st.session_state.get(_THROWN, {})
    if thrown:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="thrown"):
            st.markdown(f":material/delete: {_said(thrown)}", width="stretch")
            st.button(_("Undo"), type="primary", icon=":material/undo:", key="undo_delete", on_click=_undo)
            st.button(_("Dismiss"), type="tertiary", key="dismiss_delete", on_click=_forget)


def _said(thrown: dict[str, str]) -> str:
    if len(thrown) == 1:
        return _("**{name}** is in the trash.", name=formatting.plain(next(iter(thrown.values()))))
    return n_("{n} run is in the trash.", "{n} runs are in the trash.", len(thrown))


def _undo() -> None:
    _restore(list(st.session_state.get(_THROWN, {})))


def _forget() -> None:
    st.session_state.pop(_THROWN, None)


# The panel


def draw() -> None:
    """The runs in the trash, for a teacher; nothing when it is empty."""
    runs = library.trash(state.store()) if access.is_teacher() else []
    if not runs:
        return
    label = n_("Trash ({n})", "Trash ({n})", len(runs))
    panel = st.expander(label, icon=":material/delete:", key=_OPEN, on_change="rerun")
    if panel.open:  # sizes are read from the disk
        with panel:
            _contents(runs)


def _contents(runs: Sequence[Run]) -> None:
    days = round(library.TRASH_SECONDS / 86400)
    sizes = {run.run_id: library.size_of(run) for run in runs}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            n_(
                "{size} in all. What lies here longer than {n} day is removed for good when the next training starts.",
                "{size} in all. What lies here longer than {n} days is removed for good when the next training starts.",
                days,
                size=file_size(sum(sizes.values())),
            ),
            width="stretch",
        )
        _empty(runs, sum(sizes.values()))
    last = -(-len(runs) // PAGE)
    number = min(int(st.session_state.get(_NUMBER) or 1), last)
    for run in runs[(number - 1) * PAGE : number * PAGE]:
        _row(run, sizes[run.run_id])
    if last > 1:
        st.session_state[_NUMBER] = number
        st.pagination(last, key=_NUMBER)


def _row(run: Run, size: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"trash_{run.run_id}"):
        about = _(
            "{state}, deleted {ago}, {size}",
            state=tell(formatting.LOOKS[run.state].label),
            ago=formatting.ago(run.deleted),
            size=file_size(size),
        )
        st.markdown(f"**{formatting.plain(run.name)}**  \n:small[{about}]", width="stretch")
        with st.container(horizontal=True, gap="small", width="content"):
            st.button(
                _("Restore"),
                icon=":material/restore_from_trash:",
                key=f"restore_{run.run_id}",
                on_click=_restore,
                args=([run.run_id],),
            )
            with st.popover(_("Remove"), icon=":material/delete_forever:", key=f"ask_{run.run_id}"):
                st.markdown(_("Its curves, checkpoints and encoder are removed for good."))
                label, key = _("Remove for good"), f"purge_{run.run_id}"
                st.button(label, type="primary", key=key, on_click=_purge, args=([run.run_id],))


def _empty(runs: Sequence[Run], size: int) -> None:
    with st.popover(_("Empty the trash"), icon=":material/delete_forever:", key="ask_empty"):
        st.markdown(_for_good(len(runs), size))
        st.button(
            _("Remove all for good"),
            type="primary",
            key="empty_trash",
            on_click=_purge,
            args=([run.run_id for run in runs],),
        )


def _for_good(count: int, size: int) -> str:
    if count == 1:
        return _("The run ({size}) cannot be brought back after this.", size=file_size(size))
    return n_(
        "{n} run ({size}) cannot be brought back after this.",
        "{n} runs ({size}) cannot be brought back after this.",
        count,
        size=file_size(size),
    )


def _restore(run_ids: Sequence[str]) -> None:
    with state.said_later(_PROBLEM):
        access.require("restore runs")
        store = state.store()
        kept = {run.run_id for run in store.runs(archived=None)}.intersection(run_ids)
        back = library.restore(store, run_ids)
        _drop(run_ids)
        said = [_kept(len(kept), len(run_ids))] if kept else []
        if lost := len(run_ids) - back - len(kept):
            said.append(_lost(lost, len(run_ids)))
        st.session_state[_PROBLEM] = listing(said, "sentences")


def _kept(count: int, wanted: int) -> str:
    if wanted == 1:
        return _("The run was not in the trash any more.")
    return n_(
        "{n} of the {wanted} runs were not in the trash any more.",
        "{n} of the {wanted} runs were not in the trash any more.",
        count,
        wanted=wanted,
    )


def _lost(count: int, wanted: int) -> str:
    if wanted == 1:
        return _("The run was removed for good before.")
    return n_(
        "{n} of the {wanted} runs were removed for good before.",
        "{n} of the {wanted} runs were removed for good before.",
        count,
        wanted=wanted,
    )


def _purge(run_ids: Sequence[str]) -> None:
    with state.said_later(_PROBLEM):
        access.require("delete runs")
        library.purge(state.store(), run_ids)
        _drop(run_ids)


def _drop(run_ids: Sequence[str]) -> None:
    """These runs are not in the trash any more, so the bar speaks of the others."""
    thrown = st.session_state.get(_THROWN, {})
    st.session_state[_THROWN] = {run_id: name for run_id, name in thrown.items() if run_id not in run_ids}
