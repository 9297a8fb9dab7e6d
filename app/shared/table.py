"""A table whose cells can be saved as CSV. Streamlit's own button for that is off: it writes cells that a spreadsheet
takes for formulas, and names of runs, tags and classes may come from anywhere."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.shared import downloads
from app.shared.language import _
from byol_core.runs.export_zip import as_text

Columns = Mapping[str, Sequence[object]]


def draw(columns: Columns, name: str, shown: Any = None, **options: Any) -> None:
    """The table, as ``st.dataframe`` shows it, and the button that saves it as ``NAME.csv``.

    ``shown``: what is shown in place of the columns, such as a table with colors.
    """
    st.dataframe(columns if shown is None else shown, hide_index=True, **options)
    save(columns, name)


def save(columns: Columns, name: str, label: str = "CSV") -> None:
    """Draw only the download button of a table."""
    file = f"{name}.csv"

    def made() -> bytes:
        content = as_csv(columns)
        downloads.keep(content, "text/csv", file)
        return content

    st.download_button(
        label,
        made,
        file,
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"csv_{name}",
        help=_("Save this table, for a spreadsheet."),
    )


def as_csv(columns: Columns) -> bytes:
    """A line a row, with a mark at the beginning by which Excel knows UTF-8; no cell is taken for a formula."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(map(_cell, columns))
    writer.writerows(map(_cell, row) for row in zip(*columns.values(), strict=True))
    return file.getvalue().encode("utf-8-sig", "replace")


def _cell(value: object) -> object:
    if isinstance(value, str) and not _is_number(value):
        return as_text(value)
    return "" if isinstance(value, float) and math.isnan(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
