"""A batch size that fits is found by real training."""

from __future__ import annotations

import pytest

from byol_core.config import build
from byol_core.jobs import JobContext, JobFiles, LruCache
from byol_core.training import batch_size_finder, jobs

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


def test_all_sizes_that_fit_are_named_by_the_program(monkeypatch, tmp_path):
    monkeypatch.setattr(batch_size_finder, "_go_first", lambda: None)  # should the machine run out of memory
    job, shown = JobContext(JobFiles(tmp_path, "key"), lambda *_: None, LruCache(), lambda: False), []
    monkeypatch.setattr(job, "partial", lambda found, always: shown.append(found.about["size"]))
    task = {"config": build({}, SMALL).model_dump(mode="json"), "below": 20}
    assert batch_size_finder.answer(tmp_path, task, {}, job).about == {"size": 10}
    assert shown == [2, 5, 10]


def test_a_size_that_fits_is_found_by_a_process_of_its_own():
    assert jobs.largest_batch(build({}, SMALL), 9) == 4


def test_who_wants_to_stop_need_not_wait_for_it():
    assert jobs.largest_batch(build({}, SMALL), 8, stop=lambda: True) is None


def test_where_nothing_smaller_is_possible_nothing_is_started(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a process was started"))
    assert jobs.largest_batch(build({}, SMALL), 2) is None
