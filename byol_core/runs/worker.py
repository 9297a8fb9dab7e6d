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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import or_

from byol_core.config import RunConfig, build
from byol_core.errors import InputError, LabError
from byol_core.events import StopAsked, Summary, TrainingCallback
from byol_core.messages import Message
from byol_core.runs import folder, metrics, queries, unsaved
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.lock import ATTEMPT, hold
from byol_core.runs.run import Run, finite
from byol_core.runs.schema import attempts, runs
from byol_core.runs.store import RunStore
from byol_core.runs.store_callback import Pace, StoreCallback
from byol_core.runs.trackers import Mirror
from byol_core.runs.trackers.backfill import kept
from byol_core.system import niceness, processes
from byol_core.system.files import because, clear_leftovers, is_disk_full
from byol_core.system.out_of_memory import is_out_of_memory, let_go
from byol_core.training.jobs import largest_batch

Result = TypeVar("Result")
_LOOKING = Message("looking for a batch size that fits")


class Train(Protocol):
    """The training itself, as :func:`byol_core.training.trainer.train`."""

    def __call__(
        self, config: RunConfig, folder: Path, callback: TrainingCallback, *, resume: bool = False
    ) -> Summary: ...


def work(
    store: RunStore,
    run: Run,
    train: Train | None = None,
    also: TrainingCallback | None = None,
    *,
    asked: threading.Event | None = None,
    pace: Pace | None = None,
) -> tuple[Run, int]:
    """Train a run that this process has claimed; the run as it ended, and the exit status.

    ``asked`` is set when the run should stop; without it, signals are heard here.
    """
    hearing = nullcontext(asked) if asked else stop_signals()
    with hold(run), hearing as stop, _warnings_in_log(run.folder):
        run = patiently(lambda: _begin(store, run), stop)
        with (
            Mirror(run, also, kept=kept(store, run)) as mirror,
            StoreCallback(store, run, stop, mirror, pace) as callback,
        ):
            summary: dict[str, Any] | None = None
            try:
                resume = folder.checkpoint_step(run.folder) is not None
                found = _train(train)(build(run.config), run.folder, callback, resume=resume)
                summary = finite(found.as_dict())
                state, message, status = ("stopped" if found.stopped else "finished"), "", 0
            except (Exception, KeyboardInterrupt) as error:
                state, message, status = _explain(error, run, callback)
            folder.log(run.folder, f"{state}. {message}".rstrip())
            mirror.end(state, message, summary)
            return callback.conclude(state, message, summary), status


def patiently(action: Callable[[], Result], stop: threading.Event, patience: float = Pace.patience) -> Result:
    """Do what needs the store, again and again while it is locked or full; LabError when it stays so."""
    end = time.monotonic() + patience
    while True:
        try:
            return action()
        except LabError as error:
            if not error.retryable or stop.is_set() or time.monotonic() > end:
                raise
        stop.wait(Pace.ask)


def _begin(store: RunStore, run: Run) -> Run:
    """Take the run in hand, in one transaction, with the rows that an earlier attempt could not write."""
    step = folder.checkpoint_step(run.folder)
    kept = unsaved.unsaved(run.folder)
    pid, created = processes.identity()
    with store.writing() as connection:
        nobody_else = or_(runs.c.pid.is_(None), runs.c.pid.in_(_this_process()))
        mine = (runs.c.run_id == run.run_id, runs.c.attempt == run.attempt, runs.c.state == "starting", nobody_else)
        values = {"state": "running", "message": "", "pid": pid, "pid_created": created, "host": queries.HOST}
        if connection.execute(runs.update().where(*mine).values(**values)).rowcount != 1:
            raise InputError("The run '{name}' is being worked on by another process already.", name=run.name)
        attempt = (attempts.c.run_id == run.run_id, attempts.c.attempt == run.attempt)
        connection.execute(attempts.update().where(*attempt).values(start_step=-1 if step is None else step))
        for number, logged in kept.items():
            metrics.add(connection, run.run_id, number, logged)
        run = queries.one(connection, run.run_id, store.home)
    unsaved.forget(run.folder)
    clear_leftovers(run.folder)
    start = "from the beginning" if step is None else f"from the checkpoint of step {step}"
    folder.log(run.folder, f"attempt {run.attempt} of '{run.name}' ({run.run_id}) starts {start}")
    return run


def _this_process() -> tuple[int, int]:
    """The parent too: in a venv of Windows, python.exe is a launcher, and the supervisor knows only that one's pid."""
    return os.getpid(), os.getppid()


