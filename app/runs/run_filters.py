"""Search, filters, order and page of the run list: kept in the address, and for whoever comes back from a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.runs import lines as run_lines
from app.runs.lines import Line, Wanted
from app.shared import address, formatting
from app.shared.language import _, n_, tell
from byol_core.runs.run import Run

PAGE = 25
SEARCH, ORDER, STATE, TAG, SWEEP, ARCHIVED, NUMBER = "search", "order", "state", "tag", "sweep", "archived", "page"
# What lets every run through, and shows the first page.
_KEPT = "runs_kept"
_ALL: dict[str, Any] = {SEARCH: "", TAG: [], SWEEP: None, ARCHIVED: False, NUMBER: 1}


def draw(runs: Sequence[Run]) -> Wanted:
    """The widgets in a row; says what somebody looks for."""
    _come_back()
    with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
        text = st.text_input(
            _("Search"),
            type="search",
            placeholder=_("Search names, tags, notes, images, presets"),
            label_visibility="collapsed",
            live=True,
            key=SEARCH,
            bind="query-params",
            on_change=_first_page,
            width=520,  # a line of its own on a phone
        )
        with st.container(horizontal=True, gap="small", width="content"):
            titles, orders = run_lines.ORDER_TITLES, list(run_lines.ORDERS)
            with address.one_of(ORDER, orders):
                st.selectbox(
                    _("Order"),
                    orders,
                    key=ORDER,
                    format_func=lambda order: tell(titles[order]),
                    label_visibility="collapsed",
                    width=180,
                )
            wanted = _filters(str(text or ""), runs)
    st.session_state[_KEPT] = {key: st.session_state[key] for key in _ALL if key in st.session_state}
    return wanted


def _come_back() -> None:
    """As it was before a run was opened, unless the address says what to look for."""
    kept: dict[str, Any] = st.session_state.get(_KEPT, {})
    asked = any(key in st.query_params for key in (*_ALL, STATE, ORDER))
    if not asked and not any(key in st.session_state for key in _ALL):
        st.session_state.update(kept)


def _filters(text: str, runs: Sequence[Run]) -> Wanted:
    """The filters behind a button that says how many are set."""
    # The label comes before its widgets, and those of a page just opened are only in the address.
    count = sum(bool(st.session_state.get(key, st.query_params.get(key))) for key in (TAG, SWEEP, ARCHIVED))
    count += address.is_set(STATE)
    label = n_("Filter ({n})", "Filter ({n})", count) if count else _("Filter")
    with st.popover(label, icon=":material/filter_list:", key="run_filters"):
        with address.some_of(STATE, list(run_lines.LOOKS)):
            states = st.pills(
                _("State"),
                list(run_lines.LOOKS),
                selection_mode="multi",
                format_func=lambda state: tell(run_lines.LOOKS[state].label),
                key=STATE,
                on_change=_first_page,
            )
        tags = st.multiselect(
            _("Tags"),
            _with(_tags(runs), st.session_state.get(TAG)),
            key=TAG,
            bind="query-params",
            on_change=_first_page,
            placeholder=_("Any"),
        )
        sweep = st.selectbox(
            _("Sweep"),
            _with(_sweeps(runs), [st.session_state.get(SWEEP)]),
            index=None,
            key=SWEEP,
            bind="query-params",
            on_change=_first_page,
            placeholder=_("Any"),
            help=_("A sweep is one training at several settings, started together."),
        )
        archived = st.toggle(
            _("In the archive"),
            key=ARCHIVED,
            bind="query-params",
            on_change=_first_page,
            help=_("Runs that were hidden, but not deleted."),
        )
    return Wanted(text, tuple(states), tuple(tags), sweep or "", bool(archived))


def _tags(runs: Sequence[Run]) -> list[str]:
    return sorted({tag for run in runs for tag in run.tags}, key=lambda tag: (tag.casefold(), tag))


def _sweeps(runs: Sequence[Run]) -> list[str]:
    """The newest first, as the runs are."""
    return list(dict.fromkeys(run.group for run in runs if run.group))


def _with(options: list[str], chosen: Sequence[str | None] | None) -> list[str]:
    """What is chosen stays among the options, also when the last run of it goes."""
    return list(dict.fromkeys([*options, *filter(None, chosen or ())]))


def order() -> str:
    """The order in which runs are listed."""
    return str(st.session_state.get(ORDER) or next(iter(run_lines.ORDERS)))


def clear() -> None:
    """Remove the search and all filters."""
    st.session_state.update(_ALL)
    address.choose(STATE, [])


def open_sweep(name: str) -> None:
    """Show the runs of one sweep."""
    clear()
    st.session_state[SWEEP] = name


def _first_page() -> None:
    st.session_state[NUMBER] = 1


def turn(lines: Sequence[Line]) -> Sequence[Line]:
    """What turns the page, when there are several, with how many there are; gives the lines of the shown page."""
    last = -(-len(lines) // PAGE)
    if last <= 1:
        return lines
    if int(st.session_state.get(NUMBER) or 1) > last:
        st.session_state[NUMBER] = last
    start = (int(st.pagination(last, key=NUMBER, bind="query-params")) - 1) * PAGE
    end = min(start + PAGE, len(lines))
    count = formatting.number(len(lines), 0)
    st.caption(_("{first}–{last} of {count}", first=start + 1, last=end, count=count))
    return lines[start:end]
