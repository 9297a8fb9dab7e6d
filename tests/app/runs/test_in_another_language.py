"""The pages of runs in another language: what is chosen stays."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import language as app_language
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text
from tests.pseudo import pseudo


def switched(page: AppTest) -> AppTest:
    page.session_state["language"] = "qps"
    page.run()
    assert not page.exception
    return page


def test_what_is_chosen_survives_a_switch(open_page: Open, make: Make, qps: str) -> None:
    page = open_page("runs", run=make("finished").run_id, show="health", axis="step", vectors="projection", scale="x")
    page = switched(page)
    assert page.segmented_control(key="axis").value == "step"
    assert page.segmented_control(key="vectors").value == "projection"
    assert page.query_params["show"] == "health" and page.query_params["scale"] == "x"
    assert pseudo("What the loss sees")[:20] in text(page)


def test_a_menu_works_in_any_language(
    open_page: Open, make: Make, store: RunStore, qps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_language, "current", lambda: qps)  # the test asks for labels outside of the session
    runs = [make("queued"), make("queued")]
    page = open_page("runs")
    page.menu_button(key=f"more_{runs[1].run_id}").click("first").run()
    assert [run.run_id for run in store.queue()] == [runs[1].run_id, runs[0].run_id]
    assert pseudo("Queue: {n} runs wait").format(n=2) in [block.label for block in page.expander]


def test_filters_are_the_same_in_any_language(open_page: Open, make: Make, qps: str) -> None:
    make("failed", message="It broke."), make("stopped")
    page = switched(open_page("runs", state="failed", order="oldest"))
    assert list(page.dataframe[-1].value["name"]) == ["a failed run"]
    assert page.selectbox(key="order").value == "oldest"
