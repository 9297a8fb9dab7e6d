"""One sweep opened in the list: what became of it, and the mean over seeds of each of its settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from app.runs import bulk_actions, lines, run_filters
from app.shared import formatting, table
from app.shared.language import N_, _, listing, n_, tell
from byol_core.runs import accuracies, compare
from byol_core.runs.run import Run

# The number at the end that the settings are ranked by: without labels there is no accuracy.
_MEASURES = (("knn_accuracy", N_("kNN (test)"), True), ("loss", N_("Loss"), False))
_MEAN_HELP = N_(
    "Mean ± standard deviation over seeds; of a single run the 95 % interval in brackets and the number of test images."
)
# How many runs are in each state.
_COUNTS = {
    "queued": N_("{count} waiting"),
    "starting": N_("{count} starting"),
    "running": N_("{count} running"),
    "finished": N_("{count} finished"),
    "stopped": N_("{count} stopped"),
    "failed": N_("{count} failed"),
    "interrupted": N_("{count} interrupted"),
}


def draw(name: str, runs: Sequence[Run]) -> None:
    """The head, above the runs of the sweep."""
    with st.container(border=True, key="sweep_head"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch", gap=None):
                st.markdown(f":material/stacks: **{formatting.plain(name)}**")
                st.caption(_states(runs))
            if len(runs) > 1 and st.button(_("Compare all"), icon=":material/stacked_line_chart:", key="sweep_compare"):
                bulk_actions.open_comparison([run.run_id for run in runs])
            st.button(_("All runs"), icon=":material/close:", type="tertiary", key="sweep_close", on_click=_close)
        _table(runs)


def _states(runs: Sequence[Run]) -> str:
    counts = Counter(run.state for run in runs)
    states = listing([_(_COUNTS[state], count=count) for state, count in counts.items()], "comma")
    return n_("{n} run: {states}", "{n} runs: {states}", len(runs), states=states)


def _close() -> None:
    run_filters.clear()


def _table(runs: Sequence[Run]) -> None:
    """One line for the runs that differ only in their seed, the best first."""
    measured = [(tell(label), high, _values(runs, key)) for key, label, high in _MEASURES]
    label, high, values = next((found for found in measured if found[2]), measured[0])
    if not values:
        return
    rows = sorted(compare.grouped(runs, values), key=lambda row: _rank(row, high))
    if len(rows) < 2 and rows[0].n < 2:
        return  # nothing that the list below does not say
    table.draw(
        {
            _("Setting"): [tell(row.label) for row in rows],
            label: [_mean(row, accuracy=high) for row in rows],
            _("Number of runs"): [_("{n} of {count}", n=row.n, count=len(row.runs)) for row in rows],
        },
        "sweep",
        column_config={label: st.column_config.TextColumn(alignment="right", help=tell(_MEAN_HELP))},
        placeholder="–",
        width="content",
        alt=_("{measure} by setting, mean and standard deviation over seeds", measure=label),
    )


def _values(runs: Sequence[Run], key: str) -> dict[str, float]:
    return {run.run_id: value for run in runs if (value := lines.result(run, key)) is not None}


def _rank(row: compare.Row, high: bool) -> float:
    if row.mean is None:
        return float("inf")
    return -row.mean if high else row.mean


def _mean(row: compare.Row, *, accuracy: bool) -> str | None:
    if row.mean is None:
        return None
    if row.sd is None and accuracy:
        found = [figure for run in row.runs if (figure := accuracies.at_end(run).get(accuracies.ACCURACY))]
        return formatting.cell(found[0]) if found else formatting.number(row.mean)
    return formatting.number(row.mean) + (f" ± {formatting.number(row.sd)}" if row.sd is not None else "")
