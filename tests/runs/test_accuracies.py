"""Which split a figure of a run is of, what it rests on, and what may be said of it; also of earlier releases' runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from byol_core.cli import run_tables
from byol_core.cli.comparison_tables import differences_to_best
from byol_core.runs import accuracies

# As the demo of the first release was kept: no count of single images, nor of validation images.
OLD = {"knn_accuracy": 0.808, "knn_untrained": 0.702, "knn_pixels": 0.242, "train_images": 3600, "test_images": 1000}


@pytest.fixture
def run(store, config):
    return replace(store.create(config), summary=dict(OLD))


def answers(run, right, rows=None):
    """What the trainer keeps of each test image."""
    (run.folder / "embeddings").mkdir(exist_ok=True)
    rows = torch.arange(len(right), dtype=torch.int32) if rows is None else rows
    kept = {"rows": rows, "labels": rows % 3, "knn_accuracy": right.byte()}
    save_file(kept, run.folder / "embeddings/test.safetensors")


def test_the_figures_of_the_end_are_of_the_test_images(run):
    found = accuracies.at_end(run)
    assert {(figure.split, figure.images) for figure in found.values()} == {("test", 1000)}
    assert found["knn_accuracy"].interval == pytest.approx((0.782, 0.831), abs=1e-3)


def test_images_without_a_label_are_not_counted(run):
    run.summary["knn_images"] = 640
    assert accuracies.at_end(run)["knn_accuracy"].images == 640


def test_what_is_logged_is_of_the_validation_images(run):
    found = accuracies.while_learning(run, 0.75)
    assert found is not None and (found.split, found.images) == ("validation", 400)
    run.summary["validation_images"] = 387
    assert accuracies.validation_images(run) == 387


def test_a_running_run_records_its_number_of_validation_images(run):
    live = replace(run, summary={})
    assert accuracies.while_learning(live, 0.75) is None
    (run.folder / "embeddings").mkdir()
    (run.folder / accuracies.PROBE).write_text(json.dumps({"evaluations": [{"step": 0, "knn_images": 7}]}))
    found = accuracies.while_learning(live, 2 / 7)
    assert found is not None and (found.images, found.few) == (7, True)


def test_training_brought_something_by_the_images_that_changed(run):
    before = accuracies.brought(run)
    assert before is not None and not before.paired and before.outcome == "better"
    run.summary.update(knn_untrained_gained=150, knn_untrained_lost=44)
    found = accuracies.brought(run)
    assert found is not None and found.paired and found.interval.low > before.interval.low


def test_one_of_eighteen_images_is_no_gain(run):
    run.summary.update(knn_accuracy=12 / 18, knn_untrained=11 / 18, test_images=18)
    found = accuracies.brought(run)
    assert found is not None and found.outcome == "few"
    said = dict(zip(*(column.cells for column in run_tables.numbers_table(run).columns), strict=True))
    assert said["kNN accuracy, test"] == "0.667, too few to tell (18 test images)"
    assert said["what training brought"] == "18 test images are too few to tell what training brought."


@pytest.mark.parametrize("value", [float("nan"), 1e9, "high", True, -0.1, None])
def test_what_is_no_accuracy_is_no_figure(run, value):
    run.summary["knn_accuracy"] = value
    assert "knn_accuracy" not in accuracies.at_end(run)
    assert accuracies.brought(run) is None


def test_two_runs_are_compared_image_by_image(store, config, run):
    other = replace(store.create(config), summary={**OLD, "knn_accuracy": 0.78})
    right = torch.arange(1000) < 808
    answers(run, right)
    assert not accuracies.between(other, run).paired
    answers(other, torch.arange(1000) < 780)
    found = accuracies.between(other, run)
    assert (found.paired, found.outcome) == (True, "worse")
    assert differences_to_best([run, other]) == {other.run_id: found}
    answers(other, torch.arange(1000) < 780, torch.arange(1, 1001, dtype=torch.int32))
    assert not accuracies.between(other, run).paired  # they are of other images
    (other.folder / "embeddings/test.safetensors").write_bytes(b"no")
    assert not accuracies.between(other, run).paired


def test_runs_on_other_sets_are_not_compared(store, config, run):
    other = replace(store.create(config.changed(**{"data.source": "mnist"})), summary=dict(OLD))
    assert accuracies.between(run, other) is None


def test_machines_are_told_split_images_interval_and_outcome(store, run):
    told = run_tables.as_object(store, run)
    assert told["knn_accuracy"] == 0.808
    assert told["accuracies"]["knn_untrained"]["split"] == "test"
    assert told["accuracies"]["knn_untrained"]["images"] == 1000
    assert told["brought"]["outcome"] == "better" and not told["brought"]["paired"]
