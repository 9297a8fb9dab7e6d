"""Workers that begin at once: one process has torch loaded, and forks a real worker for each order it gets.

``python -m tests.faults.nursery`` reads one JSON object a line and answers with one. The tests use :class:`Nursery`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# A training of 24 steps, 6 an epoch, that takes half a second; steps are logged one by one.
SETTINGS: dict[str, Any] = {
    "network.encoder": "conv-quarter",
    "network.projector_hidden": 64,
    "network.predictor_hidden": 64,
    "network.projection_size": 32,
    "data.image_size": 16,
    "data.validation": 0.125,
    "evaluation.probe": 20,
    "evaluation.probe_training": 10,
    "evaluation.every": 1.0,
    "runtime.checkpoint_every": 1.0,
    "runtime.threads": 1,
    "runtime.precision": "float32",
    "batch_size": 16,
    "epochs": 4,
}


def pictures(folder: Path) -> Path:
    """A small set with labels: three colors with noise, 112 images to train on and 20 to test on."""
    import numpy as np

    rng = np.random.default_rng(0)
    labels = np.arange(132) % 3
    images = rng.integers(0, 120, (132, 16, 16, 3), dtype=np.uint8)
    images[np.arange(132), :, :, labels] += 120
    path = folder / "pictures.npz"
    np.savez(path, x_train=images[:112], y_train=labels[:112], x_test=images[112:], y_test=labels[112:])
    return path


class Worker:
    """A worker process that the nursery forked."""

    def __init__(self, nursery: Nursery, pid: int, output: Path) -> None:
        self.nursery, self.pid, self.output = nursery, pid, output

    def end(self) -> int:
        """Wait for its exit status; minus the signal when one ended it."""
        status = int(self.nursery.ask(wait=self.pid)["status"])
        self.nursery.workers.remove(self.pid)
        return status

    def asleep(self) -> None:
        """Wait until it has stopped itself, as it was told to."""
        self._until("T")

    def wake(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def tries_for(self, seconds: float) -> None:
        """Let it try for a while, and see that it is still there."""
        time.sleep(seconds)
        assert Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z", self.said()

    def said(self) -> str:
        """What it printed, and what it wrote into the log."""
        return self.output.read_text(errors="replace")

    def _until(self, state: str, seconds: float = 60.0) -> None:
        stat = Path(f"/proc/{self.pid}/stat")
        end = time.monotonic() + seconds
        while (now := stat.read_text().rpartition(")")[2].split()[0]) != state:
            assert now != "Z", self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.01)


class Nursery:
    """The process that forks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count, self.workers = folder, 0, set[int]()
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.faults.nursery"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]

        assert self.process.stdout.readline() == "ready\n"

    def ask(self, **order: Any) -> dict[str, Any]:
        """Send an order and wait for the answer."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def work(self, home: Path, run_id: str, **order: Any) -> Worker:
        """Start a worker for a queued run.

        ``at``: {step: signal} that it sends itself when that step is logged. ``limits``: {name of a resource: value}.
        ``busy``: milliseconds that it waits for a locked store. ``patience``: seconds that it does so at its end.
        ``environment``: variables.
        """
        return self.fork(home=str(home), run=run_id, **order)

    def fork(self, **order: Any) -> Worker:
        """Start a process of any kind."""
        self.count += 1
        output = self.folder / f"{self.count}.txt"
        pid = self.ask(output=str(output), **order)["pid"]
        self.workers.add(pid)
        return Worker(self, pid, output)

    def close(self) -> None:
        """End it, and the workers of tests that failed."""
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def open_nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery that is closed again."""
    nursery = Nursery(folder)
    try:
        yield nursery
    finally:
        nursery.close()


# The other side


