"""Running out of memory: how to recognize it, and how to release what a failed computation holds."""

from __future__ import annotations

import ctypes
import errno
import gc
import sys
import traceback
from contextlib import suppress

from byol_core.errors import LabError

# What the allocators of torch, its backends and the C++ library write into a RuntimeError.
_WORDS = (
    "out of memory",
    "not enough memory",
    "t allocate memory",  # can't, cannot
    "unable to mmap",
    "bad_alloc",
    "outofmemoryerror",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error is a MemoryError, torch's OutOfMemoryError, or what other allocators or another rank report."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    text = str(error).lower()
    return isinstance(error, RuntimeError | LabError) and any(word in text for word in _WORDS)


def let_go(error: BaseException) -> None:
    """Release the memory that a failed computation holds: its local variables are kept alive by the traceback."""
    seen: BaseException | None = error
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    with suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
