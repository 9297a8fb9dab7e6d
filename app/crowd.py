"""How often a page looks again: often for one viewer, more seldom for a class, so that the training keeps its cores."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from app import state

P = ParamSpec("P")

# While something happens, the page of a single viewer looks again this often.
SECONDS = 1.5
# So many tabs may look that often; with twice as many, each looks half as often.
TABS = 8
# A tab that has not looked for so many of its own turns is gone.
GONE = 4


class Crowd:
    """The tabs of this server that look at something live."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}

    def seconds(self, tab: str, now: float) -> float:
        """How long this tab, which looks just now, should wait before it looks again."""
        with self._lock:
            self._seen[tab] = now
            oldest = now - GONE * pause(len(self._seen))
            self._seen = {other: at for other, at in self._seen.items() if at >= oldest}
            return pause(len(self._seen))


def pause(tabs: int) -> float:
    """Seconds between two looks of each of so many tabs."""
    return SECONDS * math.ceil(max(1, tabs) / TABS)


@st.cache_resource(show_spinner=False)
def _crowd() -> Crowd:
    return Crowd()


def pulse() -> float:
    """Seconds until this tab should look again."""
    tab = st.session_state.setdefault("tab", uuid.uuid4().hex)
    return _crowd().seconds(tab, time.monotonic())


def live(active: bool = True, slow: float = 1.0) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A part of a page that is drawn anew by itself as often as is right for so many viewers; once when not ``active``.

    ``slow``: so many times more seldom than a part where something happens. A home, disk or database that fails is one
    sentence in its place.
    """
    seconds = slow * pulse() if active else None

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @st.fragment(run_every=seconds)
        @state.in_words()
        @wraps(draw)
        def part(*args: P.args, **kwargs: P.kwargs) -> None:
            if seconds and not _keeps_pace(seconds / slow):
                st.rerun()
            draw(*args, **kwargs)

        return part

    return decorate


def _keeps_pace(seconds: float) -> bool:
    """Whether a part that looks every so many seconds does so about as often as it should."""
    return seconds / 1.4 <= pulse() <= 1.4 * seconds
