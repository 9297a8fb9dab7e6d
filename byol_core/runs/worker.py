"""One run, in this process: ``python -m byol_core.runs.worker RUN_ID``; ``byol train`` calls :func:`work` as well.

Whatever happens ends as a state and one sentence in the store; a traceback goes to log.txt only.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from byol_core import processes
from byol_core.config import RunConfig, build
from byol_core.errors import InputError, LabError
from byol_core.events import Listener, MetricRow, Progress, StopAsked, Summary
from byol_core.runs import folder
from byol_core.runs.model import Run, finite
from byol_core.runs.store import RunStore

# How often the store is asked whether the run should stop; a signal is noticed at once.
ASK_SECONDS = 0.5
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Train(Protocol):
    """The training itself, as :func:`byol_core.train.train`."""

    def __call__(self, config: RunConfig, folder: Path, listener: Listener, *, resume: bool = False) -> Summary: ...


class StoreListener:
    """Writes what a training says into the store and the log, and asks the store whether to stop."""

    def __init__(self, store: RunStore, run: Run, stop: threading.Event, also: Listener | None = None) -> None:
        self.store, self.run, self.stop, self.also = store, run, stop, also
        self._asked = time.monotonic()
        self._alarm: str | None = None  # what was last told

    def metrics(self, rows: Sequence[MetricRow]) -> None:
        self.store.add_metrics(self.run.run_id, self.run.attempt, rows)
        if self.also:
            self.also.metrics(rows)

    def progress(self, progress: Progress) -> None:
        self.store.set_progress(self.run.run_id, progress)
        if self.also:
            self.also.progress(progress)

    def note(self, text: str) -> None:
        folder.log(self.run.folder, text)
        if self.also:
            self.also.note(text)

    def alarm(self, text: str | None) -> None:
        if text == self._alarm:
            return
        self.store.set_alarm(self.run.run_id, text)
        folder.log(self.run.folder, f"ALARM: {text}" if text else "The alarm is over: all is well again.")
        self._alarm = text
        if self.also:
            self.also.alarm(text)

    def should_stop(self) -> bool:
        if not self.stop.is_set() and time.monotonic() - self._asked >= ASK_SECONDS:
            self._asked = time.monotonic()
            if self.store.stop_requested(self.run.run_id):
                self.stop.set()
        return self.stop.is_set()


def work(store: RunStore, run: Run, train: Train | None = None, also: Listener | None = None) -> tuple[Run, int]:
    """Train a run that this process has claimed; the run as it ended, and the exit status."""
    with _stop_signals() as stop, _warnings_in_log(run.folder):
        try:
            run = _begin(store, run)
            summary = _train(train)(
                build(run.config),
                run.folder,
                StoreListener(store, run, stop, also),
                resume=folder.checkpoint_step(run.folder) is not None,
            )
            store.set_summary(run.run_id, finite(summary.as_dict()))
            state, message, status = ("stopped" if summary.stopped else "finished"), "", 0
        except (Exception, KeyboardInterrupt) as error:
            state, message, status = _explain(error, run)
        folder.log(run.folder, f"{state}. {message}".rstrip())
        return store.move(run.run_id, state, message=message), status


def _begin(store: RunStore, run: Run) -> Run:
    step = folder.checkpoint_step(run.folder)
    store.set_start_step(run.run_id, run.attempt, -1 if step is None else step)
    store.set_process(run.run_id, processes.identity())
    start = "from the beginning" if step is None else f"from the checkpoint of step {step}"
    folder.log(run.folder, f"attempt {run.attempt} of '{run.name}' ({run.run_id}) starts {start}")
    return store.move(run.run_id, "running")


def _train(train: Train | None) -> Train:
    if train is None:
        from byol_core.train import train as real

        return real
    return train


def _explain(error: BaseException, run: Run) -> tuple[str, str, int]:
    """The state, the sentence and the exit status that an exception stands for."""
    if isinstance(error, KeyboardInterrupt):
        return "stopped", "Stopped at once, without a last checkpoint.", 1
    if isinstance(error, StopAsked):
        fresh = folder.checkpoint_step(run.folder) is None
        return "stopped", f"Stopped before {'its first step' if fresh else 'it went on from its checkpoint'}.", 0
    if isinstance(error, LabError):
        return "failed", str(error), 2 if isinstance(error, InputError) else 1
    folder.log(run.folder, "".join(traceback.format_exception(error)).rstrip())
    if _out_of_memory(error):
        size = run.config.get("batch_size")
        return "failed", f"The memory was not enough; try a smaller batch (batch_size is {size}) or smaller images.", 1
    if _disk_full(error, run.folder):
        return "failed", f"The disk of '{run.folder}' is full; free some space, then resume the run.", 1
    lines = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return "failed", f"The run failed unexpectedly ({reason}); its log.txt has the details.", 1


def _out_of_memory(error: BaseException) -> bool:
    """Python's MemoryError, torch's OutOfMemoryError, or the RuntimeError of torch's CPU allocator."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "not enough memory" in text)


def _disk_full(error: BaseException, where: Path) -> bool:
    """ENOSPC, or a writer that hides it (torch's says only that writing failed) on a disk without space."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return "write" in str(error).lower() and shutil.disk_usage(where).free < 1_000_000


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """SIGTERM, SIGHUP and Ctrl-C ask for a stop; a second Ctrl-C ends at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _frame: Any) -> None:
        if number == signal.SIGINT and stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    numbers = [number for name in ("SIGTERM", "SIGHUP", "SIGINT") if (number := getattr(signal, name, None))]
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]  # nohup means it
    before = {number: signal.signal(number, ask) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _warnings_in_log(where: Path) -> Iterator[None]:
    """Warnings of libraries are for the log, not for the screen of ``byol train``."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, category, *_: folder.log(where, f"{category.__name__}: {message}")
        yield


def take(store: RunStore, run_id: str) -> Run:
    """The run, claimed for this process; InputError when it does not wait and was not given to this process."""
    run = store.get(run_id)
    if run.state == "queued":
        run = store.claim(run.run_id, processes.identity()) or store.get(run_id)
    # The parent too: in a venv of Windows, python.exe is a launcher, and the supervisor knows only that one's pid.
    mine = run.pid in (None, os.getpid(), os.getppid())
    if run.state != "starting" or not mine:
        raise InputError(f"The run '{run.name}' is {run.state}; only a queued run can be started.")
    return run


def main(arguments: Sequence[str] | None = None, train: Train | None = None) -> int:
    """Work on one run; exit status 0 done, 1 failed, 2 wrong input."""
    parser = argparse.ArgumentParser(prog="python -m byol_core.runs.worker")
    parser.add_argument("run_id")
    parser.add_argument("--nice", type=int, default=0, help="let other processes go first, as nice(1)")
    options = parser.parse_args(arguments)
    if options.nice:
        processes.be_nice(options.nice)
    try:
        store = RunStore()
        return work(store, take(store, options.run_id), train)[1]
    except LabError as error:
        print(error, flush=True)
        return 2 if isinstance(error, InputError) else 1


if __name__ == "__main__":
    raise SystemExit(main())
