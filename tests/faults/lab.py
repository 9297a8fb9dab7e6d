"""One home with real processes in it: supervisors, workers, the app; ``site`` makes their training a counting one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from byol_core.config import RunConfig
from byol_core.errors import LabError
from byol_core.runs import supervisor
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.run import LIVE, Run
from byol_core.runs.store import RunStore
from byol_core.system import processes

ROOT = Path(__file__).parents[2]
STEPS = 100  # so many that the counting program does not end before it may hurry


def wait_until(condition: Callable[[], object], seconds: float = 100.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def end(process: psutil.Process, number: int = signal.SIGKILL) -> None:
    """Send the signal, and wait until it has done what it does."""
    process.send_signal(number)
    wait_until(lambda: not alive(process))


@dataclass
class Lab:
    """One home and the real processes that work in it."""

    home: Path
    store: RunStore

    def config(self, steps: int = STEPS) -> RunConfig:
        return RunConfig(steps=steps)

    def queue(self, steps: int = STEPS) -> Run:
        """A run that waits for its turn, and somebody who takes it."""
        run = self.store.create(self.config(steps))
        LocalExecutor(self.store).submit(run.run_id)
        return run

    def reaches(self, run: Run, step: int) -> psutil.Process:
        """Wait until the run is at that step; its worker."""
        wait_until(lambda: self.row(run).state == "running" and self.row(run).step >= step)
        return self.worker(run)

    def worker(self, run: Run) -> psutil.Process:
        found = processes.find(self.row(run).pid, self.row(run).pid_created)
        assert found is not None
        return found

    def supervisor(self) -> psutil.Process:
        about = self.home / supervisor.ABOUT
        wait_until(lambda: about.exists() and processes.find(*json.loads(about.read_text()).values()))
        found = processes.find(*json.loads(about.read_text()).values())
        assert found is not None
        return found

    def row(self, run: Run) -> Run:
        return self.store.get(run.run_id)

    def ends(self, run: Run, state: str = "finished") -> Run:
        """Wait until the run has ended like that."""
        wait_until(
            lambda: self.row(run).state not in ("queued", *LIVE)
        )  # one look: between two, a waiting run may start
        now = self.row(run)
        assert now.state == state, now.message
        return now

    def hurry(self) -> None:
        """From now on, counting takes no time."""
        (self.home / "hurry").touch()

    def start(self, module: str, *arguments: str, group: Path | None = None) -> psutil.Process:
        """A process of the lab's that the test starts itself, in a control group if need be."""
        enter = f"echo $$ > {group}/cgroup.procs && " if group else ""
        command = ["sh", "-c", f'{enter}exec "$@"', "sh", sys.executable, "-m", module, *arguments]
        return psutil.Process(subprocess.Popen(command, cwd=ROOT, start_new_session=True).pid)

    def show(self, run: Run, **environment: str) -> dict[str, Any]:
        """What ``byol show`` says: a fresh process, which knows nothing but the disk."""
        command = [sys.executable, "-m", "byol_core.cli", "show", run.run_id, "--json"]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
        )
        assert (done.returncode, done.stderr) == (0, "")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def freeze(self, worker: psutil.Process) -> None:
        """Stop a worker for now, and not in the midst of a write, which would keep everybody else from the store."""
        while True:
            worker.suspend()
            wait_until(lambda: _frozen(worker))
            try:
                with self.store.writing(patience=0.2):
                    return
            except LabError:
                worker.resume()
                time.sleep(0.02)

    def resume(self, run: Run) -> None:
        LocalExecutor(self.store).submit(self.store.resume(run.run_id).run_id)

    def curve(self, run: Run) -> list[tuple[int, float]]:
        return [(step, value) for step, _, _, value in self.store.series(run.run_id, "loss")]

    def log(self, run: Run) -> str:
        return (run.folder / "log.txt").read_text()

    @contextmanager
    def served(self) -> Iterator[tuple[psutil.Process, str]]:
        """The real app; its process and its address. The system gives it a port, which nobody else can take before."""
        flags = ["--server.port=0", "--server.headless=true", "--server.fileWatcherType=none"]
        with (self.home / "app.log").open("ab") as log:
            app = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app/main.py", *flags], cwd=ROOT, stdout=log, stderr=log
            )
        try:
            process = psutil.Process(app.pid)
            wait_until(lambda: _ports(process))
            (port,) = _ports(process)
            wait_until(lambda: _answers(f"http://localhost:{port}/_stcore/health"))
            yield process, f"localhost:{port}"
        finally:
            app.kill()
            app.wait()

    def close(self) -> None:
        """End all that works in this home, and nothing else; also a supervisor that waits for another's lock."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                ours = process.environ().get("BYOL_LAB_HOME") == str(self.home)
                if ours and any("byol_core" in word for word in process.cmdline()):
                    end(process)
        self.store.engine.dispose()


def visit(address: str) -> None:
    """Open the first page as a browser does, and wait until all of it is there."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    with connect(f"ws://{address}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], max_size=None) as page:
        page.send(message.SerializeToString())
        said = ForwardMsg()
        while said.WhichOneof("type") != "script_finished":
            said.ParseFromString(page.recv(timeout=60))


def _frozen(process: psutil.Process) -> bool:
    """Whether all its threads have stopped."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/stat")
    with suppress(OSError):  # one ended between the two looks
        return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)
    return False


def _ports(process: psutil.Process) -> set[int]:
    """Where it listens."""
    assert alive(process), "it has ended"
    return {found.laddr.port for found in process.net_connections("tcp") if found.status == psutil.CONN_LISTEN}


def _answers(url: str) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(url, timeout=5).close()
        return True
    return False
