"""The queue on the Runs page: the order, why each run waits, and what changes it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from byol_core.config import presets
from byol_core.runs import queue as queueing
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text
from tests.rows import put


@pytest.fixture
def waiting(store: RunStore) -> list[Run]:
    """Three runs that wait, a before b before c."""
    return [store.create(presets.get("classroom").config(), name=name) for name in "abc"]


def queue(store: RunStore) -> str:
    return "".join(run.name for run in store.queue())


def choose(page: AppTest, run: Run, choice: str) -> AppTest:
    return (
        page.get("menu_button")[[menu.key for menu in page.get("menu_button")].index(f"more_{run.run_id}")]
        .click(choice)
        .run()
    )


def test_without_waiting_runs_there_is_no_queue(open_page: Open, make: Make) -> None:
    make("finished")
    assert not [block for block in open_page("runs").expander if block.label.startswith("Queue")]


def test_the_queue_says_the_order_and_why_each_run_waits(open_page: Open, store: RunStore, waiting: list[Run]) -> None:
    put(store, waiting[1].run_id, message="Waits for a free GPU.")
    page = open_page("runs")
    assert "Queue: 3 runs wait" in [block.label for block in page.expander]
    labels = [button.label for button in page.button if button.key.startswith("open_")]
    assert labels == [r"1\. a", r"2\. b", r"3\. c"]
    assert "Next in the queue" in text(page)
    assert "Waits for a free GPU." in text(page)


@pytest.mark.parametrize(("at", "where", "order"), [(2, "up", "acb"), (0, "down", "bac")])
def test_an_arrow_moves_a_run_by_one(
    open_page: Open, store: RunStore, waiting: list[Run], at: int, where: str, order: str
) -> None:
    open_page("runs").button(key=f"{where}_{waiting[at].run_id}").click().run()
    assert queue(store) == order


def test_the_ends_of_a_priority_cannot_be_passed(open_page: Open, store: RunStore, waiting: list[Run]) -> None:
    queueing.set_priority(store, waiting[2].run_id, 1)
    page = open_page("runs")
    ends = [(where, run.name) for run in waiting for where in ("up", "down")]
    disabled = [
        (where, name)
        for (where, name), run in zip(ends, [run for run in waiting for _ in "ud"], strict=True)
        if page.button(key=f"{where}_{run.run_id}").disabled
    ]
    assert disabled == [("up", "a"), ("down", "b"), ("up", "c"), ("down", "c")]


@pytest.mark.parametrize(
    ("choice", "order"),
    [
        ("first", "bac"),
        ("last", "acb"),
        ("raise", "bac"),
        ("lower", "acb"),
        ("cancel", "ac"),
    ],
)
def test_the_menu_changes_the_order(
    open_page: Open, store: RunStore, waiting: list[Run], choice: str, order: str
) -> None:
    choose(open_page("runs"), waiting[1], choice)
    assert queue(store) == order


def test_a_priority_is_shown(open_page: Open, store: RunStore, waiting: list[Run]) -> None:
    queueing.set_priority(store, waiting[2].run_id, 3)
    assert "priority +3" in text(open_page("runs"))


def test_a_run_that_has_started_meanwhile_is_said_to_have(open_page: Open, store: RunStore, waiting: list[Run]) -> None:
    page = open_page("runs")
    store.claim(waiting[1].run_id)
    page.button(key=f"up_{waiting[1].run_id}").click().run()
    assert "only a waiting run can be moved" in page.warning[0].value


def test_a_long_queue_comes_in_pages(open_page: Open, store: RunStore, waiting: list[Run]) -> None:
    for name in "def":
        store.create(presets.get("classroom").config(), name=name)
    page = open_page("runs")
    assert len([button for button in page.button if button.key.startswith("up_")]) == 5
    page.pagination(key="queue_page").set_value(2).run()
    assert [button.label for button in page.button if button.key.startswith("open_")] == [r"6\. f"]


def test_a_click_on_a_name_opens_the_run(open_page: Open, waiting: list[Run]) -> None:
    page = open_page("runs")
    page.button(key=f"open_{waiting[1].run_id}").click().run()
    assert page.title[0].value == "b"


def test_who_may_only_look_cannot_change_the_order(
    open_page: Open, store: RunStore, waiting: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("runs")
    monkeypatch.setenv("BYOL_LAB_PASSPHRASE_HASH", "nobody knows it")
    page.button(key=f"up_{waiting[2].run_id}").click().run()
    assert "Only a teacher may change the queue" in page.warning[0].value
    assert queue(store) == "abc"
