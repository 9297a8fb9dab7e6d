"""What counts as too little memory is known by its error, and what a failed computation held is given back."""

from __future__ import annotations

import errno
import gc
import os
import weakref

import pytest

from byol_core.errors import LabError
from byol_core.system.out_of_memory import is_out_of_memory, let_go


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
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2"), OSError(errno.ENOSPC, "full"), ValueError("bad_alloc")]
)
def test_other_errors_are_none_of_memory(error):
    assert not is_out_of_memory(error)


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
    let_go(error)
    assert seen[0]() is None
