"""Rows that say more than is true: a run without a process is interrupted, stopped, or ended as its worker left word.

The supervisor and every reader of the store come here, so that what is shown is true without a supervisor, and also
where nothing can be written. A worker that is there and silent is another matter: :func:`stalled`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, select

from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.runs import metrics, queries, row_texts, unsaved
from byol_core.runs.folder import checkpoint_step
from byol_core.runs.lock import held, hold
from byol_core.runs.run import LIVE, Run
from byol_core.runs.schema import runs
from byol_core.runs.stall import span
from byol_core.system import processes

# Earlier releases took a run from the queue before it had a process; for this long, it may be without one.
STARTING_SECONDS = 30.0
# A worker sends a heartbeat every few seconds, whatever it does.
SILENT_SECONDS = 45.0
# For the store to be free: readers come here too, and a page should not wait. The next one tries again.
PATIENCE_SECONDS = 0.25


class Transactions(Protocol):
    """What is needed of the run store: its home, and its two kinds of transaction."""

    home: Path

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that only reads."""

    def writing(self, *, patience: float | None = None) -> AbstractContextManager[Connection]:
        """A transaction that is written whole or not at all; ``patience``: seconds to wait for another writer."""


def repair(store: Transactions) -> list[Run]:
    """Correct every stale row; the runs that were corrected."""
    with store.reading() as connection:
        live = queries.fetch(connection, select(runs).where(runs.c.state.in_(LIVE)), store.home)
    return [fixed for run in live if _is_stale(run) and (fixed := _correct(store, run))]


def seen(found: list[Run]) -> list[Run]:
    """The runs as they are, also where the store cannot be corrected because its disk is full or read-only."""
    return [replace(run, **_truth(run)) if run.live and _is_stale(run) else run for run in found]


def amend(store: Transactions, run_id: str, attempt: int, state: str, reason: str) -> None:
    """Say why an attempt is in that state, for the one who knows, when a reader came first and could not know."""
    mine = (runs.c.run_id == run_id, runs.c.attempt == attempt, runs.c.state == state)
    with store.writing() as connection:
        connection.execute(runs.update().where(*mine).values(**row_texts.changed(connection, run_id, message=reason)))


def stalled(run: Run, now: float | None = None) -> str:
    """One sentence when a run that is worked on has no heartbeat; one from the future, as clocks are set, is
    one of now."""
    if not run.live:
        return ""
    silent = (time.time() if now is None else now) - (run.heartbeat or run.started or run.created)
    if silent < SILENT_SECONDS:
        return ""
    if run.host != queries.HOST:
        return Message(
            "No heartbeat for {time}: the machine '{host}' or the run's process there may be down.",
            time=span(silent),
            host=run.host,
        )
    return Message(
        "No heartbeat for {time}: its process {pid} is there, but it may be stuck or paused, or unable to write. If it "
        "does not go on, stop the run and resume it.",
        time=span(silent),
        pid=run.pid,
    )


def _is_stale(run: Run) -> bool:
    if run.host != queries.HOST:
        # Another machine's, or this one's under another name. A lock over a network may be a lock of each machine's
        # own, so silence has to agree with it.
        return bool(stalled(run)) and held(run.folder) is False
    if run.pid is None:
        waited = time.time() - (run.started or run.created)
        return not 0 <= waited <= STARTING_SECONDS  # a clock that was set back must not keep it for ever
    return processes.find(run.pid, run.pid_created) is None and not held(run.folder)


def _correct(store: Transactions, run: Run) -> Run | None:
    """Move a stale run, with what its worker left, unless its row is not the one that was seen any more."""
    with suppress(InputError), hold(run, PATIENCE_SECONDS):  # no new worker may begin while the files are taken in
        with store.writing(patience=PATIENCE_SECONDS) as connection:
            found = queries.fetch(connection, select(runs).where(runs.c.run_id == run.run_id), store.home)
            if [_key(now) for now in found] != [_key(run)]:
                return None
            _take_in(connection, run)
            fixed = queries.one(connection, run.run_id, store.home)
        unsaved.forget(run.folder)
        return fixed
    return None


def _key(run: Run) -> tuple[object, ...]:
    return run.state, run.attempt, run.pid, run.pid_created


def _take_in(connection: Connection, run: Run) -> None:
    for attempt, logged in unsaved.unsaved(run.folder).items():
        metrics.add(connection, run.run_id, attempt, logged)
    truth = _truth(run)
    queries.change(connection, run, truth["state"], truth["message"])
    values: dict[str, Any] = {name: truth[name] for name in ("ended", "step", "epoch") if name in truth}
    if "summary" in truth:
        values["summary"] = json.dumps(truth["summary"])
    connection.execute(runs.update().where(runs.c.run_id == run.run_id).values(**values))


def _truth(run: Run) -> dict[str, Any]:
    """What has to be different in the row of a run without a process."""
    gone = {"pid": None, "pid_created": None, "seconds_left": None, "phase": "", "device": "", "ended": _ended(run)}
    left = unsaved.take(run.folder, run.attempt)
    if left is None:
        state, message = _verdict(run)
        return {**gone, "state": state, "message": message}
    return {**gone, "state": left.state, "message": left.message, **_numbers(left.summary)}


def _numbers(summary: Mapping[str, Any]) -> dict[str, Any]:
    if not summary:
        return {}
    reached = {name: summary[key] for name, key in (("step", "steps"), ("epoch", "epochs")) if key in summary}
    return {"summary": dict(summary), **reached}


def _ended(run: Run) -> float:
    """Its last heartbeat: who looks the next morning should not see a run of fourteen hours."""
    now = time.time()
    return min(now, max(run.heartbeat or now, run.started or run.created))


def _verdict(run: Run) -> tuple[str, str]:
    """The state that a run without a process is in, and why."""
    if run.stop_requested:
        return "stopped", Message("Stopped, but without a last checkpoint.")
    what = advice(run)
    if run.pid is None:
        return "interrupted", Message("The process of this run never started; {advice}", advice=what)
    if processes.before_restart(run.pid_created):
        return "interrupted", Message("The machine went down while this run was being worked on; {advice}", advice=what)
    return "interrupted", Message(
        "The process {pid} of this run exited without reporting an error (it was killed, or the memory was not "
        "enough); {advice}",
        pid=run.pid,
        advice=what,
    )


def advice(run: Run) -> str:
    """What to do about an attempt that was interrupted: a sentence after another one and a semicolon."""
    if checkpoint_step(run.folder) is None:
        return Message("resume it to start again from the beginning.")
    return Message("resume it to go on from its last checkpoint.")
