from __future__ import annotations

from dataclasses import replace

import pytest

from byol_core.runs import report


@pytest.mark.parametrize(
    ("stopped", "accuracy", "ratio"),
    [
        (True, "not judged, since the run was stopped", "not judged, since the run was stopped"),
        (False, "no labels", ""),
    ],
)
def test_a_missing_number_says_why(store, config, stopped, accuracy, ratio):
    summary = {"stopped": stopped, "knn_accuracy": None, "knn_pixels": None, "std_ratio": None}
    titles, values = report.numbers_table(replace(store.create(config), summary=summary)).columns
    said = dict(zip(titles.cells, values.cells, strict=True))
    assert said["kNN accuracy, test images"] == accuracy
    assert said["kNN on raw pixels"] == "no labels"
    assert said["std ratio (1 healthy, 0 collapsed)"] == ratio
