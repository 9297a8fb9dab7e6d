"""The workers that a supervisor started: how they are told what to do, and what is to say when one has ended."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass

from byol_core.messages import Message
from byol_core.runs import devices, folder, lock
from byol_core.runs.repair import advice, amend
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system import processes
from byol_core.system.environment import child_environment

NICENESS = 10


@dataclass(frozen=True)
class Child:
    """A worker, the attempt that it was started for, and the count of processes lost to the memory before."""

    run: Run
    process: subprocess.Popen[bytes]
    memory_kills: int

    @property
    def ticket(self) -> str:
        """What identifies one attempt at a run."""
        return lock.ticket(self.run)


def start(store: RunStore, run: Run, slot: str, worker: str) -> Child:
    """Start the worker of a claimed run; OSError when the system does not."""
    environment = {**child_environment(store.home), **devices.environment(slot)}
    environment |= {lock.ATTEMPT: lock.ticket(run)} | ({"BYOL_LAB_DATABASE": store.url} if store.url else {})
    before = processes.killed_for_memory()
    process = processes.start_detached(
        worker,
        run.run_id,
        "--nice",
        str(NICENESS),
        cwd=store.home,
        log=run.folder / folder.LOG,
        environment=environment,
    )
    return Child(run, process, before)


def see_off(store: RunStore, child: Child) -> None:
    """Say why a worker's attempt did not end as it should, if so, and end what the worker left behind."""
    processes.kill_orphans(child.process.pid, lock.ATTEMPT, child.ticket)
    run, reason = child.run, _reason(child)
    if not reason:
        return
    amend(store, run.run_id, run.attempt, "interrupted", reason)
    for now in store.live_here():  # also when nothing else gives a reason to doubt the row
        if (now.run_id, now.attempt, now.state) == (run.run_id, run.attempt, "starting"):
            store.correct(now, "failed", reason)


def _reason(child: Child) -> str:
    status, pid, what = child.process.returncode, child.process.pid, advice(child.run)
    if status == 0:
        return ""
    if status > 0:
        return Message(
            "The process {pid} of this run ended with exit status {status}, and its log may tell why; {advice}",
            pid=pid,
            status=status,
            advice=what,
        )
    if status == -signal.SIGKILL and processes.killed_for_memory() > child.memory_kills:
        return Message(
            "The system ended this run because the memory was full: close other programs, or clone the run with a "
            "smaller batch_size; {advice}",
            advice=what,
        )
    known = -status in set(signal.Signals)
    name = signal.Signals(-status).name if known else Message("signal {number}", number=-status)
    return Message("The process {pid} of this run was ended by {signal}; {advice}", pid=pid, signal=name, advice=what)
