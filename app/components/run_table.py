"""All runs in a table that stays fresh while something happens; a click on a row opens the run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from app.components import words
from byol_core.runs.model import Run

_LOOKS = (*words.LOOKS.values(), words.ALARM)


def draw(runs: Sequence[Run], sparklines: dict[str, list[float]]) -> str | None:
    """The table; says which run was clicked."""
    columns = _columns(any(run.alarm for run in runs))
    event = st.dataframe(
        {name: [_cells(run, sparklines)[name] for run in runs] for name in columns},
        column_config=columns,
        hide_index=True,
        row_height=40,
        height="content",
        placeholder="–",
        on_select="rerun",
        selection_mode="single-cell",
        key="run_table",
        alt="All runs, newest first",
    )
    rows = [cell[0] for cell in event.selection.cells]
    return runs[rows[0]].run_id if rows and rows[0] < len(runs) else None


def _cells(run: Run, sparklines: dict[str, list[float]]) -> dict[str, Any]:
    seconds = words.elapsed(run)
    return {
        "name": run.name,
        "state": [words.LOOKS[run.state].label, *([words.ALARM.label] if run.alarm else [])],
        "data": words.data_name(run),
        "progress": 100 * words.share_done(run),
        "loss": sparklines.get(run.run_id) or None,
        "knn": words.results(run).get("knn_accuracy"),
        "created": datetime.fromtimestamp(run.created, UTC),
        "duration": None if seconds is None else timedelta(seconds=round(seconds)),
    }


def _columns(alarms: bool) -> dict[str, Any]:
    column = st.column_config
    return {
        "name": column.TextColumn("Run", width="medium"),
        "state": column.MultiselectColumn(
            "State",
            options=[look.label for look in _LOOKS],
            color=[look.colour for look in _LOOKS],
            width=160 if alarms else 110,
        ),
        "data": column.TextColumn("Images"),
        "progress": column.ProgressColumn("Progress", min_value=0, max_value=100, format="%.0f %%"),
        "loss": column.LineChartColumn("Loss"),
        "knn": column.NumberColumn("kNN (test)", format="%.3f", help="Accuracy on the test images, at the end."),
        "created": column.DatetimeColumn("Created", format="distance"),
        "duration": column.NumberColumn("Duration", format="compact"),
    }