class Eavesdropper:
    """Hands on to the worker's own callback, and sends this process a signal when a step is logged.

    ``turn`` is held by whoever writes into the store: a process that is stopped in the midst of that keeps all others
    from it, and no test means that.
    """

    def __init__(self, callback: Any, at: dict[int, int], turn: threading.Lock) -> None:
        self.callback, self.at, self.turn = callback, at, turn

    def __getattr__(self, name: str) -> Any:
        return getattr(self.callback, name)

    def on_metrics(self, rows: Sequence[Any]) -> None:
        self.callback.on_metrics(rows)
        for row in rows:
            if "loss" in row.values and row.step in self.at:
                number = self.at.pop(row.step)
                with self.turn if number == signal.SIGSTOP else nullcontext():
                    os.kill(os.getpid(), number)


def _child(order: dict[str, Any]) -> int:
    import resource

    from byol_core.runs import schema, worker
    from byol_core.runs.store import RunStore
    from byol_core.runs.store_callback import Pace
    from byol_core.training.trainer import train as real

    os.environ |= {"BYOL_LAB_HOME": order["home"], **order.get("environment", {})}
    for name, value in order.get("limits", {}).items():
        resource.setrlimit(getattr(resource, name), (value, value))
    schema.BUSY_MILLISECONDS = order.get("busy", schema.BUSY_MILLISECONDS)
    at = {int(step): signal.Signals[name] for step, name in order.get("at", {}).items()}
    turn = threading.Lock()

    def train(config: Any, folder: Path, callback: Any, *, resume: bool = False) -> Any:
        return real(config, folder, Eavesdropper(callback, at, turn), resume=resume)

    pace = Pace(ask=0.1, retry=0.2, system=0.5, patience=order.get("patience", 60.0))
    with worker.stop_signals() as stop:
        store = worker.patiently(RunStore, stop)
        store.writing = _in_turn(store.writing, turn)
        run = worker.patiently(lambda: worker.take(store, order["run"]), stop)
        return worker.work(store, run, train, _Printer(), asked=stop, pace=pace)[1]


def _in_turn(writing: Callable[..., Any], turn: threading.Lock) -> Callable[..., Any]:
    """The transactions of a store, of which none is open while somebody else has the turn."""

    @contextmanager
    def alone(**options: Any) -> Iterator[Any]:
        with turn, writing(**options) as connection:
            yield connection

    return alone


class _Printer:
    """A callback that prints notes, where no full disk swallows them."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given: print(name, *given, flush=True) if name in ("on_note", "on_alarm") else None


def _torn(order: dict[str, Any]) -> int:
    """Write a checkpoint under a limit on the size of files; the kernel ends this process at that byte."""
    import resource

    import torch

    from byol_core.weights import checkpoint

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["size"], order["size"]))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python asks for an error instead
    state = {"model": {"weight": torch.full((40, 50), 2.0)}, "step": 2}
    checkpoint.save(Path(order["torn"]), 2, state)
    return 0


_KINDS = {"run": _child, "torn": _torn}


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    output = os.open(order.get("output", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    status = 70
    try:
        status = next(act for kind, act in _KINDS.items() if kind in order)(order)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _warm_up() -> None:
    """Load what a training loads, short of a backward pass: no fork survives the threads of that."""
    import tempfile

    import torch

    import byol_core.runs.worker  # noqa: F401 - loaded once for all
    from byol_core.config import build
    from byol_core.data.catalog import load
    from byol_core.events import SilentCallback
    from byol_core.training import metric_log
    from byol_core.training.trainer import Trainer

    torch.set_num_threads(1)
    metric_log.FLUSH_SECONDS = 0.0  # a tiny run is over before half a second
    with tempfile.TemporaryDirectory() as folder:
        config = build({}, {**SETTINGS, "data.source": str(pictures(Path(folder)))})
        images = load(config.data.source, config.data.image_size)
        trainer = Trainer(config, images, Path(folder), torch.device("cpu"), SilentCallback())
        trainer.online_evaluation.start(trainer.model, lambda: None)


def main() -> None:
    """Serve until nobody asks any more."""
    _warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
        else:
            print(json.dumps({"pid": _fork(order)}), flush=True)


if __name__ == "__main__":
    main()
