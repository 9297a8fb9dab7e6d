"""What a process that serves for long does when something fails: say it once, go on, and say when it is over."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from byol_core.errors import LabError

# After failing for so long without a break, nothing is hoped for any more.
PATIENCE_SECONDS = 3600.0


class Trouble:
    """Says what goes wrong once, and once when it is over: a log that fills a full disk helps nobody."""

    def __init__(self) -> None:
        self._said, self._since = "", 0.0

    def without(self, action: Callable[..., bool], *arguments: Any) -> bool:
        """What the action says; when it fails, whether there is still hope."""
        try:
            found = action(*arguments)
        except Exception as error:  # a full disk, a store that somebody else holds: the next look may find it over
            self._say(str(error) if isinstance(error, LabError | OSError) else traceback.format_exc())
            return time.monotonic() - self._since < PATIENCE_SECONDS
        if self._said:
            say("All is well again.")
        self._said = ""
        return found

    def _say(self, text: str) -> None:
        if not self._said:
            self._since = time.monotonic()
        if text != self._said:
            say(text)
        self._said = text


def say(text: str) -> None:
    """A line for supervisor.log, when there is room."""
    with suppress(OSError, ValueError):
        print(time.strftime("%F %T"), text, flush=True)
