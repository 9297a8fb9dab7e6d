"""``byol evaluate`` and ``byol transfer``: the same answers as on the page, as a table, as JSON, as a report."""

import json

import pytest

from byol_core.errors import InputError
from byol_core.evaluation import handler, jobs, protocols
from byol_core.evaluation.protocol import Protocol
from tests.evaluation.judged import Answering, settings, write_encoder, write_set

ANSWERS = ("--labels", "10", "--splits", "2")


@pytest.fixture
def data(tmp_path):
    return write_set(tmp_path)


@pytest.fixture
def run(store, data):
    """A run that has ended, with an encoder."""
    config = settings(data)
    made = store.create(config, name="mine", here=True)
    store.move(made.run_id, "stopped")
    write_encoder(made.folder, config, seed=0)
    return store.get(made.run_id)


@pytest.fixture
def answering(monkeypatch):
    """What is asked is answered in no time."""
    answering = Answering()
    monkeypatch.setattr(protocols, "answer", answering)
    return answering


def test_an_answer_is_a_table_with_what_it_means(byol, run, answering):
    status, out, _ = byol("evaluate", "mine", *ANSWERS)
    assert status == 0
    assert "this run" in out and "0.625, too few to tell" in out and "0.500, 0.750" in out
    assert "+25.0 points from the same network before any training, on 12 test images: too few to tell" in out
    assert answering.asked == [Protocol(labels="10", splits=2)]


def test_command_and_page_read_the_same_answer(byol, run, answering):
    status, out, _ = byol("evaluate", "mine", *ANSWERS, "--json")
    told, kept = json.loads(out), jobs.result(run.folder, Protocol(labels="10", splits=2))
    assert (status, told["run_id"], told["scores"][0]["mean"]) == (0, run.run_id, kept.of("trained").mean)
    byol("evaluate", "mine", *ANSWERS)
    assert len(answering.asked) == 1
    byol("evaluate", "mine", *ANSWERS, "--again")
    assert len(answering.asked) == 2


def test_the_runs_own_set_by_its_name_is_the_same_question(byol, run, answering, data, monkeypatch):
    monkeypatch.chdir(data.parent)
    byol("evaluate", "mine", *ANSWERS, "--data", "set.npz")
    assert [protocol.data for protocol in answering.asked] == [""]
    write_set(data.parent, name="other.npz")
    byol("evaluate", "mine", *ANSWERS, "--data", "other.npz")
    assert answering.asked[1].data == str(data.parent / "other.npz")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--method", "best"], "--method should"),
        (["--labels", "some"], "--labels should be 'all', a number of labels a class"),
        (["--splits", "0"], "--splits should be greater than or equal to 1, not 0."),
        (["--report", "out.pdf"], "should end with .html or .json."),
        (["--report", "out.html", "--curve"], "leave out --report or --curve."),
        (["--data", "no-such-set"], "no-such-set"),
        (["--data", "~nosuch/x"], "There is no image set and no path '~nosuch/x'"),
        (["--data", "a" * 5000], "There is no set 'aaa"),
    ],
)
def test_wrong_input_is_one_sentence(byol, run, options, sentence):
    status, out, error = byol("evaluate", "mine", *options)
    assert (status, out, error.count("\n")) == (2, "", 1) and sentence in error


def test_a_run_without_weights_is_one_sentence(byol, run):
    (run.folder / "encoder.safetensors").unlink()
    status, _, error = byol("evaluate", "mine")
    assert status == 1 and "neither an encoder nor a checkpoint" in error


