"""What a handler works with: it tells how far it is, hears a wish to stop, shows parts, and keeps things warm."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache

from byol_core.events import StopAsked
from byol_core.jobs import arrays
from byol_core.jobs.arrays import Answer
from byol_core.jobs.request import JobFiles

# How often the request is read again while somebody works on it.
_LOOK_SECONDS = 0.3
# Nobody sees more than so many parts a second, and each is a write to the disk.
_PARTIAL_SECONDS = 0.3
_TELL_SECONDS = 0.1

Tell = Callable[[float, str], None]  # the share that is done, 0 to 1, and what goes on
Told = Callable[[float], None]  # the share of a part that is done; raises StopAsked


class Yield(Exception):
    """Raised by a handler that has kept its work so far: a more urgent job first, then this one again."""


class LruCache(LRUCache[Hashable, Any]):
    """Warm things by their key: encoders, fitted models. At most ``count``; what was used longest ago goes first."""

    def __init__(self, count: int = 8) -> None:
        super().__init__(count)

    def put(self, key: Hashable, value: Any) -> Any:
        """Keep something, and give it back."""
        self[key] = value
        return value

    def make(self, key: Hashable, maker: Callable[[], Any]) -> Any:
        """What is kept under that key, made when there is nothing."""
        found = self.get(key)
        return self.put(key, maker()) if found is None else found


@dataclass
class JobContext:
    """``tell`` takes how far it is; ``called_off``: whether nobody waits any more; ``others``: whether something more
    urgent waits; ``asked``: when, in nanoseconds since 1970."""

    files: JobFiles
    tell: Tell
    memory: LruCache
    called_off: Callable[[], bool]
    others: Callable[[], bool] = lambda: False
    asked: int = 0
    _heard: bool = field(default=False, init=False)
    _looked: float = field(default=-math.inf, init=False)
    _shown: float = field(default=-math.inf, init=False)

    def progress(self, share: float, message: str) -> None:
        """Say how far it is (``share`` 0 to 1); raises StopAsked when nobody waits any more."""
        self.check()
        self.tell(share, message)

    def stop(self) -> bool:
        """Whether to end: looked up a few times a second however often it is asked; once yes, always yes."""
        if not self._heard and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._heard = self.called_off() or not self.files.folder.is_dir()
        return self._heard

    def check(self) -> None:
        """Raise StopAsked when nobody waits any more."""
        if self.stop():
            raise StopAsked

    def partial(self, found: Answer, *, always: bool = False) -> None:
        """Show what there is so far, a few times a second at most unless ``always``; where it cannot be written, the
        work goes on."""
        if always or time.monotonic() - self._shown > _PARTIAL_SECONDS:
            with suppress(OSError):
                arrays.save(self.files.partial, found)
            self._shown = time.monotonic()

    def inputs(self) -> dict[str, Any]:
        """The arrays that came with the request; empty when none did, or they cannot be read."""
        found = arrays.read(self.files.inputs)
        return {} if found is None else dict(found.arrays)


def no_one(share: float) -> None:
    """Nobody wants to know."""


class JobProgress:
    """Part of the work, from ``start`` to ``end`` of the whole: the one object that every loop calls with the share of
    its part that is done."""

    def __init__(self, tell: Tell, stop: Callable[[], bool]) -> None:
        self._tell, self._stop = tell, stop
        self._start, self._end, self.message = 0.0, 1.0, ""
        self._told = [0.0]  # when, shared with all parts

    def part(self, start: float, end: float, message: str) -> JobProgress:
        """A part of this part, which is told under another message."""
        inner = JobProgress(self._tell, self._stop)
        inner._start, inner._end, inner.message = self._at(start), self._at(end), message
        inner._told = self._told
        inner(0.0)
        return inner

    def _at(self, share: float) -> float:
        return self._start + (self._end - self._start) * min(1.0, max(0.0, share))

    def __call__(self, share: float) -> None:
        """Tell it, a few times a second; StopAsked when somebody wants to stop."""
        if self._stop():
            raise StopAsked
        now = time.perf_counter()
        if now - self._told[0] >= _TELL_SECONDS or share == 0:
            self._told[0] = now
            self._tell(self._at(share), self.message)
