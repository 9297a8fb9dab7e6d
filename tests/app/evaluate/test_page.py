"""The Evaluate page in each of its states, on answers that lie in the folder of a run; no evaluator runs here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.evaluate import job
from app.shared import access, polling, state
from app.widgets.packed import unpack
from byol_core.evaluation import jobs, results
from byol_core.evaluation.protocol import Judged, Protocol, Scores, Subject
from byol_core.jobs import JobFiles, service, status
from byol_core.runs import library
from byol_core.runs.run import Run
from tests.app.conftest import Make, Open, figures, links, text
from tests.app.shared.test_access import WORD, attempt, shared  # noqa: F401 (a fixture)

CLASSES = ("cat", "dog", "*cow*")
SIZE, TRAIN, TEST = 8, 12, 9
TRUE = np.arange(TEST, dtype=np.int64) % 3
SAID = TRUE.copy()
SAID[[0, 3]] = 1  # two cats are called dogs
Show = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def nobody_works(home: Path) -> Iterator[None]:
    """The place of the batch lane is taken, so that what is asked waits."""
    with service.lane_lock(home, "batch"):
        yield


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A set of three classes whose images are all of one color, each of another."""
    shades = np.arange(TRAIN + TEST, dtype=np.uint8)[:, None, None, None] * np.ones((1, SIZE, SIZE, 3), np.uint8)
    path = tmp_path / "colors.npz"
    names, train = np.array(CLASSES), np.arange(TRAIN) % 3
    np.savez(path, x_train=shades[:TRAIN], x_test=shades[TRAIN:], y_train=train, y_test=TRUE, class_names=names)
    return path


@pytest.fixture
def run(make: Make, images: Path) -> Run:
    """A finished run on that set, with an encoder; nobody looks into it."""
    return judgeable(make("finished", **{"data.source": str(images), "data.image_size": SIZE}))


def judgeable(run: Run) -> Run:
    (run.folder / "encoder.safetensors").write_bytes(run.run_id.encode())
    return run


def row(subject: Subject, *accuracies: float) -> Scores:
    return Scores(subject=subject, accuracies=accuracies, chosen=tuple("strength 0.01" for _ in accuracies))


def answer(run: Run, protocol: Protocol, *scores: Scores, labeled: int = TRAIN) -> Judged:
    """Put an answer into the folder of a run."""
    facts = {"data": protocol.data or "colors.npz", "classes": CLASSES, "labeled": labeled, "tested": TEST}
    judged = Judged(protocol=protocol, scores=scores, **facts, seconds=3.0, device="cpu", version="1")
    sure = np.full((TEST, 3), 0.1, np.float32)
    sure[np.arange(TEST), SAID] = 0.8 + 0.01 * np.arange(TEST)
    rows = np.arange(TRAIN, TRAIN + TEST, dtype=np.int64)
    results.keep(run.folder, results.key(run.folder, protocol), judged, results.Predictions(sure, rows, TRUE))
    return judged


FAIR = (row("trained", 0.8, 0.9), row("untrained", 0.5, 0.6), row("pixels", 0.4, 0.4))


@pytest.fixture
def show(open_page: Open, run: Run) -> Show:
    """``show(by="knn")`` opens the page of that run with these choices in its address."""
    return lambda **address: open_page("evaluate", **{"run": run.run_id, **address})


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def matrices(page: AppTest) -> list[dict[str, Any]]:
    found = (widget.proto for widget in page.get("bidi_component") if widget.proto.component_name == "byol_matrix")
    return [unpack(widget.bytes) for widget in found]


def test_without_a_run_it_says_what_will_be_here(open_page: Open) -> None:
    page = open_page("evaluate")
    assert "No run to evaluate yet" in text(page)


def test_a_run_that_still_learns_is_not_judged(open_page: Open, make: Make) -> None:
    page = open_page("evaluate", run=judgeable(make("running")).run_id)
    assert "This run has not ended yet" in text(page) and "Evaluate" not in labels(page)


