"""One run opened on the Runs page, in each of its states."""

from __future__ import annotations

import pytest

from byol_core.runs.store import RunStore
from tests.app.conftest import SUMMARY, Make, Open, text
from tests.rows import put_summary


@pytest.mark.parametrize(
    ("state", "said", "buttons", "missing"),
    [
        ("queued", "Next in the queue", {"stop", "clone", "rename", "delete"}, {"resume"}),
        ("starting", "Starting", {"stop"}, {"resume"}),
        ("running", "about 42 s left", {"stop"}, {"resume"}),
        ("finished", "Finished just now", {"clone"}, {"stop", "resume", "map"}),
        ("stopped", "Stopped on request", {"resume"}, {"stop"}),
        ("failed", "The disk is full.", {"resume"}, {"stop"}),
        ("interrupted", "The disk is full.", {"resume"}, {"stop"}),
    ],
)
def test_a_run_says_where_it_stands_and_what_can_be_done(
    open_page: Open, make: Make, state: str, said: str, buttons: set[str], missing: set[str]
) -> None:
    run = make(state, message="The disk is full." if state in ("failed", "interrupted") else "")
    page = open_page("runs", run=run.run_id)
    keys = {button.key for button in page.button}
    assert page.title[0].value == run.name
    assert said in text(page)
    assert buttons <= keys and not missing & keys
    assert page.button(key="delete").disabled is (state in ("starting", "running"))


def test_a_finished_run_shows_the_test_numbers_beside_both_baselines(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished").run_id)
    assert {metric.label: (metric.value, metric.delta) for metric in page.metric} == {
        "kNN (test)": ("0.781", "[0.754, 0.806] of 1\u202f000"),
        "Untrained (test)": ("0.652", "[0.622, 0.681] of 1\u202f000"),
        "Raw pixels (test)": ("0.376", "[0.347, 0.406] of 1\u202f000"),
        "Spread": ("0.91", ""),
    }
    assert "k = 20, T = 0.1" in text(page) and "the same 1\u202f000 test images" in text(page)
    assert "Training brought +0.129 [+0.103, +0.155]." in text(page)


def test_one_of_eighteen_test_images_is_not_sold_as_a_gain(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    few = {"knn_accuracy": 12 / 18, "knn_untrained": 11 / 18, "knn_images": 18, "test_images": 18}
    put_summary(store, run.run_id, SUMMARY | few)
    page = open_page("runs", run=run.run_id)
    tiles = {metric.label: (metric.value, metric.delta) for metric in page.metric}
    assert tiles["kNN (test)"] == ("0.667", "18: too few to tell")
    assert "18 test images are too few to tell what training brought." in text(page)
    assert "+0.056" not in text(page)


def test_a_run_of_an_earlier_release_says_that_its_images_were_not_compared_one_by_one(
    open_page: Open, make: Make, store: RunStore
) -> None:
    run = make("finished")
    new = ("gained", "lost", "knn_images", "validation_images")
    put_summary(store, run.run_id, {key: value for key, value in SUMMARY.items() if not key.endswith(new)})
    page = open_page("runs", run=run.run_id)
    assert "Training brought +0.129 [+0.090, +0.168]. Which images each named rightly was not kept" in text(page)


def test_a_run_without_labels_says_that_knn_needs_them(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished", labels=False).run_id)
    assert "These images have no labels, and kNN accuracy needs them." in text(page)
    assert "kNN (test)" not in {metric.label for metric in page.metric}


def test_a_running_run_shows_validation_numbers(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("running", epochs=2).run_id)
    values = {metric.label: metric.value for metric in page.metric}
    assert (values["kNN (validation)"], values["Epoch"]) == ("0.800", "1.0 of 2")


def test_a_failed_run_shows_the_end_of_its_log(open_page: Open, make: Make) -> None:
    run = make("failed", message="It broke.")
    (run.folder / "log.txt").write_text("loading images\nOSError: no space left\n")
    assert "OSError: no space left" in text(open_page("runs", run=run.run_id))


def test_the_log_has_its_own_address(open_page: Open, make: Make) -> None:
    run = make("finished")
    (run.folder / "log.txt").write_text("epoch 1 of 2\n")
    assert "epoch 1 of 2" in text(open_page("runs", run=run.run_id, show="log"))


def test_the_settings_start_with_what_differs(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished", seed=7).run_id, show="settings")
    assert "byol train --preset classroom --set seed=7" in text(page)
    table = page.dataframe[0].value.set_index("Key")
    assert (table.loc["seed", "Value"], table.loc["seed", "Default"]) == ("7", "0")


def test_stop_asks_the_run_to_stop(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    page = open_page("runs", run=run.run_id)
    page.button(key="stop").click().run()
    assert store.get(run.run_id).stop_requested
    assert "Stopping" in text(page)


def test_resume_puts_the_run_back_into_the_queue(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("interrupted")
    open_page("runs", run=run.run_id).button(key="resume").click().run()
    assert store.get(run.run_id).state == "queued"


def test_use_in_a_new_run_opens_train_with_the_settings(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("finished", seed=7).run_id)
    page.button(key="clone").click().run()
    assert not page.exception
    assert page.title[0].value == "Train"
    assert page.number_input(key="setting:seed").value == 7


def test_rename_asks_in_a_dialog(open_page: Open, make: Make) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.button(key="rename").click().run()
    assert page.text_input(key="new_name").value == run.name


def test_a_run_that_kept_representations_leads_to_its_map(open_page: Open, make: Make) -> None:
    run = make("finished")
    (run.folder / "embeddings").mkdir()
    (run.folder / "embeddings" / "probe.json").write_text("{}")
    assert open_page("runs", run=run.run_id).button(key="map").label == "Open the map"


def test_a_resumed_run_shows_no_numbers_of_its_earlier_end(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("stopped")
    put_summary(store, run.run_id, {"knn_accuracy": 0.9, "seconds": 5.0})
    store.resume(run.run_id)
    page = open_page("runs", run=run.run_id)
    assert "kNN (test)" not in {metric.label for metric in page.metric}
    assert open_page("runs").dataframe[0].value["knn"].isna().all()


def test_a_stopped_run_is_not_said_to_have_no_labels(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("stopped")
    put_summary(store, run.run_id, {"stopped": True, "loss": 0.5, "knn_accuracy": None, "seconds": 5.0})
    page = open_page("runs", run=run.run_id)
    assert "no labels" not in text(page)
    assert {metric.label: metric.value for metric in page.metric}["kNN (validation)"] == "0.800"
