"""The pages of runs in another language: what is chosen stays, and nothing is put together from halves of sentences."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import language as app_language
from byol_core import language
from byol_core.language import Catalog
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text


class Marked(Catalog):
    """A language whose texts are the English ones between marks."""

    def __init__(self) -> None:
        super().__init__({})

    def one(self, template: str) -> str:
        return f"⟦{template}⟧"

    def number(self, one: str, many: str, n: int) -> str:
        return f"⟦{many}⟧"


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "catalog", lambda code: Marked() if code == "zh_CN" else Catalog({}))


def switched(page: AppTest) -> AppTest:
    page.session_state["language"] = "zh_CN"
    page.run()
    assert not page.exception
    return page


def test_what_is_chosen_survives_a_switch(open_page: Open, make: Make, marked: None) -> None:
    page = open_page("runs", run=make("finished").run_id, show="health", axis="step", vectors="projection", scale="x")
    page = switched(page)
    assert page.segmented_control(key="axis").value == "step"
    assert page.segmented_control(key="vectors").value == "projection"
    assert page.query_params["show"] == "health" and page.query_params["scale"] == "x"
    assert "⟦What the loss sees" in text(page)


def test_a_menu_works_in_any_language(
    open_page: Open, make: Make, store: RunStore, marked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_language, "current", lambda: "zh_CN")  # the test asks for labels outside of the session
    runs = [make("queued"), make("queued")]
    page = open_page("runs")
    page.menu_button(key=f"more_{runs[1].run_id}").click("first").run()
    assert [run.run_id for run in store.queue()] == [runs[1].run_id, runs[0].run_id]
    assert "⟦Queue: 2 runs wait⟧" in [block.label for block in page.expander]


def test_filters_are_the_same_in_any_language(open_page: Open, make: Make, marked: None) -> None:
    make("failed", message="It broke."), make("stopped")
    page = switched(open_page("runs", state="failed", order="oldest"))
    assert list(page.dataframe[-1].value["name"]) == ["a failed run"]
    assert page.selectbox(key="order").value == "oldest"


def test_each_sentence_is_one_text(open_page: Open, make: Make, marked: None) -> None:
    run = make("finished")
    page = switched(open_page("runs", run=run.run_id))
    shown = [element.value for element in (*page.caption, *page.markdown)]
    assert any(one.startswith("⟦Weighted kNN") or " ⟦Weighted kNN" in one or "⟧⟦Weighted kNN" in one for one in shown)
    for one in shown:
        assert not re.search(r"⟧ [a-z]", one), one