def test_a_run_without_weights_says_so(open_page: Open, make: Make) -> None:
    page = open_page("evaluate", run=make("failed", message="The disk is full.").run_id)
    assert "This run has no encoder" in text(page) and "The disk is full." in text(page)


def test_what_nobody_asked_is_asked_and_stopped_and_asked_again(show: Show, run: Run) -> None:
    page = show(by="finetune", labels="10", splits="2")
    wanted = Protocol(method="finetune", labels="10", splits=2)
    assert jobs.job(run.folder, wanted).state == "absent"
    page.button(key="result_start").click().run()
    assert jobs.job(run.folder, wanted).state == "waiting"
    assert page.get("progress")[0].proto.text == "Waits for its turn"
    page.button(key="result_stop").click().run()
    assert jobs.job(run.folder, wanted).state == "stopped" and "Stopped" in text(page)
    page.button(key="result_start").click().run()
    assert jobs.job(run.folder, wanted).state == "waiting"


def test_what_waits_is_looked_at_often(show: Show, run: Run, home: Path, looks: dict[str, float | None]) -> None:
    jobs.ask(home, run.folder, Protocol())
    show()
    assert looks["look"] == polling.SECONDS


def test_a_failure_says_why_and_can_be_tried_again(show: Show, run: Run, home: Path) -> None:
    jobs.ask(home, run.folder, Protocol())
    file = JobFiles(run.folder / results.FOLDER, results.question(Protocol())).status
    status.Reporter(file).say(0.1, "All images are of one class.", failed=True)
    page = show()
    assert page.error[0].value == "All images are of one class."
    page.button(key="result_again").click().run()
    assert jobs.job(run.folder, Protocol()).state == "waiting"


def test_a_set_without_labels_says_what_to_do(open_page: Open, make: Make) -> None:
    run = judgeable(make("finished", labels=False, **{"data.source": "/photos"}))
    page = open_page("evaluate", run=run.run_id)
    assert "Choose other images under *Settings*" in text(page) and "Evaluate" not in labels(page)
    page.selectbox(key="on").set_value("eurosat").run()
    assert "Evaluate" in labels(page)


@pytest.mark.parametrize("amount", ["many", "0", "101%"])
def test_a_number_of_labels_that_is_none_is_a_sentence(show: Show, amount: str) -> None:
    page = show(labels=amount)
    assert "a number of labels a class" in page.error[0].value and not page.tabs


@pytest.mark.parametrize(("amount", "said"), [("5", "5 labels a class"), ("3%", "3% of the labels")])
def test_a_custom_label_amount_in_the_url_is_restored(show: Show, amount: str, said: str) -> None:
    page = show(labels=amount)
    assert not page.error and page.selectbox(key="labels").value == amount
    assert f"Linear probe, {said}, 3 splits." in text(page) and "Evaluate" in labels(page)


def test_any_number_of_labels_can_be_typed(show: Show) -> None:
    page = show(labels="25")
    assert "Linear probe, 25 labels a class, 3 splits." in text(page) and "Evaluate" in labels(page)


def test_an_answer_is_drawn_beside_all_it_is_compared_with(show: Show, run: Run) -> None:
    answer(run, Protocol(splits=2), *FAIR)
    page = show(splits="2")
    assert "**0.850, too few to tell** on 9 test images" in text(page) and "+30.0 points from" in text(page)
    (figure,) = figures(page)
    assert figure["layout"]["yaxis"]["ticktext"] == ["This run", "Untrained", "Raw pixels"]
    assert [trace["x"] for trace in figure["data"][:2]] == [[0.8, 0.9], [pytest.approx(0.85)]]


def test_what_else_was_asked_is_listed_and_cleared(show: Show, run: Run, home: Path) -> None:
    other = Protocol(labels="5")
    jobs.ask(home, run.folder, other)
    jobs.stop(run.folder, other)
    page = show()
    assert "Stopped] Linear probe, 5 labels a class, 3 splits" in text(page)
    page.button(key="others_clear").click().run()
    assert jobs.asked(run.folder) == [] and "5 labels a class" not in text(page)


