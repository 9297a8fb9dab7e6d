"""The list of runs: the table, search and filters, sweeps, and what is done with selected runs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.runs import run_import
from app.shared import downloads
from byol_core.config import presets
from byol_core.errors import InputError
from byol_core.runs import export_zip, library, sweep
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import SUMMARY, Make, Open, text
from tests.rows import put_summary


def names(page: AppTest) -> list[str]:
    return list(page.dataframe[-1].value["name"])


def ticked(page: AppTest, *runs: Run) -> AppTest:
    page.session_state["runs_ticked"] = [run.run_id for run in runs]
    return page.run()


def swept(store: RunStore, *accuracies: float) -> list[Run]:
    points = sweep.points({"seed": range(len(accuracies))})
    runs = sweep.create(store, presets.get("classroom").config(), points, name="seeds")
    for run, accuracy in zip(runs, accuracies, strict=True):
        store.claim(run.run_id)
        store.move(run.run_id, "running")
        put_summary(store, run.run_id, SUMMARY | {"knn_accuracy": accuracy})
        store.move(run.run_id, "finished")
    return runs


def test_without_runs_the_page_says_what_a_run_is(open_page: Open, looks: dict[str, float | None]) -> None:
    page = open_page("runs")
    assert looks["listed"]  # one may come from a terminal
    assert "No run yet" in text(page)
    page.button(key="to_train").click().run()
    assert page.title[0].value == "Train"


def test_the_table_lists_every_run_newest_first(open_page: Open, make: Make) -> None:
    for state in ("finished", "running", "failed"):
        make(state)
    table = open_page("runs").dataframe[0].value
    assert list(table["name"]) == ["a failed run", "a running run", "a finished run"]
    assert [list(state) for state in table["state"]] == [["Failed"], ["Running"], ["Finished"]]
    assert list(table["progress"]) == [50, 50, 100]
    assert table["knn"].tolist()[2] == "0.781 [0.754, 0.806] · 1\u202f000"
    assert all(len(losses) > 1 for losses in table["loss"])


def test_a_resumed_run_shows_no_accuracy_of_its_earlier_end(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("stopped")
    put_summary(store, run.run_id, {"knn_accuracy": 0.9, "seconds": 5.0})
    store.resume(run.run_id)
    assert open_page("runs").dataframe[0].value["knn"].isna().all()


def test_an_unknown_run_is_said_above_the_table(open_page: Open, make: Make) -> None:
    make("finished")
    page = open_page("runs", run="nothing")
    assert "nothing" in page.warning[0].value
    assert len(page.dataframe[0].value) == 1


# Search, filters, pages


def test_a_search_in_the_address_narrows_the_list(open_page: Open, make: Make, store: RunStore) -> None:
    library.annotate(store, make("finished").run_id, notes="On a rainy day.")
    make("stopped")
    page = open_page("runs", search="rainy")
    assert names(page) == ["a finished run"]
    page.text_input(key="search").set_value("").run()
    assert names(page) == ["a stopped run", "a finished run"]


def test_filters_say_how_many_are_set(open_page: Open, make: Make) -> None:
    make("finished"), make("failed", message="It broke.")
    page = open_page("runs", state="failed")
    assert names(page) == ["a failed run"]
    assert "Filter (1)" in [block.proto.popover.label for block in page.get("popover")]


def test_when_nothing_matches_one_click_shows_everything(open_page: Open, make: Make) -> None:
    make("finished")
    page = open_page("runs", search="zebra")
    assert "No run matches." in text(page)
    page.button(key="show_all").click().run()
    assert names(page) == ["a finished run"]


def test_a_wrong_filter_in_the_address_lets_everything_through(open_page: Open, make: Make) -> None:
    make("finished")
    assert names(open_page("runs", state="Odd", order="odd", tag="none", sweep="none")) == ["a finished run"]


def test_many_runs_come_in_pages(open_page: Open, store: RunStore) -> None:
    for number in range(27):
        store.create(presets.get("classroom").config(), name=f"run {number:02}")
    page = open_page("runs", order="name")
    assert (len(names(page)), "1–25 of 27" in text(page)) == (25, True)
    page.pagination(key="page").set_value(2).run()
    assert names(page) == ["run 25", "run 26"]
    page.text_input(key="search").set_value("26").run()
    assert names(page) == ["run 26"]
    assert names(open_page("runs", order="name", page="2")) == ["run 25", "run 26"]


def test_filters_are_there_again_after_a_run_was_opened(open_page: Open, make: Make) -> None:
    run = make("finished")
    make("stopped")
    page = open_page("runs", search="finished")
    page.query_params.clear()
    page.query_params["run"] = run.run_id
    assert page.run().title[0].value == run.name
    page.button(key="back").click().run()
    assert page.text_input(key="search").value == "finished"
    assert names(page) == ["a finished run"]


# Sweeps


def test_a_sweep_is_one_line_with_mean_and_deviation(open_page: Open, make: Make, store: RunStore) -> None:
    make("finished")
    swept(store, 0.7, 0.8)
    table = open_page("runs").dataframe[0].value
    assert list(table["name"]) == [":material/stacks: seeds (2 runs)", "a finished run"]
    assert list(table["knn"]) == ["0.750 ± 0.071", "0.781 [0.754, 0.806] · 1\u202f000"]


def test_an_opened_sweep_shows_means_and_lists_its_runs(open_page: Open, store: RunStore) -> None:
    swept(store, 0.7, 0.8)
    page = open_page("runs", sweep="seeds")
    assert names(page) == ["seeds seed=1", "seeds seed=0"]
    assert "2 runs: 2 finished" in text(page)
    head = page.dataframe[0].value
    assert (head["kNN (test)"].tolist(), head["Number of runs"].tolist()) == (["0.750 ± 0.071"], ["2 of 2"])
    page.button(key="sweep_close").click().run()
    assert len(names(page)) == 1


def test_a_sweep_is_compared_as_a_whole(open_page: Open, store: RunStore) -> None:
    runs = swept(store, 0.7, 0.8)
    page = open_page("runs", sweep="seeds")
    page.button(key="sweep_compare").click().run()
    assert set(page.query_params["compare"].split(",")) == {run.run_id for run in runs}


# What is done with selected runs


def test_nothing_can_be_done_before_something_is_ticked(open_page: Open, make: Make) -> None:
    make("finished")
    page = open_page("runs")
    assert all(page.button(key=f"bulk_{verb}").disabled for verb in ("compare", "archive", "delete"))


def test_ticked_runs_are_compared(open_page: Open, make: Make) -> None:
    runs = [make("finished"), make("stopped")]
    page = ticked(open_page("runs"), *runs)
    assert "**2 selected**" in text(page)
    page.button(key="bulk_compare").click().run()
    assert page.query_params["compare"].split(",") == [run.run_id for run in reversed(runs)]


def test_all_that_was_found_is_ticked_at_once(open_page: Open, make: Make) -> None:
    runs = [make("finished"), make("stopped"), make("failed", message="It broke.")]
    page = ticked(open_page("runs", state="finished"), runs[1])
    assert "1 of them not in this list" in text(page)
    page.button(key="bulk_all").click().run()
    assert page.session_state["runs_ticked"] == [runs[0].run_id]


def test_tags_are_added_and_taken_away(open_page: Open, make: Make, store: RunStore) -> None:
    run, other = make("finished"), make("stopped")
    library.annotate(store, run.run_id, tags=["old"])
    page = ticked(open_page("runs"), run, other)
    page.multiselect(key="bulk_tags").set_value(["old"]).run()
    page.session_state["bulk_tags"] = ["new"]
    page.run().button(key="tag_add").click().run()
    assert [store.get(one.run_id).tags for one in (run, other)] == [("old", "new"), ("new",)]
    page.multiselect(key="bulk_tags").set_value(["old"]).run()
    page.button(key="tag_remove").click().run()
    assert [store.get(one.run_id).tags for one in (run, other)] == [("new",), ("new",)]


def test_archived_runs_leave_the_list_and_come_back(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = ticked(open_page("runs"), run)
    page.button(key="bulk_archive").click().run()
    assert "The run is in the archive." in text(page)
    page = ticked(page.button(key="open_archive").click().run(), run)
    assert page.button(key="bulk_archive").label == "Unarchive"
    page.button(key="bulk_archive").click().run()
    assert store.get(run.run_id).archived is None


def test_a_deletion_is_undone_from_the_bar(open_page: Open, make: Make, store: RunStore) -> None:
    run, other = make("finished"), make("stopped")
    page = ticked(open_page("runs"), run, other)
    page.button(key="bulk_delete").click().run()
    assert "2 runs are in the trash." in text(page)
    assert store.runs() == []
    page.run().button(key="undo_delete").click().run()
    assert names(page) == ["a stopped run", "a finished run"]
    assert "in the trash" not in text(page)


def test_a_run_that_started_meanwhile_is_not_deleted(open_page: Open, make: Make, store: RunStore) -> None:
    run, other = make("queued"), make("stopped")
    page = ticked(open_page("runs"), run, other)
    store.claim(run.run_id)
    page.button(key="bulk_delete").click().run()
    assert "'a queued run' is being worked on" in page.error[0].value
    assert library.trash(store) == []


def test_a_partly_ticked_sweep_keeps_its_ticks() -> None:
    def clicked() -> None:
        from app.runs import run_table

        run_table._ticks_changed()

    page = AppTest.from_function(clicked, default_timeout=30)
    page.session_state["runs_shown"] = [("a", "b"), ("c",), ("d",)]
    page.session_state["runs_ticked"], page.session_state["rows_told"] = ["a", "d"], [2]
    page.session_state["run_table"] = {"selection": {"rows": [1]}}
    assert page.run().session_state["runs_ticked"] == ["a", "c"]


# Export and import


def test_the_export_offers_a_file_and_says_when_it_is_too_large(
    open_page: Open, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("runs")
    run = make("finished")
    page.session_state["bulk_export"] = True
    page = ticked(page, run)
    assert page.get("download_button")[0].label == f"Download {run.run_id}-metrics.csv"
    monkeypatch.setattr(downloads, "MOST_BYTES", 10)
    page.button_group(key="export_format").set_value("zip").run()
    assert "'byol pack RUN --out FILE.zip'" in page.warning[0].value


def test_an_exported_run_is_imported(open_page: Open, make: Make, store: RunStore, tmp_path: Path) -> None:
    run = make("finished")
    packed = export_zip.pack(store, run.run_id, tmp_path / "run.zip").read_bytes()
    store.delete(run.run_id)
    page = open_page("runs")
    page.file_uploader(key="import_files_0").set_value([("run.zip", packed, "application/zip")]).run()
    page.button(key="import_now").click().run()
    assert names(page) == ["a finished run"]
    assert not page.file_uploader(key="import_files_1").value


def test_a_foreign_zip_is_refused_in_a_sentence_that_names_it(open_page: Open, make: Make) -> None:
    make("finished")
    page = open_page("runs")
    page.file_uploader(key="import_files_0").set_value([("holiday.zip", b"no zip", "application/zip")]).run()
    page.button(key="import_now").click().run()
    assert page.error[0].value.startswith("holiday.zip")
    assert len(names(page)) == 1


# Somebody who may only look


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab is open to others, and whoever looks at it has not signed in."""
    monkeypatch.setenv("BYOL_LAB_PASSPHRASE_HASH", "nobody knows it")


@pytest.mark.usefixtures("shared")
def test_who_may_only_look_compares_and_exports_and_no_more(open_page: Open, make: Make) -> None:
    page = ticked(open_page("runs"), make("finished"), make("queued"))
    keys = {button.key for button in page.button}
    assert "bulk_compare" in keys
    assert not keys & {"bulk_archive", "bulk_delete", "import_now", "tag_add"}
    assert not page.get("menu_button")


@pytest.mark.parametrize("verb", ["archive", "delete"])
def test_the_action_refuses_and_not_only_the_button(
    open_page: Open, make: Make, store: RunStore, request: pytest.FixtureRequest, verb: str
) -> None:
    page = ticked(open_page("runs"), make("finished"))
    before = store.runs()
    request.getfixturevalue("shared")
    page.button(key=f"bulk_{verb}").click().run()
    assert "Only a teacher may" in page.error[0].value
    assert store.runs() == before


@pytest.mark.usefixtures("shared", "store")
def test_an_import_asks_who_it_is() -> None:
    with pytest.raises(InputError, match="Only a teacher may import runs here"):
        run_import.unpack(io.BytesIO(b""))  # type: ignore[arg-type]
