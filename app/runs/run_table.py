"""One page of the runs as a table: rows are selected to do something with them, a click on a name opens the run.

What is selected is kept by run and not by row, so that a run that comes, goes or moves never changes what is selected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from app.runs import lines as run_lines
from app.runs.lines import Line
from app.shared import formatting
from app.shared.language import _, current, listing, n_, tell
from byol_core.language import ENGLISH
from byol_core.runs import accuracies

TABLE, CLICK = "run_table", "run_name"
_SHOWN, _TOLD, _TICKED, _OPENED = "runs_shown", "rows_told", "runs_ticked", "runs_opened"
_LOOKS = (*formatting.LOOKS.values(), formatting.ALARM)


def draw(lines: Sequence[Line], sparklines: Mapping[str, list[float]]) -> None:
    """The table of these lines, with the rows of the selected runs selected."""
    columns = _columns(lines)
    cells = [_cells(line, sparklines) for line in lines]
    st.session_state[_SHOWN] = [tuple(run.run_id for run in line.runs) for line in lines]
    _tick_rows(lines)
    st.dataframe(
        {name: [cell[name] for cell in cells] for name in columns},
        column_config=columns,
        hide_index=True,
        row_height=40,
        height="content",
        placeholder="–",
        on_select=_ticks_changed,
        selection_mode="multi-row",
        key=TABLE,
        alt=_("Runs"),
    )


# What is selected


def ticked() -> list[str]:
    """The selected runs, also those on other pages."""
    return list(st.session_state.get(_TICKED, ()))


def tick(run_ids: Sequence[str]) -> None:
    """Select exactly these runs."""
    st.session_state[_TICKED] = list(run_ids)


def opened() -> tuple[str, ...]:
    """The runs of the line whose name was just clicked."""
    return tuple(st.session_state.pop(_OPENED, ()))


def _ticks_changed() -> None:
    """Follow the lines that somebody selected or deselected; a sweep of which some runs are selected stays as it is."""
    rows, told = set(st.session_state[TABLE]["selection"]["rows"]), set(st.session_state.get(_TOLD, ()))
    now = dict.fromkeys(ticked())
    for at, run_ids in enumerate(st.session_state.get(_SHOWN, ())):
        if at in rows - told:
            now |= dict.fromkeys(run_ids)
        elif at in told - rows:
            now = {run_id: None for run_id in now if run_id not in run_ids}
    tick(list(now))


def _tick_rows(lines: Sequence[Line]) -> None:
    """Tell the table where the selected runs are now; told nothing, it would keep the rows."""
    chosen = set(ticked())
    rows = [at for at, line in enumerate(lines) if chosen.issuperset(run.run_id for run in line.runs)]
    told = st.session_state[TABLE]["selection"]["rows"] if TABLE in st.session_state else []
    st.session_state[_TOLD] = rows
    if sorted(told) != rows:
        st.session_state[TABLE] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def _clicked() -> None:
    click, shown = st.session_state[CLICK], st.session_state.get(_SHOWN, ())
    if click is not None and click["row"] < len(shown):
        st.session_state[_OPENED] = shown[click["row"]]


# What is in the table


def as_columns(lines: Sequence[Line]) -> dict[str, list[object]]:
    """What the list says of each run, for a spreadsheet: a line a run, also of those in a sweep."""
    runs = [run for line in lines for run in line.runs]
    return {
        _("Run"): [run.name for run in runs],
        _("Id"): [run.run_id for run in runs],
        _("Sweep"): [run.group for run in runs],
        _("State"): [tell(formatting.LOOKS[run.state].label) for run in runs],
        _("Tags"): [", ".join(run.tags) for run in runs],
        _("Notes"): [run.notes for run in runs],
        _("Images"): [formatting.data_name(run) for run in runs],
        _("Steps"): [run.step for run in runs],
        _("kNN (test)"): [run_lines.result(run, "knn_accuracy") for run in runs],
        _("Created"): [datetime.fromtimestamp(run.created, UTC).isoformat(timespec="seconds") for run in runs],
        _("Seconds"): [formatting.elapsed(run) for run in runs],
    }


def _cells(line: Line, sparklines: Mapping[str, list[float]]) -> dict[str, Any]:
    seconds = line.seconds
    return {
        "name": _sweep(line) if line.sweep else line.name,
        "state": list(dict.fromkeys(label for run in line.runs for label in run_lines.labels(run))),
        "tags": sorted({tag for run in line.runs for tag in run.tags}) or None,
        "data": listing(sorted(set(map(formatting.data_name, line.runs))), "comma"),
        "progress": 100 * line.share_done,
        "loss": None if line.sweep else sparklines.get(line.runs[0].run_id) or None,
        "knn": _knn(line) or None,
        "created": datetime.fromtimestamp(line.created, UTC),
        "duration": None if seconds is None else timedelta(seconds=round(seconds)),
    }


def _sweep(line: Line) -> str:
    return n_(
        ":material/stacks: {name} ({n} run)", ":material/stacks: {name} ({n} runs)", len(line.runs), name=line.name
    )


def _knn(line: Line) -> str:
    """``0.808 [0.782, 0.831] · 1 000`` of a run, ``0.781 ± 0.012`` of the runs of a sweep."""
    if not line.sweep and (found := accuracies.at_end(line.runs[0]).get(accuracies.ACCURACY)):
        return formatting.cell(found) if formatting.results(line.runs[0]) else ""
    return run_lines.spread(line.values(accuracies.ACCURACY))


def _columns(lines: Sequence[Line]) -> dict[str, Any]:
    column = st.column_config
    runs = [run for line in lines for run in line.runs]
    most = max((len({label for run in line.runs for label in run_lines.labels(run)}) for line in lines), default=1)
    columns = {
        "name": column.ButtonColumn(
            _("Run"), width=220, type="tertiary", alignment="left", pinned=True, key=CLICK, on_click=_clicked
        ),
        "state": column.MultiselectColumn(
            _("State"),
            options=[tell(look.label) for look in _LOOKS],
            color=[look.color for look in _LOOKS],
            width=min(110 + 70 * (most - 1), 250),
        ),
        "tags": column.MultiselectColumn(
            _("Tags"), width=150, options=sorted({tag for run in runs for tag in run.tags})
        ),
        "data": column.TextColumn(_("Images")),
        "progress": column.ProgressColumn(_("Progress"), width=130, min_value=0, max_value=100, format="%.0f %%"),
        "loss": column.LineChartColumn(_("Loss"), width=130),
        "knn": column.TextColumn(
            _("kNN (test)"),
            alignment="right",
            width=200,
            help=_(
                "Accuracy on the test images at the end, and their number after the dot. In brackets the 95 % "
                "interval: how far chance in the choice of these images may have moved it. Of a sweep the mean ± "
                "standard deviation of its runs."
            ),
        ),
        "created": column.DatetimeColumn(_("Created"), format=_moments()),
        "duration": column.NumberColumn(
            _("Duration"), format="compact", help=_("Time of training; of a sweep all together.")
        ),
    }
    if not any(run.tags for run in runs):
        del columns["tags"]
    return columns


def _moments() -> str:
    """How a table says when something was: Streamlit knows "5 minutes ago" in English alone."""
    return "distance" if current() == ENGLISH else "YYYY-MM-DD HH:mm"
