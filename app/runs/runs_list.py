"""The list of all runs: queue, search and filters, what can be done with selected runs, the table, and the trash."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.runs import bulk_actions, queue_panel, run_filters, run_import, run_table, sweep_head, trash_panel
from app.runs import lines as run_lines
from app.runs.lines import Wanted
from app.shared import access, formatting, polling, state, table
from app.shared.language import _, n_
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore


def draw() -> None:
    """Draw the list of runs with its filters, the queue and the trash."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(_("Runs"), width="content")
        run_import.draw()
    run_import.report()
    trash_panel.bar()
    _all_runs.clear()  # whoever opens the page, or did something, sees what is true now
    first = everything()
    if first:
        queue_panel.draw()
    else:
        _nothing_here()
    _live(first)
    trash_panel.draw()


def everything() -> Sequence[Run]:
    """All runs but those in the trash, newest first; at most a second old."""
    store = state.store()
    return _all_runs(str(store.home), store)


# Forty people may look on at once: their lists are read from the store once.
@st.cache_resource(ttl=1.0, max_entries=4, show_spinner=False)
def _all_runs(home: str, _store: RunStore) -> tuple[Run, ...]:
    return tuple(_store.runs(archived=None))


def _live(first: Sequence[Run]) -> None:
    """The part that stays fresh."""
    busy, waits = any(map(formatting.busy, first)), _waits(first)

    @polling.live(slow=1.0 if busy else polling.IDLE)
    def listed() -> None:
        if st.session_state.pop(bulk_actions.CHANGED, False):
            st.rerun()
        runs = everything()
        if (bool(runs), any(map(formatting.busy, runs)), _waits(runs)) != (bool(first), busy, waits):
            st.rerun()
        if runs:
            _open(run_table.opened(), runs)
            _list(runs)

    listed()


def _waits(runs: Sequence[Run]) -> bool:
    """Whether there is a queue, which is drawn outside of the part that stays fresh."""
    return any(run.state == "queued" for run in runs)


def _open(run_ids: Sequence[str], runs: Sequence[Run]) -> None:
    """Follow a click on a name: to the run, or into the sweep."""
    if len(run_ids) == 1:
        st.switch_page("runs/page.py", query_params={"run": run_ids[0]})
    elif run_ids:
        run_filters.open_sweep(next(run.group for run in runs if run.run_id in run_ids))


def _list(runs: Sequence[Run]) -> None:
    wanted = run_filters.draw(runs)
    found = [run for run in runs if wanted.lets_through(run)]
    if wanted.sweep and found:
        sweep_head.draw(wanted.sweep, found)
    ticked = set(run_table.ticked())
    bulk_actions.draw([run for run in runs if run.run_id in ticked], found)
    if not found:
        _nothing_found(wanted, runs)
        return
    lines = run_lines.unfolded(found) if wanted.sweep else run_lines.fold(found)
    lines = run_lines.ordered(lines, run_filters.order())
    above = st.container()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        page = run_filters.turn(lines)
        table.save(run_table.as_columns(lines), "runs", _("Save this list"))
    alone = [line.runs[0].run_id for line in page if not line.sweep]
    with above:
        run_table.draw(page, state.store().sparkline(alone))


def _nothing_found(wanted: Wanted, runs: Sequence[Run]) -> None:
    """No run is as somebody looks for."""
    archived = sum(run.archived is not None for run in runs)
    with st.container(border=True, horizontal_alignment="center", key="nothing_found"):
        if wanted == Wanted():
            st.markdown(_all_archived(archived), text_alignment="center")
            st.button(_("Open the archive"), icon=":material/archive:", key="open_archive", on_click=_open_archive)
        else:
            empty = _("The archive is empty.") if wanted == Wanted(archived=True) else _("No run matches.")
            st.markdown(empty, text_alignment="center")
            label = _("Show all runs")
            st.button(label, icon=":material/filter_list_off:", key="show_all", on_click=run_filters.clear)


def _all_archived(count: int) -> str:
    if count == 1:
        return _("The run is in the archive.")
    return n_("All {n} run is in the archive.", "All {n} runs are in the archive.", count)


def _open_archive() -> None:
    st.session_state[run_filters.ARCHIVED] = True


def _nothing_here() -> None:
    """Say what to do while there are no runs."""
    with st.container(border=True, horizontal_alignment="center", vertical_alignment="center", height=260):
        st.header(_("No run yet"), anchor=False, text_alignment="center")
        st.markdown(
            _("A run is one training: its settings, its curves and what it learned. Start one, and it appears here."),
            text_alignment="center",
        )
        if access.is_teacher() and st.button(
            _("Set up a training"), type="primary", icon=":material/model_training:", key="to_train"
        ):
            st.switch_page("train/page.py")
