"""Tables as CSV: no cell of them is a formula."""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path

import pytest

from app.runs import run_table
from app.runs.lines import fold
from app.shared import table
from byol_core.runs import library
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_takes_for_a_formula_is_text(cell: str) -> None:
    assert read(table.as_csv({cell: [cell]})) == [[f"'{cell}"], [f"'{cell}"]]


def test_numbers_stay_numbers_and_names_stay_names() -> None:
    columns = {"Name": ["größe, 50 %", 'a "b"'], "Value": [-0.5, float("nan")], "Text": ["-0.5", "1e-3"]}
    rows = [["Name", "Value", "Text"], ["größe, 50 %", "-0.5", "-0.5"], ['a "b"', "", "1e-3"]]
    assert read(table.as_csv(columns)) == rows


def test_the_list_of_runs_is_saved_without_formulas(make: Make, store: RunStore) -> None:
    run = store.rename(make("finished").run_id, "=HYPERLINK(1)")
    library.annotate(store, run.run_id, tags=["@tag"], notes="+note")
    names, cells = read(table.as_csv(run_table.as_columns(fold(store.runs()))))
    row = dict(zip(names, cells, strict=True))
    assert (row["Run"], row["Tags"], row["Notes"]) == ("'=HYPERLINK(1)", "'@tag", "'+note")
    assert row["Id"] == run.run_id


def test_the_list_offers_its_csv(open_page: Open, make: Make) -> None:
    make("finished")
    assert [button.proto.label for button in open_page("runs").get("download_button")] == ["Save this list"]


def test_no_table_has_streamlits_own_csv() -> None:
    settings = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text())
    assert settings["client"]["disableDataExport"] is True
