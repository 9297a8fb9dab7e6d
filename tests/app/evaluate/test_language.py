"""The Evaluate page in another language: all that it says was asked of a catalog, but for names and code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Protocol
from byol_core.runs.run import Run
from tests.app.conftest import figures, text
from tests.app.evaluate.test_page import FAIR, Show, answer, images, matrices, nobody_works, row, run, show  # noqa: F401
from tests.pseudo import CODE, pseudo

NAMES = {"finished", "run", "colors", "npz", "cat", "dog", "cow", "cpu", "byol", "lab", "HTML", "JSON", "CSV", "ROC"}
_ICONS_AND_COLORS = re.compile(r":material/\w+:|:[a-z]+(?=\[)")


def words(page: AppTest) -> set[str]:
    """Every word that is read: texts, labels, options, heads of tables, and what the figures and matrices show."""
    chosen = (*page.button, *page.metric, *page.selectbox, *page.multiselect, *page.number_input, *page.button_group)
    said = [text(page), *(widget.label for widget in chosen), *(widget.help or "" for widget in chosen)]
    said += [str(option) for widget in (*page.selectbox, *page.button_group) for option in widget.options]
    said += [tab.label for tab in page.tabs] + [str(list(table.value.columns)) for table in page.dataframe]
    for figure in figures(page):
        layout = figure["layout"]
        said += [axis["title"]["text"] for axis in (layout["xaxis"], layout["yaxis"]) if "title" in axis]
        said += [str(trace.get("name", "")) for trace in figure["data"]] + layout["yaxis"].get("ticktext", [])
    said += [json.dumps([table["corner"], table["joint"], table["columns"]]) for table in matrices(page)]
    return set(re.findall(r"[A-Za-z]{3,}", _ICONS_AND_COLORS.sub("", " ".join(said))))


@pytest.mark.parametrize("part", ["result", "report", "labels", "transfer"])
def test_every_text_of_a_tab_is_translated(
    show: Show,  # noqa: F811
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    answer(run, Protocol(), *FAIR)
    answer(run, Protocol(labels="10", splits=2), *FAIR)
    assert words(show(lang=pseudo(monkeypatch), part=part)) <= NAMES


def test_every_text_before_there_is_a_result_is_translated(
    show: Show,  # noqa: F811
    run: Run,  # noqa: F811
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs.ask(home, run.folder, Protocol(method="knn"))
    jobs.ask(home, run.folder, Protocol(method="knn", labels="5"))
    for address in ({"by": "knn"}, {"by": "finetune", "part": "labels"}):
        assert words(show(lang=pseudo(monkeypatch), **address)) <= NAMES


def test_the_choices_of_the_form_hold_when_the_language_changes(show: Show, run: Run) -> None:  # noqa: F811
    page = show(by="knn", labels="10")
    page.session_state["language"] = CODE
    page.run()
    assert (page.selectbox(key="labels").value, page.session_state["by"]) == ("10", "knn") and not page.error
