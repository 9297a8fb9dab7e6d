"""How a training's words get into the store: by a thread of its own, so that the training never waits for the store.

Metrics wait in order; of progress and alarms only the newest counts. What a locked or full store does not take is
offered again until it does. Rows are in the run's folder (:mod:`byol_core.runs.unsaved`) before the store has them, so
that not even a killed process loses one. The thread also beats the heart, looks at the machine and at stalls.
"""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from byol_core.config import RunConfig
from byol_core.errors import InputError, LabError
from byol_core.events import Alarm, MetricRow, Progress, TrainingCallback
from byol_core.messages import Message, sentences
from byol_core.runs import folder, queries, system_metrics, unsaved
from byol_core.runs.run import IN_WORDS, Run
from byol_core.runs.schema import runs
from byol_core.runs.stall import StallWatch
from byol_core.runs.store import RunStore

_ROWS = 2000  # in one transaction
_STARTING = Progress(0, 0, 0.0, 0.0, 0.0, Message("loading PyTorch"))
_KEPT = Message("What the training logs is kept until the store takes it.")
_TAKEN_AGAIN = Message("The run store takes what the training logs again.")
_ALL_WELL = "The alarm is over: all is well again."


@dataclass(frozen=True)
class Pace:
    """Seconds between two of the same thing."""

    ask: float = 0.5  # whether to stop; a signal is noticed at once
    beat: float = 5.0  # a heartbeat in the store, whatever the training does
    system: float = 2.0  # looks at the machine
    stalled: float = 30.0  # a stall is told again, with how long it is by then
    retry: float = 5.0  # at most, between two tries at a store that cannot be written
    patience: float = 300.0  # for the store, when the training is over