# The report


@pytest.fixture
def reported(show: Show, run: Run) -> AppTest:
    answer(run, Protocol(), *FAIR)
    return show(part="report")


def test_the_report_counts_the_mistakes(reported: AppTest) -> None:
    shown = {metric.label: metric.value for metric in reported.metric}
    assert shown == {"Accuracy (test)": "0.778", "Balanced accuracy": "0.778", "Test images": "9", "Mistakes": "2"}


def test_the_largest_confusion_is_open_with_its_pictures(reported: AppTest) -> None:
    (table,) = matrices(reported)
    assert table["chosen"] == [0, 1] and table["texts"] == ["1", "2", "", "", "3", "", "", "", "3"]
    assert "**2** of 3 images of **cat** are classified as **dog**." in text(reported)
    assert "83% sure" in text(reported)
    # Two in the cell, and the same two as the worst mistakes.
    assert len(reported.get("imgs")) + len(reported.get("image")) == 4


def test_another_cell_shows_its_images(reported: AppTest) -> None:
    reported.selectbox(key="true_class").set_value(2)
    reported.selectbox(key="said_class").set_value(2).run()
    assert "**3** of 3 images of **\\*cow\\*** are classified correctly." in text(reported)
    assert matrices(reported)[0]["chosen"] == [2, 2]


def test_curves_and_calibration_are_drawn(reported: AppTest) -> None:
    precision, calibration = figures(reported)
    assert [trace["name"].split(",")[0] for trace in precision["data"]] == ["cat", "dog", "*cow*"]
    assert calibration["layout"]["xaxis"]["title"]["text"] == "confidence"


def test_the_report_is_made_as_files_when_somebody_asks(reported: AppTest) -> None:
    assert [button.key for button in reported.download_button] == ["csv_classes"]
    reported.session_state["report_files"] = True
    reported.run()
    assert [button.key for button in reported.download_button] == ["report_html", "report_json", "csv_classes"]


def test_a_set_that_has_changed_shows_no_wrong_pictures(show: Show, run: Run, images: Path) -> None:
    answer(run, Protocol(), *FAIR)
    held = dict(np.load(images))
    np.savez(images, **held | {"y_test": held["y_test"][::-1]})
    page = show(part="report")
    assert "has changed since the run was evaluated on it" in page.warning[0].value
    assert not page.get("imgs") and "83% sure" in text(page)


def test_lost_predictions_are_a_sentence(show: Show, run: Run) -> None:
    answer(run, Protocol(), *FAIR)
    for path in (run.folder / results.FOLDER).glob("*.safetensors"):
        path.write_bytes(b"")
    page = show(part="report")
    assert "are damaged" in page.warning[0].value
    page.button(key="report_anew").click().run()
    assert jobs.job(run.folder, Protocol()).state == "waiting"


# Few labels, transfer


def test_a_curve_asks_only_for_what_is_missing(show: Show, run: Run) -> None:
    for amount, accuracy in (("1", 0.5), ("10", 0.7)):
        scores = row("trained", accuracy, accuracy + 0.02), row("scratch", 0.4, 0.5)
        answer(run, Protocol(method="finetune", labels=amount, splits=2), *scores, labeled=3 * int(amount))
    page = show(by="finetune", splits="2", part="labels")
    (figure,) = figures(page)
    lines = {trace["name"]: trace["x"] for trace in figure["data"] if "name" in trace}
    assert lines == {"This run (Fine-tuning)": [3, 30], "From scratch": [3, 30]}
    assert figure["layout"]["xaxis"]["type"] == "log"
    page.button(key="curve_start").click().run()
    assert [protocol.labels for protocol, _ in jobs.asked(run.folder)] == ["2", "5", "20", "50", "all"]
    assert page.get("progress")[0].proto.text.startswith("2 of 7 ready.")


