"""What the warm process lends to whoever answers a question: a voice, an ear, a place for parts, and a memory."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from byol_core.events import StopAsked
from byol_core.jobs import arrays
from byol_core.jobs.arrays import Answer
from byol_core.jobs.request import Desk
from byol_core.jobs.status import Reporter

# How often the request is read again while it is answered.
_LOOK_SECONDS = 0.3
# Nobody sees more than so many parts a second, and each is a write to the disk.
_PARTIAL_SECONDS = 0.3


class Postponed(Exception):
    """Raised by whoever answers, with the work so far kept by itself: another question first, then this one again."""


class Memory:
    """Warm things by their key: encoders, fitted models. At most ``count``; what was used longest ago goes first."""

    def __init__(self, count: int = 8) -> None:
        self.count = count
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """What is kept under that key; None when there is nothing."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Hashable, value: Any) -> Any:
        """Keep something, and give it back."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        while len(self._kept) > self.count:
            self._kept.popitem(last=False)
        return value

    def make(self, key: Hashable, maker: Callable[[], Any]) -> Any:
        """What is kept under that key, made when there is nothing."""
        found = self.get(key)
        return self.put(key, maker()) if found is None else found

    def drop(self, key: Hashable) -> None:
        """Give one thing back, if it is there."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Give it all back, as when the memory was not enough."""
        self._kept.clear()


@dataclass
class Tools:
    """``called_off``: whether nobody waits any more; ``others``: whether something more urgent waits."""

    desk: Desk
    reporter: Reporter
    memory: Memory
    called_off: Callable[[], bool]
    others: Callable[[], bool] = lambda: False
    _heard: bool = field(default=False, init=False)
    _looked: float = field(default=-math.inf, init=False)
    _kept: float = field(default=-math.inf, init=False)

    def progress(self, share: float, message: str) -> None:
        """Say how far it is (``share`` 0 to 1); raises StopAsked when nobody waits any more."""
        self.check()
        self.reporter.say(share, message)

    def stop(self) -> bool:
        """Whether to end: looked up a few times a second however often it is asked; once yes, always yes."""
        if not self._heard and time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._heard = self.called_off() or not self.desk.folder.is_dir()
        return self._heard

    def check(self) -> None:
        """Raise StopAsked when nobody waits any more."""
        if self.stop():
            raise StopAsked

    def partial(self, found: Answer) -> None:
        """Show what there is so far, a few times a second at most; where it cannot be written, the work goes on."""
        if time.monotonic() - self._kept > _PARTIAL_SECONDS:
            with suppress(OSError):
                arrays.save(self.desk.partial, found)
            self._kept = time.monotonic()

    def asked_arrays(self) -> dict[str, Any]:
        """The arrays that came with the question; empty when none did, or they cannot be read."""
        found = arrays.read(self.desk.asked_arrays)
        return {} if found is None else dict(found.arrays)
