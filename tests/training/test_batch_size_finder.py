"""A batch size that fits is found by real training."""

from __future__ import annotations

import io
import json

import pytest

from byol_core.config import build
from byol_core.training import batch_size_finder

SMALL = {"data.limit": 60, "data.image_size": 8, "network.encoder": "conv-classroom", "runtime.threads": 1, "steps": 1}


@pytest.mark.parametrize(
    ("changes", "below", "sizes"),
    [
        ({}, 32, [2, 4, 8, 16]),
        ({}, 100, [3, 6, 12, 25, 50]),
        ({"accumulate": 4}, 64, [8, 16, 32]),
        ({"accumulate": 2, "runtime.processes": 3}, 48, [12, 24]),
        ({}, 3, []),
        ({}, 2, []),
    ],
)
def test_only_sizes_that_can_be_shared_are_tried_small_ones_first(changes, below, sizes):
    assert batch_size_finder.sizes(build({}, changes), below) == sizes


def test_all_sizes_that_fit_are_named_by_the_program(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(build({}, SMALL).model_dump(mode="json"))))
    monkeypatch.setattr(
        batch_size_finder, "_go_first", lambda: None
    )  # not this process, should the machine run out of memory
    assert batch_size_finder.main(["20"]) == 0
    assert capsys.readouterr().out.split() == ["2", "5", "10"]


def test_who_wants_to_stop_need_not_wait_for_it():
    assert batch_size_finder.largest_batch(build({}, SMALL), 8, stop=lambda: True) is None


def test_where_nothing_smaller_is_possible_nothing_is_started(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a process was started"))
    assert batch_size_finder.largest_batch(build({}, SMALL), 2) is None
