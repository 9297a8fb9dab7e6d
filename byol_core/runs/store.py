"""The run store: every run of a home, its state, its queue and its curves. Only the store changes a state.

A change happens inside a transaction that checks the state before, so that two processes never both succeed.
"""

from __future__ import annotations

import errno
import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.exc import DBAPIError

from byol_core.config import RunConfig, build
from byol_core.data.catalog import find
from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, MetricRow, Progress
from byol_core.runs import folder, metrics, names, queries, row_texts
from byol_core.runs.repair import repair, seen
from byol_core.runs.run import IN_WORDS, LIVE, NEVER_STARTED, RESUMABLE, TRANSITIONS, Run
from byol_core.runs.schema import FILE, PATIENCE, READ, facts, open_engine, runs
from byol_core.system import checks, paths, processes
from byol_core.system.files import because, reaches_size_limit
from byol_core.weights import sources

# How old the last look at the processes may be before a reader looks again.
REPAIR_SECONDS = 1.0


class RunStore:
    """All runs of one home. Cheap to make, safe to share between threads, and any number of processes may use it."""

    def __init__(self, home: str | Path | None = None, url: str | None = None) -> None:
        checks.kind("home", home, (str, Path, type(None)), "a folder")
        self.home = Path(home or paths.home()).expanduser().resolve()
        self.url = url or os.environ.get("BYOL_LAB_DATABASE") or None
        self.engine = open_engine(self.home, self.url)
        self._reader = self.engine.execution_options(**{READ: True})
        self._repaired = -math.inf

    # Reading

    def get(self, ref: str, *, deleted: bool = False) -> Run:
        """The run of that id, unique beginning of an id, or unique name; InputError otherwise.

        ``deleted``: look in the trash, where nothing else looks.
        """
        self._repair_when_due()
        with self.reading() as connection:
            run = queries.find(connection, ref, self.home, deleted)
        return self._as_they_are([run])[0]

    def runs(self, limit: int | None = None, *, archived: bool | None = False) -> list[Run]:
        """The runs, newest first: without those put into the archive, only those, or (None) both; never the trash."""
        self._repair_when_due()
        query = select(runs).where(queries.KEPT)
        if archived is not None:
            query = query.where(runs.c.archived.is_not(None) if archived else runs.c.archived.is_(None))
        return self._as_they_are(
            self._select(query.order_by(runs.c.created.desc(), runs.c.position.desc()).limit(limit))
        )

    def queue(self) -> list[Run]:
        """The waiting runs, in the order in which they will start."""
        return self._select(select(runs).where(runs.c.state == "queued", queries.KEPT).order_by(*queries.TURN))

    def queue_here(self) -> list[Run]:
        """The waiting runs of this home: in a database of several, a run starts only where its folder is."""
        return [run for run in self.queue() if self.is_here(run.run_id)]

    def is_here(self, run_id: str) -> bool:
        """Whether the run is of this home: in a database of several homes, the one that has its folder."""
        return self.url is None or (self.home / run_id).is_dir()

    def is_elsewhere(self, run: Run) -> bool:
        """Whether the run is of another machine's home; where nobody can tell, it is not."""
        return run.host not in ("", queries.HOST) and not self.is_here(run.run_id)

    def live_here(self) -> list[Run]:
        """The starting and running runs of this machine, as the rows say."""
        mine = runs.c.host == queries.HOST
        return self._select(select(runs).where(runs.c.state.in_(LIVE), mine).order_by(runs.c.started))

    def stop_requested(self, run_id: str) -> bool:
        """Whether the run was asked to stop; a deleted run was."""
        with self.reading() as connection:
            flag = connection.scalar(select(runs.c.stop_requested).where(runs.c.run_id == run_id))
        return flag is None or bool(flag)

    # Making and removing

    def settled(self, config: RunConfig) -> RunConfig:
        """The settings as a worker in another folder finds what they name; InputError when it is not there."""
        return sources.settled(with_whole_path(config), self.home, lambda ref: self.get(ref).run_id)

    def create(self, config: RunConfig, *, name: str = "", preset: str | None = None, here: bool = False) -> Run:
        """A queued run with its folder; ``here`` claims it for this process at once, so that no supervisor takes it."""
        run_id = queries.new_id()
        home = self.home / run_id
        tree = self.settled(config).model_dump(mode="json")
        folder.create(home, tree)
        try:
            with self.writing() as connection:
                name = queries.checked_name(name) or names.free(connection, config, preset)
                row: dict[str, Any] = {"run_id": run_id, "name": name, "preset": preset, "config": json.dumps(tree)}
                row |= {"state": "queued", "created": time.time(), "position": queries.next_position(connection)}
                row |= {"host": queries.HOST}
                connection.execute(runs.insert().values(**row))
                if here:
                    queries.claim(connection, run_id, processes.identity(), "")
                return self._one(connection, run_id)
        except BaseException:
            folder.throw_away(home)
            folder.empty_trash(self.home)
            raise

    def clone(self, ref: str, changes: Mapping[str, Any] = {}, *, name: str = "") -> Run:
        """A new queued run with the same settings, some of them changed by dotted key."""
        run = self.get(ref)
        if not name and not (changes and run.preset):  # else it is named by what differs from the preset
            with self.reading() as connection:
                name = queries.free_name(connection, f"{run.name}-clone")
        return self.create(build(run.config, changes), name=name, preset=run.preset)

    def rename(self, ref: str, name: str) -> Run:
        """Give the run another name."""
        checked = queries.checked_name(name)
        if not checked:
            raise InputError("The name of a run should not be empty.")
        run = self.get(ref)
        with self.writing() as connection:
            connection.execute(runs.update().where(runs.c.run_id == run.run_id).values(name=checked))
            return self._one(connection, run.run_id)

    def delete(self, ref: str) -> None:
        """Remove a run, its curves and its folder; refused while it is being worked on."""
        run = self.get(ref)
        self.refuse_elsewhere([run])
        with ExitStack() as undo, self.writing() as connection:
            if not queries.remove(connection, run.run_id, runs.c.state.not_in(LIVE)):
                raise InputError(
                    "The run '{name}' is {state}; stop it before deleting it.",
                    name=run.name,
                    state=run.state_in_words,
                )
            undo.enter_context(_thrown_away(run.folder))
        folder.empty_trash(self.home)

    def refuse_elsewhere(self, found: Sequence[Run], *, to_resume: bool = False) -> None:
        """InputError for a run of another machine, which alone can delete its files (or resume it)."""
        run = next(filter(self.is_elsewhere, found), None)
        if run is None:
            return
        where: dict[str, Any] = {"name": run.name, "host": run.host}
        if to_resume:
            raise InputError("The files of the run '{name}' are on the machine '{host}'; resume it there.", **where)
        raise InputError("The files of the run '{name}' are on the machine '{host}'; delete it there.", **where)

    # States

    def move(self, run_id: str, to: str, *, message: str = "") -> Run:
        """Change the state, when that change exists and nobody else was faster; InputError otherwise."""
        with self.writing() as connection:
            run = self._one(connection, run_id)
            if to not in TRANSITIONS[run.state]:
                raise InputError(
                    "The run '{name}' is {state}; it cannot become {other}.",
                    name=run.name,
                    state=run.state_in_words,
                    other=IN_WORDS.get(to, to),
                )
            if not queries.change(connection, run, to, message):
                raise LabError("The run '{name}' changed at the same moment; try again.", retryable=True, name=run.name)
            return self._one(connection, run_id)

    def claim(self, run_id: str, process: tuple[int, float] | None = None, device: str = "") -> Run | None:
        """Take a queued run of this home to start it, as a new attempt; None when somebody else was faster."""
        with self.writing() as connection:
            taken = self.is_here(run_id) and queries.claim(connection, run_id, process, device)
            return self._one(connection, run_id) if taken else None

    def set_process(self, run_id: str, process: tuple[int, float]) -> None:
        """Say which process (pid, create time) works on a live run."""
        values = {"pid": process[0], "pid_created": process[1], "host": queries.HOST}
        self._update_live(run_id, values)

    def correct(self, seen: Run, to: str, message: str) -> Run | None:
        """Move a stale run, unless its row is not the one that was seen any more."""
        with self.writing() as connection:
            run = self._one(connection, seen.run_id)
            same = (run.state, run.attempt, run.pid) == (seen.state, seen.attempt, seen.pid)
            if not (same and queries.change(connection, run, to, message)):
                return None
            return self._one(connection, run.run_id)

    def request_stop(self, ref: str) -> Run:
        """Ask a run to stop: a waiting one does at once, a live one after its checkpoint."""
        run = self.get(ref)
        with self.writing() as connection:
            run = queries.one(connection, run.run_id, self.home, lock=True)
            if run.state == "queued":
                queries.change(connection, run, "stopped", NEVER_STARTED)
            elif run.state in LIVE:
                flag = {"stop_requested": True, "stop_requested_at": run.stop_requested_at or time.time()}
                connection.execute(runs.update().where(runs.c.run_id == run.run_id).values(**flag))
            else:
                raise InputError(
                    "The run '{name}' is {state}; there is nothing to stop.", name=run.name, state=run.state_in_words
                )
            return self._one(connection, run.run_id)

    def resume(self, ref: str) -> Run:
        """Put a stopped, failed or interrupted run back into the queue; it goes on from its last checkpoint."""
        run = self.get(ref)
        if run.state == "finished":
            raise InputError("The run '{name}' is finished; clone it to train again.", name=run.name)
        if run.state not in RESUMABLE:
            raise InputError(
                "The run '{name}' is {state}; there is nothing to resume.", name=run.name, state=run.state_in_words
            )
        self.refuse_elsewhere([run], to_resume=True)
        if not self.is_here(run.run_id):
            raise InputError(
                "The folder of the run '{name}' is not in this home; clone it to train again.", name=run.name
            )
        return self.move(run.run_id, "queued")

    # Progress and curves

    def set_config(self, run_id: str, attempt: int, config: RunConfig) -> None:
        """Say with which settings a live run goes on, after some fitted themselves to its set."""
        values = {"config": json.dumps(config.model_dump(mode="json"))}
        with self.writing() as connection:
            mine = (runs.c.run_id == run_id, runs.c.attempt == attempt, runs.c.state.in_(LIVE))
            connection.execute(runs.update().where(*mine).values(**values))

    def set_progress(self, run_id: str, progress: Progress) -> None:
        """How far the run is; also its heartbeat. Before the training knows its length, what was known stays."""
        names = ("step", "total_steps", "epoch", "images_per_second", "seconds_left")
        values = {name: getattr(progress, name) for name in names if progress.total_steps}
        values |= {"slowed_by": progress.slowed_by or None, "heartbeat": time.time()}
        self._update_live(run_id, values, phase=progress.phase)

    def set_alarm(self, run_id: str, alarm: Alarm | None) -> None:
        """Say what is unhealthy about a live run; None: all is well again."""
        if alarm is None:
            self._update_live(run_id, queries.NO_ALARM)
            return
        values = {"alarm_kind": alarm.kind, "alarm_space": alarm.space or None}
        self._update_live(run_id, values, alarm=alarm.text)

    def add_metrics(self, run_id: str, attempt: int, logged: Sequence[MetricRow]) -> None:
        """Log rows of one attempt, in one transaction."""
        with self.writing() as connection:
            metrics.add(connection, run_id, attempt, logged)

    def metric_keys(self, run_id: str) -> list[str]:
        """The names of the curves that the run has."""
        with self.reading() as connection:
            return metrics.keys(connection, run_id)

    def series(
        self, run_id: str, key: str, *, after_step: int = -1, max_points: int = 2000
    ) -> list[tuple[int, float, float, float]]:
        """Points (step, epoch, seconds, value) of one curve after a step, thinned with highs and lows kept."""
        with self.reading() as connection:
            return metrics.series(connection, run_id, key, after_step, max_points)

    def latest(self, run_id: str, key: str) -> tuple[int, float, float, float] | None:
        """The last point of one curve."""
        with self.reading() as connection:
            return metrics.latest(connection, run_id, key)

    def curves(
        self, run_id: str, after_steps: Mapping[str, int], *, max_points: int = 2000
    ) -> dict[str, list[tuple[int, float, float, float]]]:
        """Several curves as :meth:`series`, each from after a step of its own on, as they all were at one moment."""
        with self.reading() as connection:
            return metrics.many(connection, run_id, after_steps, max_points)

    def last_values(self, run_id: str, keys: Sequence[str]) -> dict[str, float]:
        """The last value of each of these curves that the run has."""
        with self.reading() as connection:
            return metrics.last_values(connection, run_id, keys)

    def sparkline(self, run_ids: Sequence[str], key: str = "loss", points: int = 30) -> dict[str, list[float]]:
        """A few means along the curve of each run, in one query."""
        with self.reading() as connection:
            return metrics.sparklines(connection, run_ids, key, points)

    # Facts about the home

    def fact(self, key: str) -> str | None:
        """A remembered fact about this home."""
        with self.reading() as connection:
            return connection.scalar(select(facts.c.value).where(facts.c.key == key))

    # Transactions

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the store and never waits for a writer."""
        with self._in_words(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, patience: float | None = None) -> Iterator[Connection]:
        """A transaction that is written whole, or not at all when an exception leaves it.

        ``patience``: seconds to wait for another writer, where the usual ones are too many.
        """
        engine = self.engine if patience is None else self.engine.execution_options(**{PATIENCE: patience})
        with self._in_words(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """A failing database (disk full, file gone, server away) as one sentence."""
        try:
            yield
        except DBAPIError as error:
            reason = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
            if self.url is None and reaches_size_limit(*self.home.glob(f"{FILE}*")):
                reason = because(OSError(errno.EFBIG, reason))  # to SQLite any failed write is one of the disk
            raise LabError("The run store cannot be used ({reason}).", retryable=True, reason=reason) from error

    def _one(self, connection: Connection, run_id: str) -> Run:
        return queries.one(connection, run_id, self.home)

    def _select(self, query: Select[Any]) -> list[Run]:
        with self.reading() as connection:
            return queries.fetch(connection, query, self.home)

    def _update_live(self, run_id: str, values: Mapping[str, Any], **texts: str) -> None:
        with self.writing() as connection:
            live = (runs.c.run_id == run_id, runs.c.state.in_(LIVE))
            said = row_texts.changed(connection, run_id, **texts)
            connection.execute(runs.update().where(*live).values(**values, **said))

    def _repair_when_due(self) -> None:
        if time.monotonic() - self._repaired >= REPAIR_SECONDS:
            self._repair()

    def _repair(self) -> None:
        self._repaired = time.monotonic()
        with suppress(LabError):  # reading must work on a full or read-only disk
            repair(self)

    def _as_they_are(self, found: list[Run]) -> list[Run]:
        """The runs as their processes say; what is not true any more is corrected in the store, where that can be."""
        if seen(found) == found:
            return found
        self._repair()
        # Read again: a worker that wrote its end and left, between the row and the look at its process, did end so.
        ids = [run.run_id for run in found if run.live]
        now = {run.run_id: run for run in self._select(select(runs).where(runs.c.run_id.in_(ids)))}
        return seen([now.get(run.run_id, run) for run in found])


def with_whole_path(config: RunConfig) -> RunConfig:
    """Images at a relative path under their whole one: the worker runs in another folder."""
    source = config.data.source
    with suppress(OSError, ValueError):  # not a path at all: loading says so
        path = paths.typed(source)
        if find(source) is None and path.exists():
            return config.changed(**{"data.source": str(path.resolve())})
    return config


@contextmanager
def _thrown_away(path: Path) -> Iterator[None]:
    """Out of the way what belongs to a row that goes, and back again when the row stays after all."""
    try:
        away = folder.throw_away(path)
    except OSError as error:
        raise LabError(
            "The folder '{folder}' cannot be removed ({reason}).", folder=path, reason=error.strerror
        ) from None
    try:
        yield
    except BaseException:
        with suppress(OSError):
            away.rename(path)
        raise
