"""Running out of memory: how it is told from other failures, and how a process gives back what it held."""

from __future__ import annotations

import ctypes
import errno
import gc
import sys
import traceback
from contextlib import suppress

from byol_core.errors import LabError

# How the allocators of torch, its backends and the C++ library say it in a RuntimeError.
_WORDS = (
    "out of memory",
    "not enough memory",
    "t allocate memory",  # can't, cannot
    "unable to mmap",
    "bad_alloc",
    "outofmemoryerror",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Python's MemoryError, torch's OutOfMemoryError, what other allocators raise, or the word of another rank."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    text = str(error).lower()
    return isinstance(error, RuntimeError | LabError) and any(word in text for word in _WORDS)


def let_go(error: BaseException) -> None:
    """Give the memory back that a failed computation holds: its variables live on in the traceback."""
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
