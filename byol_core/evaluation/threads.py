"""One thread for small work: threads that meet every millisecond wait for the busiest core, and it takes longer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from byol_core.system import threads

_LARGE = 2**28  # multiplications between two meetings


@contextmanager
def as_many_as_pay(multiplications: int) -> Iterator[None]:
    """Let torch compute with one CPU thread inside, unless so many multiplications at a time are worth more."""
    if multiplications >= _LARGE:
        yield
        return
    with threads.only_one():
        yield
