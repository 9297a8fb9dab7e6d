"""What can be done with the selected runs: compare, tag, archive, export, delete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from app.runs import bulk_export, run_table, trash_panel
from app.shared import access, state
from app.shared.language import _, n_
from byol_core.runs import library, sweep
from byol_core.runs.run import LIVE, Run

# Set when more than the list has to be drawn again.
CHANGED = "runs_changed"
_PROBLEM, _TAGS, _ALL = "bulk_problem", "bulk_tags", "bulk_all"


def draw(ticked: Sequence[Run], found: Sequence[Run]) -> None:
    """The row of buttons, always of the same height, so that the table below stays where it is.

    ``found``: the runs that the search and the filters let through, on all pages.
    """
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem, icon=":material/error:")
    # The count comes last: the table's own toolbar floats over the right end of this row.
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bulk"):
        with st.container(horizontal=True, gap="small", width="content"):
            _compare(ticked)
            if access.is_teacher():
                _tag(ticked)
                _archive(ticked)
            bulk_export.draw(ticked)
            if access.is_teacher():
                _delete(ticked)
        _count(ticked, found)


def _count(ticked: Sequence[Run], found: Sequence[Run]) -> None:
    """How many are selected; one button that selects all that were found, or none."""
    shown = {run.run_id for run in found}
    hidden = sum(run.run_id not in shown for run in ticked)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width=430):
        if not ticked:
            said = _("Click on a name to open a run; select rows to do something with them.")
            st.caption(said, width="content")
            return
        st.markdown(_how_many(len(ticked), hidden), width="content")
        if len(ticked) - hidden < len(found):
            every = [run.run_id for run in found]
            label = _("Select all {count}", count=len(found))
            st.button(label, type="tertiary", key=_ALL, on_click=run_table.tick, args=(every,))
        st.button(_("Clear"), type="tertiary", key="bulk_none", on_click=run_table.tick, args=([],))


def _how_many(selected: int, hidden: int) -> str:
    if hidden:
        return n_(
            "**{n} selected**, {hidden} of them not in this list",
            "**{n} selected**, {hidden} of them not in this list",
            selected,
            hidden=hidden,
        )
    return n_("**{n} selected**", "**{n} selected**", selected)


def _compare(ticked: Sequence[Run]) -> None:
    few, many = len(ticked) < 2, len(ticked) > sweep.MOST_RUNS  # more than a whole sweep no address holds
    if few:
        meaning = _("Select two runs or more.")
    elif many:
        meaning = n_("Select at most {n} run.", "Select at most {n} runs.", sweep.MOST_RUNS)
    else:
        meaning = _("Shows the curves of the selected runs in one chart.")
    if st.button(
        _("Compare"),
        icon=":material/stacked_line_chart:",
        type="secondary" if few or many else "primary",
        disabled=few or many,
        help=meaning,
        key="bulk_compare",
    ):
        open_comparison([run.run_id for run in ticked])


def open_comparison(run_ids: Sequence[str]) -> None:
    """Leave the list for the comparison of these runs."""
    st.switch_page("runs/page.py", query_params={"compare": ",".join(run_ids)})


# Tags


def _tag(ticked: Sequence[Run]) -> None:
    with st.popover(_("Tag"), icon=":material/sell:", disabled=not ticked, key="bulk_tag"):
        st.multiselect(
            _("Tags"),
            library.all_tags(state.store()),
            key=_TAGS,
            accept_new_options=True,
            placeholder=_("Choose tags, or type a new one"),
        )
        with st.container(horizontal=True):
            none = not st.session_state.get(_TAGS)
            ids = [run.run_id for run in ticked]
            st.button(_("Add"), type="primary", key="tag_add", disabled=none, on_click=_change_tags, args=(ids, True))
            st.button(_("Remove"), key="tag_remove", disabled=none, on_click=_change_tags, args=(ids, False))


def _change_tags(run_ids: Sequence[str], add: bool) -> None:
    tags = [tag.strip() for tag in st.session_state[_TAGS]]
    with _problems():
        access.require("tag runs")
        store = state.store()
        for run_id in run_ids:
            others = [tag for tag in store.get(run_id).tags if tag not in tags]
            library.annotate(store, run_id, tags=[*others, *tags] if add else others)
        st.session_state[_TAGS] = []


# Archive and trash


def _archive(ticked: Sequence[Run]) -> None:
    back = bool(ticked) and all(run.archived is not None for run in ticked)
    st.button(
        _("Unarchive") if back else _("Archive"),
        icon=":material/unarchive:" if back else ":material/archive:",
        disabled=not ticked,
        help=_("Puts them back into the list.") if back else _("Hidden but not deleted: Filter shows the archive."),
        key="bulk_archive",
        on_click=_put_away,
        args=([run.run_id for run in ticked], not back),
    )


def _put_away(run_ids: Sequence[str], on: bool) -> None:
    with _problems():
        access.require("archive runs")
        count = library.archive(state.store(), run_ids, on)
        run_table.tick([])
        if on:
            said = n_("{n} run is in the archive.", "{n} runs are in the archive.", count)
        else:
            said = n_("{n} run is back in the list.", "{n} runs are back in the list.", count)
        st.toast(said, icon=":material/archive:")


def _delete(ticked: Sequence[Run]) -> None:
    live = any(run.state in LIVE for run in ticked)
    first, meaning = _("Stop those that are running first."), _("Moves them to the trash, where they can be restored.")
    st.button(
        _("Delete"),
        icon=":material/delete:",
        disabled=not ticked or live,
        help=first if live else meaning,
        key="bulk_delete",
        on_click=_throw,
        args=([run.run_id for run in ticked],),
    )


def _throw(run_ids: Sequence[str]) -> None:
    with _problems():
        trash_panel.throw(run_ids)
        run_table.tick([])


@contextmanager
def _problems() -> Iterator[None]:
    """What goes wrong becomes a sentence above the buttons; the whole page is redrawn, also the bar that undoes."""
    with state.said_later(_PROBLEM):
        yield
    st.session_state[CHANGED] = True