def _train(train: Train | None) -> Train:
    if train is None:
        from byol_core.training.trainer import train as real

        return real
    return train


def _explain(error: BaseException, run: Run, callback: StoreCallback) -> tuple[str, str, int]:
    """The state, the sentence and the exit status that an exception stands for."""
    if isinstance(error, KeyboardInterrupt):
        return "stopped", Message("Stopped at once, without a last checkpoint."), 1
    if isinstance(error, StopAsked):
        if folder.checkpoint_step(run.folder) is None:
            return "stopped", Message("Stopped before its first step."), 0
        return "stopped", Message("Stopped before it went on from its checkpoint."), 0
    if is_out_of_memory(error):
        folder.log(run.folder, _traceback(error))
        return "failed", _too_large(error, run, callback), 1
    if isinstance(error, LabError):
        return "failed", error.message, 2 if isinstance(error, InputError) else 1
    folder.log(run.folder, _traceback(error))
    return "failed", _unexpected(error, run), 1


def _unexpected(error: BaseException, run: Run) -> str:
    """What to say of an error that is none of ours."""
    if _disk_full(error, run.folder):
        return Message("The disk of '{folder}' is full; free some space, then resume the run.", folder=run.folder)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return Message(
            "The run cannot write its files ({reason}); raise it, then resume the run.", reason=because(error)
        )
    lines = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return Message("The run failed unexpectedly ({reason}); its log.txt has the details.", reason=reason)


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _too_large(error: BaseException, run: Run, callback: StoreCallback) -> str:
    """What did not fit, and a batch that would, found by trying: the memory of this attempt is given back before."""
    let_go(error)
    config = build(run.config)
    callback.do_instead(_LOOKING)
    batch = config.batch_size
    fits = largest_batch(config, batch, callback.should_stop)
    if fits is None:
        return Message(
            "The memory was not enough for a batch of {batch} images, and no smaller one was found that fits; clone "
            "the run with smaller images (data.image_size is {size}) or a smaller network.",
            batch=batch,
            size=config.data.image_size,
        )
    times = range(config.accumulate, batch, config.accumulate)
    shared = (n for n in times if batch * config.accumulate <= fits * n and batch % (n * config.runtime.processes) == 0)
    parts = next(shared, None)
    if parts is None:
        return Message(
            "The memory was not enough for a batch of {batch} images, and is enough for {fits}: clone the run with "
            "batch_size={fits}.",
            batch=batch,
            fits=fits,
        )
    return Message(
        "The memory was not enough for a batch of {batch} images, and is enough for {fits}: clone the run with "
        "batch_size={fits}, or with accumulate={parts} to keep the batch.",
        batch=batch,
        fits=fits,
        parts=parts,
    )


def _disk_full(error: BaseException, where: Path) -> bool:
    """ENOSPC, or a writer that hides it on a disk without space: torch's own text says only that writing failed."""
    if isinstance(error, OSError):
        return is_disk_full(error)
    with suppress(OSError):  # the folder may be gone
        return "write" in str(error).lower() and shutil.disk_usage(where).free < 1_000_000
    return False


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
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
    mine = run.pid is None or run.pid in _this_process()
    if run.state != "starting" or not mine:
        raise InputError(
            "The run '{name}' is {state}; only a queued run can be started.", name=run.name, state=run.state_in_words
        )
    return run


def main(arguments: Sequence[str] | None = None, train: Train | None = None) -> int:
    """Work on one run; exit status 0 done, 1 failed, 2 wrong input."""
    parser = argparse.ArgumentParser(prog="python -m byol_core.runs.worker")
    parser.add_argument("run_id")
    parser.add_argument("--nice", type=int, default=0, help="let others go first, as nice(1), but do not starve")
    options = parser.parse_args(arguments)
    niceness.let_others_first(options.nice)
    try:
        with stop_signals() as stop:
            store = patiently(RunStore, stop)
            run = patiently(lambda: take(store, options.run_id), stop)
            status = work(store, run, train, asked=stop)[1]
        if ATTEMPT in os.environ:
            _wake_next(store)
        return status
    except LabError as error:
        print(error, flush=True)
        return 2 if isinstance(error, InputError) else 1


def _wake_next(store: RunStore) -> None:
    """The supervisor that started this process may have died since; the runs that wait must not wait for ever."""
    with suppress(LabError):
        LocalExecutor(store).wake()


if __name__ == "__main__":
    raise SystemExit(main())
