"""What the sets of images hold, as the loader lists them: in the background, so that no page waits for a disk."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import streamlit as st
from cachetools import LRUCache

from app.shared import access
from byol_core.data import catalog
from byol_core.data.account import Account
from byol_core.errors import LabError

FRESH_SECONDS = 10.0  # after so long it is looked again whether the images have changed
PATIENCE = 10.0  # times as long as that took last
KEPT = 64
MOST_AT_ONCE = 6  # a disk that does not answer keeps its thread


@dataclass(frozen=True)
class Survey:
    """What is known of a source by now: its account, or why there is none. ``classes``: how many labels it has."""

    account: Account | None = None
    classes: int = 0
    problem: str = ""
    pending: bool = False
    stamp: str = ""

    @property
    def training(self) -> int | None:
        """How many training images there are; None as long as that is not known."""
        return self.account.train if self.account else None


UNKNOWN, PENDING = Survey(), Survey(pending=True)


@dataclass(frozen=True)
class _Kept:
    """A survey and when it is made again, on the monotonic clock."""

    survey: Survey
    again: float


class Surveys:
    """The surveys of this server. What is known is told at once; what may be out of date is looked at meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[str, _Kept] = LRUCache(KEPT)
        self._running: set[str] = set()

    def look(self, source: str) -> Survey:
        """What is known of a path now; it never waits."""
        with self._lock:
            kept = self._kept.get(source)
            due = kept is None or time.monotonic() > kept.again
            if due and source not in self._running and len(self._running) < MOST_AT_ONCE:
                self._running.add(source)
                threading.Thread(target=self._work, args=(source, kept), name="survey", daemon=True).start()
        return PENDING if kept is None else kept.survey

    def _work(self, source: str, kept: _Kept | None) -> None:
        began, found = time.monotonic(), UNKNOWN
        try:
            found = _survey(source, kept.survey if kept else UNKNOWN)
        finally:
            took = time.monotonic() - began
            with self._lock:
                self._running.discard(source)
                self._kept[source] = _Kept(found, time.monotonic() + max(FRESH_SECONDS, PATIENCE * took))


def _survey(source: str, before: Survey) -> Survey:
    """A new survey, or the one before where nothing has changed since."""
    try:
        stamp = catalog.stamp(source)
        if stamp == before.stamp:
            return before
        account = catalog.survey(source)
    except LabError as error:
        return Survey(problem=error.message)
    return Survey(account, len(account.classes), stamp=stamp)


@st.cache_resource(show_spinner=False)
def _surveys() -> Surveys:
    return Surveys()


def look(source: str) -> Survey:
    """What is known of a source now: of a named set what the catalog says, of a path what its listing showed.

    Of paths only a teacher learns anything.
    """
    if entry := catalog.find(source):
        return Survey(catalog.survey(source), entry.classes)
    if not source or not access.is_teacher():
        return UNKNOWN
    return _surveys().look(source)
