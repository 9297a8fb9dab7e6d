"""The tables of a comparison: best and last of each curve, means over seeds, and the settings that differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.runs import curves, lines, system
from app.shared import charts, formatting, forms, state, table
from app.shared.language import N_, _, tell
from app.shared.run_names import unique_names
from byol_core.cli.comparison_tables import differences_to_best, gap
from byol_core.config import field_info
from byol_core.errors import InputError
from byol_core.evaluation.intervals import Difference
from byol_core.health.signs import SIGNS, SPACES
from byol_core.runs import accuracies
from byol_core.runs import compare as sides
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

Look = tuple[str, str]  # color and dash of a line
# Numbers at the end of a run, of which there is no curve.
RESULTS = {"knn_accuracy": N_("kNN (test)"), "std_ratio": N_("Spread (test)"), "images_per_second": N_("Images/s")}


def label(key: str) -> str:
    """What a curve is called."""
    if key == "knn_accuracy":
        return _("kNN (validation)")
    if key in curves.LOOKS:
        return tell(curves.LOOKS[key].title)
    if key in system.GAUGES:
        return system.GAUGES[key].with_unit()
    for space, prefix in SPACES.items():
        name = key.removeprefix(prefix) if prefix and key.startswith(prefix) else key
        if name in SIGNS and SIGNS[name].key_of(space) == key:
            sign = tell(SIGNS[name].label)
            return _("{sign}, projection", sign=sign) if prefix else sign
    return key.replace("_", " ").capitalize()


def ends(runs: Sequence[tuple[Look, Run]], keys: Sequence[str]) -> None:
    """A row a run, with the look of its line: the best and the last value of each curve, and what came out."""
    import pandas as pd

    alone = [run for _look, run in runs]
    found = _best_and_last(alone, keys)
    names, gaps = unique_names(alone), differences_to_best(alone)
    rows: list[dict[str, Any]] = [
        {_("Line"): charts.DASHES[dash], _("Run"): name, _("State"): tell(formatting.LOOKS[run.state].label)}
        | _numbers(run, found[run.run_id], keys, gaps)
        for name, ((_color, dash), run) in zip(names, runs, strict=True)
    ]
    dark = st.context.theme.type == "dark"
    colors = [f"color: {charts.DARK[color] if dark else color}" for (color, _dash), _run in runs]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    shown = pd.DataFrame(columns).style.apply(lambda _cells: colors, subset=[_("Line")])
    shown = shown.format({name: _said for name, value in rows[0].items() if isinstance(value, float)})
    del columns[_("Line")]
    look = {"height": "content", "placeholder": "–", "alt": _("Best and last value of each run")}
    table.draw(columns, "ends", shown, **look)
    st.caption(_("Best is the lowest loss and the highest accuracy at any step; last is where the curve ends."))
    if any(accuracies.ACCURACY in run.summary for run in alone):
        st.caption(tell(_HOW_SURE))


_HOW_SURE = N_(
    "An accuracy is followed by its 95 % interval in brackets (chance in the choice of these images) and the number of "
    "images. *Against the best* compares image by image where both runs kept which test images they got right. "
    "Another seed may move either, and the best of several runs looks too good."
)


def _best_and_last(runs: Sequence[Run], keys: Sequence[str]) -> dict[str, Mapping[str, tuple[float, float]]]:
    store = state.store()
    return {run.run_id: _ends(run.run_id, run.attempt, run.state, run.step, tuple(keys), store) for run in runs}


# A look at all points of the curves, once for all viewers, and again only when the run has gone on.
@st.cache_data(max_entries=1024, show_spinner=False)
def _ends(
    run_id: str, attempt: int, state: str, step: int, keys: tuple[str, ...], _store: RunStore
) -> Mapping[str, tuple[float, float]]:
    return sides.best_and_last(_store, [run_id], keys)[run_id]


def _numbers(
    run: Run, values: Mapping[str, tuple[float, float]], keys: Sequence[str], gaps: Mapping[str, Difference]
) -> dict[str, float | str]:
    row: dict[str, float | str] = {}
    for key in keys:
        best, last = values.get(key, (math.nan, math.nan))
        row[_("{curve}, best", curve=label(key))] = _logged(run, key, best)
        row[_("{curve}, last", curve=label(key))] = _logged(run, key, last)
    for key, title in RESULTS.items():
        name, value = tell(title), lines.result(run, key)
        row[name] = math.nan if value is None else value
        if key == accuracies.ACCURACY:
            row[name] = _ended(run, value)
            row |= {_("kNN against the best (test)"): tell(gap(gaps.get(run.run_id)))} if gaps else {}
    seconds = formatting.elapsed(run)
    return row | {_("Minutes"): math.nan if seconds is None else seconds / 60}


def _logged(run: Run, key: str, value: float) -> float | str:
    """A value of a curve; of an accuracy with what it rests on."""
    if key not in accuracies.KEYS:
        return value
    found = accuracies.while_learning(run, value)
    return formatting.cell(found) if found else _said(value)


def _ended(run: Run, value: float | None) -> str:
    found = accuracies.at_end(run).get(accuracies.ACCURACY)
    return "" if value is None else formatting.cell(found) if found else _said(value)


def _said(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) and not math.isnan(value) else ""


def means(runs: Sequence[Run], keys: Sequence[str]) -> None:
    """A row for the runs that differ only in their seed: mean and standard deviation of what came out."""
    found = _best_and_last(runs, keys)
    values: dict[str, dict[str, float]] = {
        _("{curve}, last", curve=label(key)): {run_id: ends[key][1] for run_id, ends in found.items() if key in ends}
        for key in keys
    }
    for key, title in RESULTS.items():
        values[tell(title)] = {run.run_id: value for run in runs if (value := lines.result(run, key)) is not None}
    columns: dict[str, list[Any]] = {}
    for name, of_run in values.items():
        rows = sides.grouped(runs, of_run)
        columns.setdefault(_("Settings"), [tell(row.label) for row in rows])
        columns.setdefault(_("Number of runs"), [len(row.runs) for row in rows])
        columns[name] = [_mean(row) for row in rows]
    st.markdown(
        _("**Means over seeds**"),
        help=_("Mean ± standard deviation over the seeds, of the runs that have the value."),
    )
    table.draw(columns, "means", height="content", placeholder="–", alt=_("Means over seeds"))


def _mean(row: sides.Row) -> str:
    if row.mean is None:
        return ""
    return f"{row.mean:.4g}" if row.sd is None else f"{row.mean:.4g} ± {row.sd:.2g}"


def settings(runs: Sequence[Run]) -> None:
    """The settings that are not the same in all runs: the longer of the two lists goes down the page."""
    found = sides.differences(runs)
    if not found:
        same, alone = _("These runs have the same settings."), _("A single run has nothing to differ from.")
        st.caption(same if len(runs) > 1 else alone)
        return
    names = unique_names(runs)
    columns: dict[str, list[str]]
    if len(found) < len(runs):
        columns = {_("Run"): names} | {
            _title(key): [_value(value) for value in values] for key, values in found.items()
        }
    else:
        columns = {_("Setting"): [_title(key) for key in found]}
        columns |= {name: [_value(values[at]) for values in found.values()] for at, name in enumerate(names)}
    table.draw(columns, "differences", height="content", alt=_("Settings that differ between the runs"))
    st.caption(_("Only what differs; a dash where a run has no such setting, or leaves it empty."))


def _value(value: Any) -> str:
    return "–" if value is None else forms.scalar(value)


def _title(key: str) -> str:
    """The name of a setting with its key, because two sections may use the same name."""
    try:
        return f"{tell(field_info(key).title or key)} ({key})"
    except InputError:  # of another release
        return key
