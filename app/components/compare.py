"""Runs side by side, opened by ``?compare=ID,ID``: their curves in one chart, how they ended, what sets them apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import streamlit as st

from app import charts, crowd, state
from app.components import compare_tables, curves, live_chart, system, words
from app.components.compare_tables import label
from byol_core.errors import LabError
from byol_core.runs import compare as sides
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore

# More lines than this cannot be told apart by their colours; and more runs make a page slow.
MOST_LINES, MOST_RUNS = len(charts.PALETTE), 60
FIRST = ("loss", "knn_accuracy", "std_ratio")
_HEIGHT = 320


def draw(runs: Sequence[Run]) -> None:
    """The page of a comparison."""
    _title(runs)
    keys, together = _choices(runs)
    everything = _lines(runs, together)
    lines = _as_many_as_fit(everything)
    if len(lines) < len(everything):
        st.info(_too_many(len(lines), len(everything), together), icon=":material/filter_list:")
    live = any(map(words.busy, runs))
    tabs = st.tabs(["Curves", "Table", "Settings", "System"], key="side", on_change="rerun", bind="query-params")
    contents = (_curves_tab, _table_tab, _settings_tab, _system_tab)
    for tab, content in zip(tabs, contents, strict=True):
        if tab.open:
            with tab:
                content(lines, keys, live)


Lines = Sequence[tuple[str, str, Sequence[Run]]]  # name, colour, the runs of the line
Keys = Sequence[str]


def _title(runs: Sequence[Run]) -> None:
    st.button("All runs", icon=":material/arrow_back:", type="tertiary", on_click=_leave, key="back")
    groups = {run.group for run in runs}
    sweep = groups.pop() if len(groups) == 1 else ""
    st.title(words.plain(sweep) or "Compare runs")
    if len(runs) == 1:
        st.caption("One run alone: choose several in the list to compare them.")
        return
    busy = sum(map(words.busy, runs))
    waiting = f", {busy} of them still to finish" if busy else ""
    st.caption(f"{'A sweep: ' if sweep else ''}{len(runs)} runs{waiting}.")


def _leave() -> None:
    """Close the comparison."""
    st.query_params.pop("compare", None)


def _choices(runs: Sequence[Run]) -> tuple[list[str], bool]:
    """The curves that somebody wants to see, and whether runs that differ only in their seed are one line."""
    known = sorted(_logged_by(runs[:MOST_LINES]) - set(system.KEYS) - set(curves.BASELINES), key=label)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        wanted = st.multiselect(
            "Curves",
            known,
            default=[key for key in FIRST if key in known],
            format_func=label,
            key="curves",
            bind="query-params",
            placeholder="Choose curves",
            width=560,
        )
        alike = any(len(row.runs) > 1 for row in sides.grouped(runs, {}))
        together = alike and st.toggle(
            "Seeds as one line",
            value=True,
            key="together",
            bind="query-params",
            help="Runs that differ only in their seed are drawn as their mean, in a band of one standard deviation.",
        )
    return wanted, together


def _logged_by(runs: Sequence[Run]) -> set[str]:
    store = state.store()
    return {key for run in runs for key in _logged(store, run.run_id, run.attempt)}


@st.cache_data(ttl=20, max_entries=512, show_spinner=False)
def _logged(_store: RunStore, run_id: str, attempt: int) -> list[str]:
    """The names of a run's curves; a long run has many rows to look through."""
    return _store.metric_keys(run_id)


def _lines(runs: Sequence[Run], together: bool) -> Lines:
    if together:
        named = [(row.label, row.runs) for row in sides.grouped(runs, {})]
    else:
        named = [(short_name(run), (run,)) for run in runs]
    return [
        (f"{name} (n = {len(found)})" if len(found) > 1 else name, charts.PALETTE[place % MOST_LINES], found)
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
    what = "settings" if together else "runs"
    return f"The first {shown} of {there} {what} are shown: more are too much for one chart. Choose fewer in the list."


# Tabs


def _curves_tab(lines: Lines, keys: Keys, live: bool) -> None:
    if not keys:
        st.caption("Choose a curve above." if any(run.step for _, _, runs in lines for run in runs) else _NOTHING)
        return
    _charts(lines, keys, live)


def _system_tab(lines: Lines, _: Keys, live: bool) -> None:
    logged = _logged_by([run for _, _, runs in lines for run in runs])
    keys = [key for key in system.KEYS if key in logged]
    if keys:
        _charts(lines, keys, live)
    else:
        st.caption(_NOTHING)


_NOTHING = "These runs have logged nothing yet; their curves begin with the first logged step."


def _charts(lines: Lines, keys: Keys, live: bool) -> None:
    view = curves.view_choice()
    drawn = {key: _drawn(lines, key) for key in keys}
    live_chart.legend(drawn[keys[0]])
    with st.grid(min(2, len(keys)), min_column_width=420, gap="medium"):
        for key in keys:
            with st.container(border=True):
                st.markdown(f"**{label(key)}**")
                figure = charts.overlay(drawn[key], view=view, revision=f"compare-{key}", height=_HEIGHT)
                live_chart.live_chart(figure, key=f"compare-{key}", alt=_alt(lines, key))
    _keep_fed([run for _, _, runs in lines for run in runs], keys, live)


def _drawn(lines: Lines, key: str) -> list[charts.Line]:
    return [
        charts.Line(name, colour, tuple(curves.curve_id(run, key) for run in runs), runs[0].run_id)
        for name, colour, runs in lines
    ]


def _alt(lines: Lines, key: str) -> str:
    return f"{label(key)} of {', '.join(name for name, _, _ in lines)}"


def _keep_fed(runs: Sequence[Run], keys: Keys, live: bool) -> None:
    """Bring new points to the charts; the page is drawn anew when a run begins, ends or is resumed."""

    @crowd.live(live)
    def feed() -> None:
        if any(map(_changed, runs)):
            st.rerun()
        curves.feed(runs, state.store(), keys)

    feed()


def _changed(run: Run) -> bool:
    if not words.busy(run):
        return False
    try:
        now = state.store().get(run.run_id)
    except LabError:
        return True
    return (now.state, now.attempt) != (run.state, run.attempt)


def _table_tab(lines: Lines, keys: Keys, live: bool) -> None:
    @crowd.live(live)
    def table() -> None:
        compare_tables.ends([(colour, run) for _, colour, runs in lines for run in runs], keys)
        if any(len(runs) > 1 for _, _, runs in lines):
            compare_tables.means([run for _, _, runs in lines for run in runs], keys)

    table()


def _settings_tab(lines: Lines, _: Keys, live: bool) -> None:
    compare_tables.settings([run for _, _, runs in lines for run in runs])