class StoreCallback:
    """Takes what a training says at once, and writes it into the store and the log as soon as they let it."""

    # What the machine says goes into the store only while not more than this waits; a training never says that much.
    most_system_rows = 5000

    def __init__(
        self,
        store: RunStore,
        run: Run,
        stop: threading.Event,
        also: TrainingCallback | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.store, self.run, self.stop, self.also, self.pace = store, run, stop, also, pace or Pace()
        self.watch = StallWatch()
        self._sampler: system_metrics.Sampler | None = system_metrics.Sampler(
            family=run.config.get("runtime", {}).get("processes", 1) > 1
        )
        self._lock = threading.RLock()
        self._rows: list[MetricRow] = []
        self._progress, self._progress_waits = _STARTING, False
        self._config: RunConfig | None = None  # that waits
        self._alarm: Alarm | None = None  # the training's own
        self._stall: Alarm | None = None
        self._alarm_saved: Alarm | None = None
        self._last: MetricRow | None = None  # says at which step the machine is looked at
        self._beaten = self._sampled = self._stall_told = time.monotonic()
        self._troubled = False
        self._news, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, name="store", daemon=True)

    def __enter__(self) -> StoreCallback:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the training says

    def on_metrics(self, rows: Sequence[MetricRow]) -> None:
        """Take rows: on the disk now, in the store soon."""
        if not rows:
            return
        self.watch.sign()
        with self._lock:
            unsaved.append(self.run.folder, self.run.attempt, rows)
            self._rows.extend(rows)
            self._last = rows[-1]
        self._news.set()
        if self.also:
            self.also.on_metrics(rows)

    def on_progress(self, progress: Progress) -> None:
        """Take how far it is."""
        self.watch.sign(progress.activity or progress.phase)
        with self._lock:
            self._progress, self._progress_waits = progress, True
        self._news.set()
        if self.also:
            self.also.on_progress(progress)

    def on_note(self, text: str) -> None:
        """Take a line for the log."""
        folder.log(self.run.folder, text)
        if self.also:
            self.also.on_note(text)

    def on_settled(self, config: RunConfig) -> None:
        """Take the settings that the run has from now on: into its folder now, into the store soon."""
        folder.write_config(self.run.folder, config.model_dump(mode="json"))
        with self._lock:
            self._config = config
        self._news.set()
        if self.also:
            self.also.on_settled(config)

    def on_alarm(self, alarm: Alarm | None) -> None:
        """Take what is wrong with the run; a stall is told before it, and does not end it."""
        if alarm == self._alarm:
            return
        self._alarm = alarm
        self._news.set()
        self._tell_alarm(alarm)

    def should_stop(self) -> bool:
        """Whether somebody asked for a stop; the store is asked by the thread."""
        self.watch.sign()
        return self.stop.is_set()

    def do_instead(self, phase: str) -> None:
        """Say that the training is over, and what is being done instead."""
        self.on_progress(replace(self._progress, phase=phase, images_per_second=0.0, seconds_left=0.0))

    def _tell_alarm(self, alarm: Alarm | None) -> None:
        folder.log(self.run.folder, f"ALARM: {alarm.text}" if alarm else _ALL_WELL)
        if self.also:
            self.also.on_alarm(alarm)

    # The thread

    def _serve(self) -> None:
        tries = 0
        while not self._over.is_set():
            self._news.wait(self.pace.ask)
            self._news.clear()
            try:
                self._look()
            except Exception as error:  # the numbers are not worth an end
                self._sampler = None
                folder.log(self.run.folder, f"The machine is not measured any more ({type(error).__name__}: {error}).")
            try:
                self._deliver()
                self._ask()
                self._say_trouble(None)
                tries = 0
            except Exception as error:  # whatever it is, the next try may do
                self._say_trouble(error)
                tries = min(tries + 1, 8)
                self._over.wait(min(self.pace.retry, self.pace.ask * 2**tries))

    def _say_trouble(self, error: Exception | None) -> None:
        """Once in the log, and once when it is over."""
        if error is not None and not self._troubled:
            if not isinstance(error, LabError):
                folder.log(self.run.folder, "".join(traceback.format_exception(error)).rstrip())
            said = error.message if isinstance(error, LabError) else str(error)
            self.on_note(sentences(said or type(error).__name__, _KEPT))
        elif error is None and self._troubled:
            self.on_note(_TAKEN_AGAIN)
        self._troubled = error is not None

    def _look(self) -> None:
        """At the machine and at the training, now and then; a run without its folder can keep nothing, and stops."""
        now = time.monotonic()
        if not self.run.folder.is_dir():
            self.stop.set()
        if self._sampler and now - self._sampled >= self.pace.system and (last := self._last) is not None:
            self._sampled = now
            self._add_system(MetricRow(last.step, last.epoch, last.seconds, self._sampler.read()))
        stall = self.watch.verdict()
        news = (stall is None) != (self._stall is None)
        if news or now - self._stall_told >= self.pace.stalled:
            self._stall, self._stall_told = stall, now
        if news:
            self._tell_alarm(stall or self._alarm)

    def _add_system(self, row: MetricRow) -> None:
        with self._lock:
            waiting = [place for place, found in enumerate(self._rows) if system_metrics.CPU in found.values]
            if len(waiting) >= self.most_system_rows:  # every second one is enough of so long a time
                spare = set(waiting[::2])
                self._rows = [found for place, found in enumerate(self._rows) if place not in spare]
            self._rows.append(row)

    def _deliver(self) -> None:
        """Write what waits; LabError when the store does not take it, and then it goes on waiting."""
        while waiting := self._rows[:_ROWS]:
            self.store.add_metrics(self.run.run_id, self.run.attempt, waiting)
            with self._lock:
                del self._rows[: len(waiting)]
                if not self._rows:
                    unsaved.settle(self.run.folder)
        if (config := self._config) is not None:
            self.store.set_config(self.run.run_id, self.run.attempt, config)
            self._config = None
        with self._lock:
            progress, due = self._progress, self._progress_waits
            self._progress_waits = False
        if due or time.monotonic() - self._beaten >= self.pace.beat:
            self._write_progress(progress)
        if (alarm := self._stall or self._alarm) != self._alarm_saved:
            self.store.set_alarm(self.run.run_id, alarm)
            self._alarm_saved = alarm

    def _write_progress(self, progress: Progress) -> None:
        try:
            self.store.set_progress(self.run.run_id, progress)
        except BaseException:
            self._progress_waits = True  # a newer one, if there is any, will go in its place
            raise
        self._beaten = time.monotonic()

    def _ask(self) -> None:
        if not self.stop.is_set() and self.store.stop_requested(self.run.run_id):
            self.stop.set()

    # The end

    def close(self) -> None:
        """End the thread; what waits is left to :meth:`conclude`."""
        self._over.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(self.pace.patience)

    def conclude(self, state: str, message: str, summary: Mapping[str, Any] | None) -> Run:
        """Write the rest and how the run ended; the run as it is then.

        When the store cannot be written, that is left in the run's folder at once, and tried again for minutes.
        LabError when it was to no avail, InputError when somebody else has ended or taken the run in the meantime.
        """
        self.close()
        self._stall, left = None, False
        end = time.monotonic() + self.pace.patience
        while True:
            try:
                run = self._written(state, message, summary)
            except (LabError, SQLAlchemyError) as error:
                if isinstance(error, LabError) and not error.retryable:
                    raise
                self._say_trouble(error)
                with suppress(OSError):
                    if not left:
                        unsaved.leave(self.run.folder, self.run.attempt, state, message, summary or {}, self._rows)
                    left = True
                if time.monotonic() > end:
                    said = error.message if isinstance(error, LabError) else str(error)
                    raise LabError(sentences(_told_later(state), said)) from None
                time.sleep(self.pace.ask)
            else:
                unsaved.forget(self.run.folder)
                return run

    def _written(self, state: str, message: str, summary: Mapping[str, Any] | None) -> Run:
        """The rest and the last word on this attempt, in the store."""
        if self._thread.is_alive():  # it waits for an answer of the database, and may still get one
            raise LabError("The run store does not answer.", retryable=True)
        self._deliver()
        with self.store.writing() as connection:
            now = queries.one(connection, self.run.run_id, self.store.home)
            if not now.live or now.attempt != self.run.attempt:
                raise InputError(
                    "The run '{name}' is {state} in attempt {now}; its attempt {then}, which ends here, does not count "
                    "any more.",
                    name=now.name,
                    state=now.state_in_words,
                    now=now.attempt,
                    then=self.run.attempt,
                )
            if summary is not None:
                words = json.dumps(dict(summary))
                connection.execute(runs.update().where(runs.c.run_id == now.run_id).values(summary=words))
            queries.change(connection, now, state, message)
            return queries.one(connection, now.run_id, self.store.home)


def _told_later(state: str) -> str:
    return Message("The run is {state}, and the store will be told later.", state=IN_WORDS.get(state, state))
