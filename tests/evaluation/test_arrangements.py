"""Curves and matrices only arrange answers that are kept question by question."""

from __future__ import annotations

import pytest

from byol_core.evaluation import curve, transfer
from byol_core.evaluation.protocol import Protocol, Scores
from byol_core.evaluation.summary import amount, asked, rests_on, score, verdict
from tests.evaluation.judged import Answering, judged, write_run, write_set


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "home", write_set(tmp_path))


def work(run, protocol):
    return Answering().work(run, protocol)


def test_a_curve_asks_for_no_more_labels_than_there_are():
    found = curve.protocols_of_curve("linear", splits=2, seed=4, per_class=16)
    assert [protocol.labels for protocol in found] == ["1", "2", "5", "10", "all"]
    assert {(protocol.splits, protocol.seed, protocol.method) for protocol in found} == {(2, 4, "linear")}
    assert len(curve.protocols_of_curve("linear")) == len(curve.POINTS)


def test_a_point_that_was_asked_for_alone_is_a_point_of_the_curve(run):
    work(run, Protocol(labels="10"))
    found = curve.points(run, curve.protocols_of_curve("linear", per_class=16))
    assert [point.labeled for point in found] == [None, None, None, 48, None]
    assert [point.job is None for point in found] == [False, False, False, True, False]
    line = curve.series(found)[0]
    assert (line.subject, line.labeled, line.mean) == ("trained", (48,), (0.625,))
    assert line.spread[0] == pytest.approx(0.1768, abs=1e-4)


def test_lines_go_from_few_labels_to_many_and_leave_out_what_is_missing():
    def point(labeled, *rows):
        return curve.Point(Protocol(), judged(Protocol(), scores=rows, labeled=labeled), None)

    many = point(90, Scores(subject="trained", accuracies=(0.9,)), Scores(subject="scratch", accuracies=(0.8,)))
    few = point(9, Scores(subject="trained", accuracies=(0.5,)), Scores(subject="scratch", missing="Too few."))
    lines = {line.subject: line for line in curve.series([many, few])}
    assert (lines["trained"].labeled, lines["trained"].spread) == ((9, 90), (None, None))
    assert lines["scratch"].labeled == (90,)
    assert set(lines) == {"trained", "scratch"}


def test_a_matrix_has_a_row_a_run_and_its_own_set_is_the_usual_question(tmp_path, run):
    other = write_set(tmp_path, name="other.npz")
    (row,) = transfer.cells([run], [str(tmp_path / "set.npz"), str(other), "cifar10"], "knn", splits=2)
    assert [cell.own for cell in row] == [True, False, False]
    assert [cell.protocol.data for cell in row] == ["", str(other), "cifar10"]
    assert row[0].protocol == Protocol(method="knn", splits=2)
    assert (row[0].job().state, row[0].result()) == ("absent", None)
    answer = work(run, row[0].protocol)
    assert (row[0].job().state, row[0].result()) == ("ready", answer)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("CIFAR-10", "cifar10", True), ("cifar10", "mnist", False), ("./a", "b/../a", True), ("a", "cifar10", False)],
)
def test_sets_are_the_same_by_name_or_by_path(one, other, same):
    assert transfer.same_set(one, other) is same


def test_the_gain_is_measured_from_the_untrained_network():
    gain = transfer.gain(judged(Protocol()))
    assert gain is not None and gain.value == pytest.approx(0.25) and gain.outcome == "few"
    assert transfer.gain(judged(Protocol(), scores=(Scores(subject="trained", accuracies=(0.5,)),))) is None


def test_a_question_is_told_in_a_line():
    assert asked(Protocol()) == "linear probe, all labels, 3 splits"
    protocol = Protocol(method="knn", labels="1%", splits=1, seed=3, data="cifar10")
    assert asked(protocol) == "weighted kNN, 1% of the labels, 1 split, k 20, T 0.1, seed 3, on cifar10"
    assert amount("1") == "1 label a class"


def answer(*rows, labels="10", tested=1000, ours=(0.5, 0.7)):
    trained = Scores(subject="trained", accuracies=ours)
    return judged(Protocol(labels=labels), scores=(trained, *rows), tested=tested)


def test_what_the_pretraining_is_worth_is_told_against_from_scratch_if_it_is_there():
    pixels = Scores(subject="pixels", accuracies=(0.6, 0.6))
    assert verdict(answer(pixels)).startswith("That is not clearly different from the raw pixels: +0.0 [")
    scratch, better = (
        Scores(subject="scratch", accuracies=(0.4, 0.4), gained=(150, 350), lost=(50, 50)),
        Scores(subject="colour", accuracies=(0.7, 0.7)),
    )
    told = verdict(answer(pixels, scratch))
    assert "**" not in told and "20.0 points above the same network trained from scratch on those labels [" in told
    assert "But with a histogram of colors it is 0.700 ± 0.000" in verdict(answer(scratch, better))
    assert verdict(answer(Scores(subject="scratch", missing="No."))) == ""


def test_an_accuracy_of_all_labels_has_the_interval_of_its_test_images_and_not_that_of_its_splits():
    same = answer(labels="all", ours=(0.763, 0.763, 0.763))
    assert score(same, "trained") == "0.763 [0.736, 0.788]"  # and not 0.763 ± 0.000
    assert score(answer(ours=(0.763,)), "trained") == "0.763 [0.736, 0.788]"
    assert score(answer(ours=(0.6, 0.7)), "trained") == "0.650 ± 0.071"
    assert score(answer(), "pixels") == ""


def test_few_test_images_tell_nothing():
    few = answer(Scores(subject="untrained", accuracies=(0.3, 0.3)), tested=99)
    assert score(few, "trained") == "0.600, too few to tell"
    assert verdict(few) == "That is +30.0 points from the same network before any training, on 99 test images: " + (
        "too few to tell."
    )
    assert rests_on(few) == "On 99 test images, which are too few to tell."


def test_a_difference_is_a_paired_one_where_the_counts_were_kept_and_else_says_that_it_is_not():
    kept = Scores(subject="untrained", accuracies=(0.74, 0.74), gained=(30, 30), lost=(10, 10))
    lost = Scores(subject="untrained", accuracies=(0.74, 0.74))
    ours = {"labels": "all", "ours": (0.76, 0.76)}
    assert "2.0 points above the same network before any training [0.7, 3.3]" in verdict(answer(kept, **ours))
    told = verdict(answer(lost, **ours))
    assert told.startswith("That is not clearly different from") and "was not kept, so the interval is wider" in told


def test_what_carries_figures_to_machines_names_split_images_and_interval():
    told = answer(Scores(subject="pixels", accuracies=(0.1, 0.1))).accuracies()
    assert {told["trained"][key] for key in ("split", "images", "draws")} == {"test", 1000, 2}
    assert told["pixels"]["trained_is_ahead_by"]["outcome"] == "better"
