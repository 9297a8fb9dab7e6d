"""The parts of the Evaluate page that draw nothing by themselves: sentences, figures, cells, images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from app.evaluate import charts as evaluate_charts
from app.evaluate import confusion, form, job, pictures
from app.evaluate import labels as said
from app.shared import charts
from app.widgets.confusion_matrix import read
from byol_core.errors import LabError
from byol_core.evaluation.jobs import Job
from byol_core.evaluation.protocol import Judged, Protocol, Scores, Subject
from byol_core.evaluation.summary import against
from byol_core.evaluation.transfer import same_set


def row(subject: Subject, *accuracies: float) -> Scores:
    return Scores(subject=subject, accuracies=accuracies)


def judged(*scores: Scores, protocol: Protocol = Protocol(labels="10")) -> Judged:  # noqa: B008 (it is frozen)
    facts = {"data": "eurosat", "classes": ("a", "b"), "labeled": 1200, "tested": 1000}
    return Judged(protocol=protocol, scores=scores, **facts, seconds=1.0, device="cpu", version="1")


def test_the_sentence_says_what_the_pretraining_is_worth() -> None:
    found = judged(row("trained", 0.7, 0.8), row("untrained", 0.7, 0.7), row("scratch", 0.5, 0.6))
    told = said.meaning(found)
    assert "**Linear probe with 10 labels a class** (1\u202f200 images) reaches **0.750 ± 0.071**" in told
    assert (
        "**20.0 points above** the same network trained from scratch on those labels [15.9, 24.0], ahead in 2 of 2"
        in told
    )
    assert "But" not in told


def test_a_baseline_that_does_better_is_said() -> None:
    told = said.meaning(judged(row("trained", 0.5, 0.6), row("scratch", 0.2, 0.3), row("colour", 0.6, 0.7)))
    assert "But with a histogram of colors it is 0.650 ± 0.071" in told


@pytest.mark.parametrize(
    ("ours", "other", "words"),
    [
        ((0.6, 0.7), (0.5, 0.6), "**10.0 points above** the raw pixels [5.7, 14.2], ahead in 2 of 2 draws"),
        ((0.4, 0.5), (0.5, 0.6), "**10.0 points below** the raw pixels [5.6, 14.3], ahead in 0 of 2 draws"),
        ((0.9, 0.5), (0.5, 0.6), "not clearly different from the raw pixels: +15.0 [+10.8, +19.1] points, ahead in 1"),
        ((0.5, 0.5), (0.5, 0.5), "not clearly different from the raw pixels: +0.0 [-4.4, +4.4] points, ahead in 0 of"),
        ((0.52,), (0.5,), "not clearly different from the raw pixels: +2.0 [-2.4, +6.4] points"),
        ((0.6,), (0.5,), "**10.0 points above** the raw pixels [5.6, 14.3]"),
    ],
)
def test_a_difference_must_beat_chance_and_hold_in_every_draw(
    ours: tuple[float, ...], other: tuple[float, ...], words: str
) -> None:
    found = judged(row("trained", *ours), row("pixels", *other))
    assert against(found, "pixels", "**").startswith(f"That is {words}")


def test_one_draw_is_called_what_it_is() -> None:
    assert "One draw of the labels alone" in said.meaning(judged(row("trained", 0.5), row("pixels", 0.4)))


def test_a_run_without_a_result_says_why() -> None:
    assert said.meaning(judged(Scores(subject="trained", missing="No weights."))) == "No weights."


def test_a_path_is_shown_by_its_last_part() -> None:
    assert said.asked(Protocol(data="/home/me/photos/", method="knn")) == (
        "kNN, all labels, 3 splits, k 20, T 0.1, on photos"
    )


# Figures


def at(labeled: int, mean: float, half: float) -> evaluate_charts.Point:
    return evaluate_charts.Point(labeled, mean, mean - half, mean + half, f"{mean}")


BAND = evaluate_charts.Curve("one <b>", charts.PETROL, (at(10, 0.5, 0.02), at(100, 0.7, 0.01)))
ALONE = evaluate_charts.Curve("alone", charts.AMBER, (at(10, 0.4, 0.0),))


@pytest.mark.parametrize(
    "figure",
    [
        evaluate_charts.dots(judged(row("trained", 0.7, 0.8), row("scratch", 0.1), Scores(subject="pixels"))),
        evaluate_charts.labels([BAND, ALONE], revision="a"),
        evaluate_charts.labels([ALONE], revision="a"),
        evaluate_charts.precision_recall([(3, "cat <b>", (0.0, 1.0), (1.0, 0.5))], revision="a"),
        evaluate_charts.calibration([(0.4, 0.5, 3), (0.9, 0.8, 7)]),
        evaluate_charts.calibration([]),
    ],
)
def test_plotly_accepts_the_figure(figure: charts.Figure) -> None:
    assert len(go.Figure(figure).data) == len(figure["data"])
    json.dumps(figure, allow_nan=False)
    assert not any("<b>" in trace.get("name", "") for trace in figure["data"])


def test_the_mean_of_draws_has_a_bar_of_one_deviation() -> None:
    splits, mean = evaluate_charts.dots(judged(row("trained", 0.7, 0.8)))["data"]
    assert splits["x"] == [0.7, 0.8] and mean["x"] == [pytest.approx(0.75)]
    assert mean["error_x"]["array"] == [pytest.approx(np.std([0.7, 0.8], ddof=1))]


def test_with_all_labels_the_error_bar_is_the_test_set_interval() -> None:
    figure = evaluate_charts.dots(judged(row("trained", 0.763, 0.763), protocol=Protocol()))
    bar = figure["data"][1]["error_x"]
    assert (bar["arrayminus"][0], bar["array"][0]) == (pytest.approx(0.0273, abs=1e-4), pytest.approx(0.0253, abs=1e-4))
    assert figure["layout"]["xaxis"]["title"]["text"] == "accuracy on 1\u202f000 test images"


def test_the_band_goes_from_its_low_to_its_high_end() -> None:
    low, high, line = evaluate_charts.labels([BAND], revision="a")["data"]
    assert low["y"] == pytest.approx([0.48, 0.69]) and high["y"] == pytest.approx([0.52, 0.71])
    assert line["x"] == [10, 100]


def test_marks_on_the_axis_do_not_run_into_each_other() -> None:
    curve = evaluate_charts.Curve("a", charts.PETROL, (at(10, 0.1, 0), at(12, 0.2, 0), at(20, 0.3, 0)))
    assert evaluate_charts.labels([curve], revision="a")["layout"]["xaxis"]["tickvals"] == [10, 20]


# Cells and jobs


@pytest.mark.parametrize("sent", [None, [1], [0, 2], [-1, 0], [True, 0], ["0", "0"], [0.0, 1], {"0": 1}, [0, 1, 2]])
def test_what_is_no_cell_is_not_taken_for_one(sent: object) -> None:
    assert read(sent, (2, 2)) is None


def test_a_cell_is_read() -> None:
    assert read([1, 0], (2, 2)) == (1, 0)


def test_confusion_shades_are_shares_or_relative_to_the_worst() -> None:
    shades = confusion.shades(np.array([[8, 2], [1, 9]]))
    np.testing.assert_allclose(shades, [[0.8, 1.0], [0.5, 0.9]], rtol=1e-6)


def test_several_questions_are_told_as_one() -> None:
    found = [Job("ready", 1.0), Job("running", 0.5, "Training", 12.0), Job("waiting")]
    assert job.told(found) == "1 of 3 ready. Training, about 12 s left"
    assert job.share(found) == pytest.approx(0.5)


def test_of_very_many_classes_the_most_confused_are_drawn() -> None:
    counts = np.eye(70, dtype=np.int64)
    counts[69, 65] = 5
    places = confusion.drawn(counts)
    assert len(places) == 40 and {65, 69} <= set(places)
    assert confusion.drawn(counts[:60, :60]) == list(range(60))


def test_classes_of_one_name_are_told_apart() -> None:
    assert confusion.names(("a", "b", "a")) == ["a (0)", "b", "a (2)"]


@pytest.mark.parametrize("typed", ["~nosuchuser/x", "a\0b", "x" * 5000])
def test_a_path_that_can_be_none_is_kept_as_it_was_typed(typed: str) -> None:
    assert form.named(typed) == typed and not same_set(typed, "/photos")


def test_a_curve_has_no_place_for_an_answer_of_no_images() -> None:
    curve = evaluate_charts.Curve("a", charts.PETROL, (at(0, 0.1, 0), at(10, 0.2, 0)))
    (line,) = evaluate_charts.labels([curve], revision="a")["data"]
    assert line["x"] == [10]


# Images


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """200 training images, of which the page reads a few, and five test images, each of one shade."""
    shades = np.arange(205, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    path = tmp_path / "shades.npz"
    labels = np.arange(205) % 2
    np.savez(path, x_train=shades[:200], x_test=shades[200:], y_train=labels[:200], y_test=labels[200:])
    return path


def kept(rows: range, labels: list[int]) -> tuple[bytes, bytes]:
    return np.array(rows, np.int64).tobytes(), np.array(labels, np.int64).tobytes()


def test_each_row_of_the_set_has_its_own_picture(photos: Path) -> None:
    found = pictures.read(str(photos), 8, kept(range(200, 205), [0, 1, 0, 1, 0]))
    assert [int(found.picture(row).mean()) for row in range(200, 205)] == [200, 201, 202, 203, 204]  # type: ignore[union-attr]
    assert found.picture(7) is None


@pytest.mark.parametrize(("rows", "labels"), [(range(200, 204), [0, 1, 0, 1]), (range(200, 205), [1, 1, 0, 1, 0])])
def test_another_set_is_not_taken_for_the_judged_one(photos: Path, rows: range, labels: list[int]) -> None:
    with pytest.raises(LabError, match="has changed since"):
        pictures.read(str(photos), 8, kept(rows, labels))


def test_many_pictures_are_made_small(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SIZES", (4,))
    monkeypatch.setattr(pictures, "MOST_BYTES", 5 * 3 * 16)
    found = pictures.read(str(photos), 8, kept(range(200, 205), [0, 1, 0, 1, 0]))
    assert found.pixels.shape == (5, 4, 4, 3) and int(found.pixels[3].mean()) == 203


def test_a_small_picture_is_enlarged_by_whole_pixels() -> None:
    assert pictures.enlarged(np.zeros((28, 28, 3), np.uint8)).shape == (112, 112, 3)
