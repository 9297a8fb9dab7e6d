"""What was computed lately, kept in this process under the name of its content; pages of several people share it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """At most ``count`` values by their key; what was used longest ago goes first."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def make(self, key: Hashable, maker: Callable[[], T]) -> T:
        """What is kept under that key, made when there is nothing; two at once may both make it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = maker()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self.count:
                self._values.popitem(last=False)
        return value
