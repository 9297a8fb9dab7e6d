"""The trash on the Runs page: what lies in it, and how it comes back or goes for good."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from byol_core.runs import library
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, text


def opened(open_page: Open) -> AppTest:
    page = open_page("runs")
    page.session_state["trash_open"] = True
    return page.run()


def test_an_empty_trash_is_not_shown(open_page: Open, make: Make) -> None:
    make("finished")
    assert not [block for block in open_page("runs").expander if block.label.startswith("Trash")]


def test_the_trash_says_what_each_run_takes_on_the_disk(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    (run.folder / "encoder.safetensors").write_bytes(bytes(3_200_000))
    library.throw(store, [run.run_id])
    page = opened(open_page)
    assert "Finished, deleted just now, 3.2 MB" in text(page)
    assert "removed for good" in text(page)


def test_the_last_run_in_the_trash_can_still_be_reached(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    library.throw(store, [run.run_id])
    page = opened(open_page)
    assert "No run yet" in text(page)
    page.button(key=f"restore_{run.run_id}").click().run()
    assert list(page.dataframe[0].value["name"]) == [run.name]


def test_a_run_is_removed_for_good(open_page: Open, make: Make, store: RunStore) -> None:
    run, other = make("finished"), make("stopped")
    library.throw(store, [run.run_id, other.run_id])
    opened(open_page).button(key=f"purge_{run.run_id}").click().run()
    assert [one.name for one in library.trash(store)] == [other.name]
    assert not run.folder.exists()


def test_the_trash_is_emptied(open_page: Open, make: Make, store: RunStore) -> None:
    library.throw(store, [make("finished").run_id, make("stopped").run_id])
    opened(open_page).button(key="empty_trash").click().run()
    assert library.trash(store) == []


def test_an_undo_that_comes_too_late_says_so(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.session_state["runs_thrown"] = {run.run_id: run.name}
    library.throw(store, [run.run_id])
    library.purge(store)
    page.query_params.clear()
    page.run().button(key="undo_delete").click().run()
    assert "The run was removed for good before." in page.error[0].value
    assert "in the trash" not in text(page)


def test_an_undo_of_what_somebody_restored_says_so(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.session_state["runs_thrown"] = {run.run_id: run.name}
    page.query_params.clear()
    page.run().button(key="undo_delete").click().run()
    assert page.error[0].value == "The run was not in the trash any more."
    assert [one.run_id for one in store.runs()] == [run.run_id]


def test_a_link_to_a_thrown_run_says_where_it_is(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    library.throw(store, [run.run_id])
    assert "'a finished run' is in the trash" in open_page("runs", run=run.run_id).warning[0].value


def test_the_bar_is_put_away(open_page: Open, make: Make) -> None:
    run = make("finished")
    page = open_page("runs")
    page.session_state["runs_ticked"] = [run.run_id]
    page.run().button(key="bulk_delete").click().run()
    page = page.run()
    assert "**a finished run** is in the trash." in text(page)
    page.button(key="dismiss_delete").click().run()
    assert "is in the trash" not in text(page)


@pytest.mark.parametrize("action", ["restore", "purge"])
def test_who_may_only_look_changes_nothing(
    open_page: Open, make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    run = make("finished")
    library.throw(store, [run.run_id])
    page = opened(open_page)
    monkeypatch.setenv("BYOL_LAB_PASSPHRASE_HASH", "nobody knows it")
    page.button(key=f"{action}_{run.run_id}").click().run()
    assert "Only a teacher may" in page.error[0].value
    assert [one.run_id for one in library.trash(store)] == [run.run_id]
