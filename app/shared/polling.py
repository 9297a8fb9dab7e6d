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

from app.shared import address, state

P = ParamSpec("P")

# While something happens, the page of a single viewer looks again this often.
SECONDS = 1.5
# So many tabs may look that often; with twice as many, each looks half as often.
TABS = 8
# Where nothing goes on, a page looks so many times more seldom: something may begin elsewhere.
IDLE = 7.0
# A tab that has not looked for so many of its own turns is gone.
GONE = 4


class Crowd:
    """The tabs of this server that look at something live, each with how much more seldom it does so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gone: dict[tuple[str, float], float] = {}  # from when on a tab that does not look again is gone

    def seconds(self, tab: str, now: float, slow: float = 1.0) -> float:
        """How long this tab, which looks just now, should wait before it looks again."""
        with self._lock:
            self._gone = {other: gone for other, gone in self._gone.items() if gone >= now}
            self._gone[tab, slow] = now
            wait = slow * pause(sum(1 / slow for _, slow in self._gone))
            self._gone[tab, slow] += GONE * wait
            return wait


def pause(tabs: float) -> float:
    """Seconds between two looks of each of so many tabs; one that looks more seldom is a part of a tab."""
    return SECONDS * math.ceil(round(max(1.0, tabs) / TABS, 6))


@st.cache_resource(show_spinner=False)
def _crowd() -> Crowd:
    return Crowd()


def pulse(slow: float = 1.0) -> float:
    """Seconds until this tab should look again."""
    tab = st.session_state.setdefault("tab", uuid.uuid4().hex)
    return _crowd().seconds(tab, time.monotonic(), slow)


def live(active: bool = True, slow: float = 1.0) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A part of a page that is redrawn by itself as often as is right for so many viewers; once when not ``active``.

    ``slow``: so many times more seldom than a part where something happens. A home, disk or database that fails is one
    sentence in its place.
    """
    seconds = pulse(slow) if active else None

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @st.fragment(run_every=seconds)
        @state.in_words()
        @wraps(draw)
        def part(*args: P.args, **kwargs: P.kwargs) -> None:
            address.catch_up()  # the page may be redrawn from here
            if seconds and not seconds / 1.4 <= pulse(slow) <= 1.4 * seconds:
                st.rerun()
            draw(*args, **kwargs)

        return part

    return decorate
