"""Runs side by side, opened by ``?compare=ID,ID``: their curves in one chart, how they ended, what sets them apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from app.runs import compare_tables, curves, spread, system
from app.runs.compare_tables import label
from app.shared import address, charts, formatting, polling, state
from app.shared.language import N_, _, listing, n_, tell
from app.widgets import live_chart
from byol_core.errors import LabError
from byol_core.runs import compare as sides
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

# More lines than this cannot be told apart by color and dash; and more runs make a page slow.
MOST_LINES, MOST_RUNS = 12, 60
FIRST = ("loss", "knn_accuracy")  # and the spread
TABS = {"curves": N_("Curves"), "table": N_("Table"), "settings": N_("Settings"), "system": N_("System")}
_CURVES, _OFFERED = "curves", "curves_offered"
_HEIGHT = 320


Lines = Sequence[tuple[str, str, Sequence[Run]]]  # name, color, the runs of the line
Keys = Sequence[str]
Again = Callable[[Sequence[Run]], object]  # what is done at each look, with the runs as they are then


def draw(runs: Sequence[Run]) -> None:
    """The page of a comparison."""
    _title(runs)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        place = st.container(width=560)
        together = _together(runs)
    everything = _lines(runs, together)
    lines = _as_many_as_fit(everything)
    if len(lines) < len(everything):
        st.info(_too_many(len(lines), len(everything), together), icon=":material/filter_list:")
    drawn = [run for _, _, found in lines for run in found]
    _moment.clear()  # whoever opens the page sees what is true now
    logged = _now(drawn).logged
    with place:
        keys = _curve_choice(drawn, logged)
    contents = {"curves": _curves_tab, "table": _table_tab, "settings": _settings_tab, "system": _system_tab}
    for code, tab in address.tabs("side", {code: tell(name) for code, name in TABS.items()}).items():
        if tab.open:
            with tab:
                _keep_fresh(drawn, logged, contents[code](lines, keys, logged))


# What is there now


@dataclass(frozen=True)
class _Moment:
    """The compared runs as they are at one moment, without those that are gone, and the names of their curves."""

    runs: tuple[Run, ...]
    logged: frozenset[str]


def _now(runs: Sequence[Run]) -> _Moment:
    store = state.store()
    return _moment(str(store.home), tuple(run.run_id for run in runs), store)


# A class may look at one comparison: it is read from the store once.
@st.cache_resource(ttl=1.0, max_entries=64, show_spinner=False)
def _moment(home: str, run_ids: tuple[str, ...], _store: RunStore) -> _Moment:
    found = []
    for run_id in run_ids:
        with suppress(LabError):
            found.append(_store.get(run_id))
    return _Moment(tuple(found), frozenset(key for run in found for key in _store.metric_keys(run.run_id)))


def _keep_fresh(runs: Sequence[Run], logged: frozenset[str], again: Again) -> None:
    """Look again; the page is redrawn when a run begins, ends, is resumed or goes, and when a curve begins."""

    @polling.live(slow=1.0 if any(map(formatting.busy, runs)) else polling.IDLE)
    def look() -> None:
        now = _now(runs)
        if _states(now.runs) != _states(runs) or now.logged != logged:
            st.rerun()
        again(now.runs)

    look()


def _states(runs: Sequence[Run]) -> list[tuple[str, str, int]]:
    return [(run.run_id, run.state, run.attempt) for run in runs]


# The head


def _title(runs: Sequence[Run]) -> None:
    st.button(_("All runs"), icon=":material/arrow_back:", type="tertiary", on_click=_leave, key="back")
    groups = {run.group for run in runs}
    sweep = groups.pop() if len(groups) == 1 else ""
    st.title(formatting.plain(sweep) or _("Compare runs"))
    if len(runs) == 1:
        st.caption(_("A single run: choose several in the list to compare."))
        return
    st.caption(_how_many(len(runs), sum(map(formatting.busy, runs)), bool(sweep)))


def _how_many(runs: int, busy: int, sweep: bool) -> str:
    """So many runs, of which some go on."""
    if sweep and busy:
        return n_(
            "A sweep: {n} run, {busy} of them not finished yet.",
            "A sweep: {n} runs, {busy} of them not finished yet.",
            runs,
            busy=busy,
        )
    if busy:
        return n_(
            "{n} run, {busy} of them not finished yet.", "{n} runs, {busy} of them not finished yet.", runs, busy=busy
        )
    return n_("A sweep: {n} run.", "A sweep: {n} runs.", runs) if sweep else n_("{n} run.", "{n} runs.", runs)


def _leave() -> None:
    """Close the comparison and show the list of runs."""
    address.write(compare=None)


def _together(runs: Sequence[Run]) -> bool:
    """Whether runs that differ only in their seed are one line."""
    alike = any(len(row.runs) > 1 for row in sides.grouped(runs, {}))
    return alike and st.toggle(
        _("Seeds as one line"),
        value=True,
        key="together",
        bind="query-params",
        help=_("Runs that differ only in their seed are drawn as their mean, in a band of one standard deviation."),
    )


def _curve_choice(runs: Sequence[Run], logged: frozenset[str]) -> list[str]:
    """The curves that somebody wants to see."""
    known = sorted(logged - set(system.KEYS) - set(curves.BASELINES), key=label)
    with address.some_of(_CURVES, known, _to_begin_with(known, {spread.key(run, logged) for run in runs})):
        return st.multiselect(
            _("Curves"),
            known,
            format_func=label,
            key=_CURVES,
            placeholder=_("Choose curves") if known else _("None yet"),
        )


def _to_begin_with(known: Keys, spreads: set[str]) -> list[str]:
    """The curves that are shown until somebody chooses others; one that begins later joins in."""
    first = [key for key in (*FIRST, max(spreads, key=curves.SPREADS.index)) if key in known]
    shown, offered = st.session_state.get(_CURVES), st.session_state.get(_OFFERED)
    if address.lives(_CURVES) and shown == offered != first:  # nobody chose others
        address.choose(_CURVES, first)
    st.session_state[_OFFERED] = first
    return first


def _lines(runs: Sequence[Run], together: bool) -> Lines:
    if together:
        named = [(row.label, row.runs) for row in sides.grouped(runs, {})]
    else:
        named = [(short_name(run), (run,)) for run in runs]
    return [
        (f"{name} (n = {len(found)})" if len(found) > 1 else name, charts.line_look(place)[0], found)
        for place, (name, found) in enumerate(named)
    ]


def _as_many_as_fit(lines: Lines) -> Lines:
    counts = itertools.accumulate(len(runs) for _, _, runs in lines)
    fitting = sum(count <= MOST_RUNS for count in counts)
    return lines[: max(1, min(fitting, MOST_LINES))]


def short_name(run: Run) -> str:
    """The name without that of its sweep, which all have in common."""
    return run.name.removeprefix(f"{run.group} ") if run.group else run.name


def _too_many(shown: int, there: int, together: bool) -> str:
    if together:
        return _(
            "The first {shown} of {count} settings are shown: more are too much for one chart. Choose fewer in the "
            "list.",
            shown=shown,
            count=there,
        )
    return _(
        "The first {shown} of {count} runs are shown: more are too much for one chart. Choose fewer in the list.",
        shown=shown,
        count=there,
    )


# Tabs: each draws what stays as it is, and says what to do at each look


def _curves_tab(lines: Lines, keys: Keys, logged: frozenset[str]) -> Again:
    if keys:
        return _charts(lines, keys)
    return _only_say(_("Choose a curve above.") if logged - set(system.KEYS) else tell(_NOTHING))


def _system_tab(lines: Lines, _keys: Keys, logged: frozenset[str]) -> Again:
    keys = [key for key in system.KEYS if key in logged]
    return _charts(lines, keys) if keys else _only_say(tell(_NOTHING))


_NOTHING = N_("These runs have logged nothing yet; their curves begin with the first logged step.")


def _only_say(sentence: str) -> Again:
    st.caption(sentence)
    return _nothing_more


def _nothing_more(_now: Sequence[Run]) -> None:
    """What was drawn stays as it is."""


def _charts(lines: Lines, keys: Keys) -> Again:
    view = curves.view_choice()
    drawn = {key: _drawn(lines, key) for key in keys}
    live_chart.legend(drawn[keys[0]])
    with st.grid(min(2, len(keys)), min_column_width=420, gap="medium"):
        for key in keys:
            with st.container(border=True):
                st.markdown(f"**{label(key)}**")
                levels = curves.alarm_level() if key in curves.SPREADS else ()
                figure = charts.overlay(drawn[key], view=view, levels=levels, revision=f"compare-{key}", height=_HEIGHT)
                live_chart.live_chart(figure, key=f"compare-{key}", alt=_alt(lines, key))
    return lambda runs: curves.feed(runs, state.store(), keys)


def _drawn(lines: Lines, key: str) -> list[charts.Line]:
    return [
        charts.Line(
            name, color, tuple(curves.curve_id(run, key) for run in runs), runs[0].run_id, charts.line_look(place)[1]
        )
        for place, (name, color, runs) in enumerate(lines)
    ]


def _alt(lines: Lines, key: str) -> str:
    names = listing([name for name, *_rest in lines], "comma")
    return _("{curve} of {names}", curve=label(key), names=names)


def _table_tab(lines: Lines, keys: Keys, _logged: frozenset[str]) -> Again:
    looks = [charts.line_look(place) for place, (_, _, runs) in enumerate(lines) for _ in runs]

    def draw(runs: Sequence[Run]) -> None:
        compare_tables.ends(list(zip(looks, runs, strict=True)), keys)
        if any(len(alike) > 1 for _, _, alike in lines):
            compare_tables.means(runs, keys)

    return draw


def _settings_tab(lines: Lines, _keys: Keys, _logged: frozenset[str]) -> Again:
    compare_tables.settings([run for _, _, runs in lines for run in runs])
    return _nothing_more
