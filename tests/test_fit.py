"""A batch size that fits is found by real training; what counts as too little memory is known by its error."""

from __future__ import annotations

import errno
import gc
import io
import json
import os
import weakref

import pytest

from byol_core import fit
from byol_core.config import build
from byol_core.errors import LabError

SMALL = {"data.limit": 60, "data.image_size": 8, "network.encoder": "conv-classroom", "runtime.threads": 1, "steps": 1}


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("MPS backend out of memory"),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        LabError("Process 2 of 2 failed: OutOfMemoryError: CUDA out of memory."),
    ],
)
def test_too_little_memory_is_known_by_its_error(error):
    assert fit.is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2"), OSError(errno.ENOSPC, "full"), ValueError("bad_alloc")]
)
def test_other_errors_are_none_of_memory(error):
    assert not fit.is_out_of_memory(error)


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
    assert fit.sizes(build({}, changes), below) == sizes


def test_all_sizes_that_fit_are_named_by_the_program(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(build({}, SMALL).model_dump(mode="json"))))
    monkeypatch.setattr(fit, "_go_first", lambda: None)  # not this process, should the machine run out of memory
    assert fit.main(["20"]) == 0
    assert capsys.readouterr().out.split() == ["2", "5", "10"]


def test_who_wants_to_stop_need_not_wait_for_it():
    assert fit.largest_batch(build({}, SMALL), 8, stop=lambda: True) is None


def test_where_nothing_smaller_is_possible_nothing_is_started(monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a process was started"))
    assert fit.largest_batch(build({}, SMALL), 2) is None


def test_what_a_failed_computation_held_is_given_back():
    class Large:
        pass

    def compute():
        large = Large()
        seen.append(weakref.ref(large))
        raise MemoryError

    seen: list[weakref.ref[Large]] = []
    try:
        compute()
    except MemoryError as caught:
        error = caught
    gc.collect()
    assert seen[0]() is not None
    fit.let_go(error)
    assert seen[0]() is None
