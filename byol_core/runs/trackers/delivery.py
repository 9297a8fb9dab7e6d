"""The line to one tracker: a thread that opens it, hands on what waits, and tries again later when that fails."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from byol_core.events import MetricRow
from byol_core.messages import Message
from byol_core.runs.run import Run

# Seconds until a tracker that failed is tried again, and between two deliveries.
RETRY, PAUSE = 15.0, 1.0
_WHO = re.compile(r"(\w+://)[^/\s]+@")  # name and password in an address: the log is for others' eyes, too


@dataclass(frozen=True)
class Ending:
    """How a run ended: its state, its sentence, and the numbers of its summary."""

    state: str
    message: str
    summary: Mapping[str, Any]

    def numbers(self) -> dict[str, float]:
        """The numbers of the summary, as ``final/knn_accuracy``: those are of the test images, unlike the curves."""
        found = {key: value for key, value in self.summary.items() if not isinstance(value, bool)}
        return {f"final/{key}": float(value) for key, value in found.items() if isinstance(value, int | float)}


class Tracker(Protocol):
    """An open tracker; whatever it raises is told, and tried again."""

    def add(self, rows: Sequence[MetricRow]) -> None:
        """Take rows, in order; some may come twice, when they failed before."""

    def end(self, ending: Ending) -> None:
        """Take how the run ended, and close."""


class Line:
    """What one tracker of a run has still to be told.

    The rows that wait stay in memory: a training logs about five thousand steps at most (``training.trainer``).
    """

    def __init__(self, name: str, run: Run, tell: Callable[[str], None]) -> None:
        self.name, self.run, self.tell = name, run, tell
        self._waiting: list[MetricRow] = []
        self._ending: Ending | None = None
        self._tracker: Tracker | None = None
        self._troubled = self._done = False
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the tracker is opened on the thread."""
        self._thread.start()

    def add(self, rows: Sequence[MetricRow]) -> None:
        """Take rows, at once."""
        with self._lock:
            self._waiting.extend(rows)

    def close(self, ending: Ending) -> None:
        """Tell how the run ended; :meth:`wait` waits for it."""
        self._ending = ending
        self._over.set()

    def wait(self, until: float) -> None:
        """Wait until that moment of the monotonic clock for all to be told, and say what could not be."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive() and not self._done:
            self.tell(Message("{name} does not answer, and may lack the end of this run.", name=self.name))

    def _serve(self) -> None:
        pause = PAUSE
        while not self._done:
            last = self._over.wait(pause)
            try:
                self._deliver(last)
                self._troubled, pause = False, PAUSE
            except ModuleNotFoundError:
                self._done = True
                self.tell(
                    Message(
                        "{name} is not installed, so this run is not mirrored there: {command}",
                        name=self.name,
                        command=how_to_install(self.name),
                    )
                )
            except Exception as error:  # whatever a package or its server makes of it: the training goes on
                self._complain(error, last)
                self._tracker = None  # a writer that failed once may fail for ever: the next try opens it again
                pause = RETRY
            self._done = self._done or last

    def _complain(self, error: Exception, last: bool) -> None:
        """Once in a row of failures, and once more when there is no other try."""
        if last or not self._troubled:
            lines = str(error).strip().splitlines() or [""]
            why = _WHO.sub(r"\1", lines[0])
            self.tell(self._complaint(f"{type(error).__name__}: {why}", last))
        self._troubled = True

    def _complaint(self, reason: str, last: bool) -> str:
        if last:
            return Message(
                "{name} did not accept the data of the run ({reason}), so it lacks the end of this run.",
                name=self.name,
                reason=reason,
            )
        return Message(
            "{name} did not accept the data of the run ({reason}), and is tried again; the training goes on.",
            name=self.name,
            reason=reason,
        )

    def _deliver(self, last: bool) -> None:
        if self._tracker is None:
            self._tracker = open_tracker(self.name, self.run)
        with self._lock:
            rows = list(self._waiting)
        if rows:
            self._tracker.add(rows)
            with self._lock:
                del self._waiting[: len(rows)]
        if last and self._ending is not None:
            self._tracker.end(self._ending)


def open_tracker(name: str, run: Run) -> Tracker:
    """The tracker of that name with this run in it, new or as an earlier attempt left it; ModuleNotFoundError."""
    tracker: Tracker = import_module(f"byol_core.runs.trackers.{name}").open_run(run)
    return tracker


def how_to_install(name: str) -> str:
    """The command that installs an extra of the lab."""
    return f"pip install 'byol-lab[{name}]'"


class Seen:
    """Which steps of each curve a tracker has, so that a run that was resumed does not tell them twice."""

    def __init__(self, last: Callable[[str], int]) -> None:
        self._ask = last
        self._last: dict[str, int] = {}

    def fresh(self, row: MetricRow) -> dict[str, float]:
        """The values of a row that are later than what is there."""
        return {key: value for key, value in row.values.items() if row.step > self._of(key)}

    def note(self, rows: Sequence[MetricRow]) -> None:
        """These are there now."""
        for row in rows:
            self._last |= {key: max(row.step, self._of(key)) for key in row.values}

    def _of(self, key: str) -> int:
        if key not in self._last:
            self._last[key] = self._ask(key)
        return self._last[key]