@pytest.mark.parametrize(("setting", "color"), [("labels", "gray"), (None, "red")])
def test_a_point_with_more_labels_than_there_are_is_no_fault(
    show: Show, run: Run, home: Path, setting: str | None, color: str
) -> None:
    question = Protocol(method="knn", labels="50")
    jobs.ask(home, run.folder, question)
    file = JobFiles(run.folder / results.FOLDER, results.question(question)).status
    status.Reporter(file).say(0.1, "Too few.", failed=True, setting=setting)
    assert f":{color}[" in text(show(by="knn", part="labels"))


def test_a_matrix_shows_what_is_known_and_asks_for_the_rest(show: Show, run: Run, make: Make) -> None:
    other = judgeable(make("stopped"))
    answer(run, Protocol(data="eurosat"), *FAIR)
    page = show(part="transfer")
    page.multiselect(key="transfer_sets").set_value(["eurosat"])
    page.multiselect(key="transfer_runs").set_value([run.run_id, other.run_id]).run()
    (table,) = matrices(page)
    assert table["texts"] == ["0.850, too few to tell", "–"] and table["shades"][1] == 0
    page.button(key="transfer_start").click().run()
    assert jobs.job(other.folder, Protocol()).state == "waiting"  # its own set: the question that is asked of it alone
    assert jobs.asked(run.folder) == []


def test_runs_of_one_name_are_told_apart(show: Show, run: Run, make: Make) -> None:
    judgeable(make("finished"))
    options = show().selectbox(key="evaluate_run").options
    assert len(options) == len(set(options)) == 2


def test_a_result_that_arrives_during_rendering_triggers_a_rerun(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[str] = []
    answer(run, Protocol(), *FAIR)
    monkeypatch.setattr(polling, "live", lambda **_: lambda look: look)
    monkeypatch.setattr(st, "rerun", lambda: again.append("again"))
    job.progress([(run, Protocol())], ["ready"])
    assert not again
    job.progress([(run, Protocol())], ["failed"])
    assert again


def test_an_archived_run_is_shown_under_its_own_address(open_page: Open, run: Run, make: Make) -> None:
    other = judgeable(make("stopped"))
    library.archive(state.store(), [other.run_id])
    assert open_page("evaluate", run=other.run_id).selectbox(key="evaluate_run").value == other.run_id


# Who may


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_reads_answers_and_starts_nothing(show: Show, run: Run) -> None:
    answer(run, Protocol(), *FAIR)
    assert "points from the same network" in text(show())
    page = show(by="knn")
    assert "result_start" not in {button.key for button in page.button}
    assert "Only a teacher may evaluate runs here" in text(page) and "Sign in" in links(page)


@pytest.mark.usefixtures("shared")
def test_the_page_begins_with_an_answer_that_there_is(show: Show, run: Run) -> None:
    answer(run, Protocol(method="knn", labels="10"), *FAIR)
    page = show()
    assert page.selectbox(key="labels").value == "10" and "Not evaluated yet" not in text(page)
    asked = show(by="finetune")
    assert "Not evaluated yet" in text(asked) and "Results so far" in text(asked)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("act", [job.begin, job.halt, job.anew, job.forget])
def test_only_a_teacher_changes_what_is_asked(home: Path, run: Run, act: Callable[[Any], None]) -> None:
    asked, missing = [(run, Protocol())], [(run, Protocol(labels="5"))]
    answer(run, Protocol(method="knn"), *FAIR)
    jobs.ask(home, run.folder, Protocol())
    folder = run.folder / results.FOLDER
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".json"}
    attempt(lambda: act([*asked, *missing, (run, Protocol(method="knn"))]))
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".json"} == before
    attempt(lambda: act([*asked, *missing]), token=access.TOKENS.issue(WORD, access.passphrase_hash()))
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".json"} != before


def test_a_run_leads_to_its_evaluation(open_page: Open, run: Run) -> None:
    assert "Evaluate" in labels(open_page("runs", run=run.run_id))
    assert not links(open_page("runs", run=run.run_id)).get("Evaluate")