def test_a_report_is_written_with_pictures(byol, run, answering, tmp_path, monkeypatch):
    real = handler.Predictions
    # Everything is predicted as the class after its own.
    monkeypatch.setattr(handler, "Predictions", lambda likely, *rest: real(likely[:, [1, 2, 0]], *rest))
    status, _, error = byol("evaluate", "mine", *ANSWERS, "--report", tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text()
    assert status == 0 and "The report is in" in error
    assert page.startswith("<!doctype html>") and page.count("<img") == 12


def test_a_report_without_its_images_is_written_without_pictures(byol, run, answering, tmp_path, data):
    byol("evaluate", "mine", *ANSWERS)
    data.unlink()
    status, _, error = byol("evaluate", "mine", *ANSWERS, "--report", tmp_path / "out.html")
    assert status == 0 and error.startswith("The report has no images: ") and error.count("\n") == 2
    assert "<img" not in (tmp_path / "out.html").read_text()


def test_what_nobody_expected_is_one_sentence(byol, run, answering):
    def fill():
        raise MemoryError

    answering.acts += [fill, lambda: {}["key"]]
    status, _, error = byol("evaluate", "mine")
    assert status == 1 and error.startswith("The memory was not enough") and error.count("\n") == 1
    assert byol("evaluate", "mine")[::2] == (1, "The computation failed unexpectedly (KeyError: 'key').\n")


def test_a_run_that_learns_is_not_judged(byol, run, store, data):
    store.create(settings(data), name="busy", here=True)
    status, _, error = byol("evaluate", "busy")
    assert status == 2 and "is still learning" in error and error.count("\n") == 1


def test_a_set_is_asked_about_by_the_name_of_the_catalog():
    from byol_core.cli.evaluate import _named

    assert _named("CIFAR-10") == _named("cifar10") == "cifar10"


def test_a_cell_that_is_refused_is_left_out_of_the_matrix(byol, run, data, monkeypatch):
    other = write_set(data.parent, name="other.npz")

    def limited(*given, **options):
        if given[3].data:
            raise InputError("The class 'red' has 16 training images.")
        return Answering()(*given, **options)

    monkeypatch.setattr(protocols, "answer", limited)
    status, out, error = byol("transfer", "mine", "--to", f"{data},{other}", "--json")
    assert (status, error, [cell["own"] for cell in json.loads(out)]) == (
        0, "The class 'red' has 16 training images.\n", [True]
    )  # fmt: skip
    assert "–" in byol("transfer", "mine", "--to", f"{data},{other}")[1]


def test_a_report_in_json_is_for_machines(byol, run, answering, tmp_path):
    byol("evaluate", "mine", *ANSWERS, "--report", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["report"]["accuracy"] == 1.0


def test_pictures_of_a_set_that_has_changed_are_left_out(byol, run, answering, tmp_path, data):
    import numpy as np

    byol("evaluate", "mine", *ANSWERS)
    arrays = dict(np.load(data))
    np.savez(data, **{**arrays, "y_test": (arrays["y_test"] + 1) % 3})
    status, _, _ = byol("evaluate", "mine", *ANSWERS, "--report", tmp_path / "out.html")
    assert status == 0 and "<img" not in (tmp_path / "out.html").read_text()


def test_a_curve_leaves_out_what_asks_for_too_many_labels(byol, run, monkeypatch):
    def limited(*given, **options):
        if given[3].labels == "50":
            raise InputError("The class 'red' has 16 training images.")
        return Answering()(*given, **options)

    monkeypatch.setattr(protocols, "answer", limited)
    status, out, error = byol("evaluate", "mine", "--curve", "--splits", "2", "--json")
    assert (status, error) == (0, "The class 'red' has 16 training images.\n")
    labels = [point["protocol"]["labels"] for point in json.loads(out)["points"]]
    assert labels == ["1", "2", "5", "10", "20", "all"]
    assert "20 labels a class" in byol("evaluate", "mine", "--curve", "--splits", "2")[1]


def test_a_curve_without_any_point_says_why(byol, run, monkeypatch):
    def refuse(*_, **__):
        raise InputError("'set' has no labels.")

    monkeypatch.setattr(protocols, "answer", refuse)
    assert byol("evaluate", "mine", "--curve") == (2, "", "'set' has no labels.\n")


def test_a_matrix_has_a_row_a_run_and_a_column_a_set(byol, run, answering, data):
    other = write_set(data.parent, name="other.npz")
    status, out, _ = byol("transfer", "mine", "--to", f"{data},{other}", "--method", "knn", "--json")
    cells = json.loads(out)
    assert (status, [cell["own"] for cell in cells], [cell["gain"] for cell in cells]) == (0, [True, False], [0.25] * 2)
    _, out, _ = byol("transfer", "mine", "--to", data, "--to", other, "--method", "knn")
    assert "0.625, too few to tell*" in out and "(12 test images)" in out and len(answering.asked) == 2


def test_a_matrix_needs_a_set(byol, run):
    assert byol("transfer", "mine", "--to", "")[::2] == (
        2,
        "Name at least one set to evaluate on, such as --to cifar10.\n",
    )


def test_what_a_page_stops_ends_the_command(byol, run, answering):
    def act():
        jobs.stop(run.folder, Protocol())
        answering.until_stopped()

    answering.acts.append(act)
    assert byol("evaluate", "mine")[::2] == (1, "The evaluation was stopped.\n")
