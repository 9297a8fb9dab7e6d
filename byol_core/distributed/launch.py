"""Several processes that train one model: who is who, what they share, and what ended whom.

Either torchrun starts all of them, or the one that trains starts the others on its own machine (``runtime.processes``).
Every rank holds the whole model and its own share of each batch. Rank 0 alone writes: metrics, checkpoints, the store.

Why not torch's ``elastic_launch`` for the second way: it makes rank 0 one of the processes that it starts, while here
rank 0 is the run's worker, which holds the lock and hears the request to stop. Its agent blocks the thread that it runs
in until all have ended, and only a signal to the main thread ends them earlier; ``elastic.multiprocessing`` below it
replaces the handlers of these signals, by which a worker knows that it should write a checkpoint.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import distributed as dist

from byol_core.errors import InputError, LabError
from byol_core.messages import Message, decode, encode
from byol_core.system.files import write_atomic

# The others wait this long while rank 0 looks at the held-out images. A rank that dies is noticed at once, not by this.
_PATIENCE = timedelta(minutes=30)
_START = timedelta(minutes=2)  # for a helper to import torch and be here
_DYING = 5.0  # seconds from the end of a process's connections to its own; one with much memory takes longest
_FOLLOWER = "byol_core.training.rank"
STARTED_HERE = "BYOL_LAB_FOLLOWS"  # set for the processes that rank 0 starts, other than torchrun's


@dataclass(frozen=True)
class World:
    """This process among those that train one model; ``processes`` are (host, pid) of every rank."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    processes: tuple[tuple[str, int], ...] = ()
    children: list[subprocess.Popen[bytes]] = field(default_factory=list, compare=False)

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    @property
    def neighbors(self) -> int:
        """How many of the processes are on this machine, this one among them: they share its cores."""
        here = platform.node()
        return max(1, sum(host == here for host, _ in self.processes))


def launched() -> bool:
    """Whether this process was started as one of several, by torchrun or by rank 0."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def join(processes: int, folder: Path, device: str = "auto") -> World:
    """Meet the other ranks, which are started here when torchrun has not; a world of one when there are no others.

    InputError when ``processes`` are more than the GPUs that would compute, LabError when one does not come.
    """
    if launched():
        return _meet(int(os.environ.get("LOCAL_RANK", "0")), [], init_method="env://")
    if processes == 1:
        return World()
    gpus = torch.cuda.device_count() if torch.cuda.is_available() and device != "cpu" else processes
    if processes > gpus:
        raise InputError(_too_few(processes, gpus), setting="runtime.processes")
    store: Any = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=_START)  # type: ignore[attr-defined]
    children = [_follower(number, processes, store.port, folder) for number in range(1, processes)]
    try:
        _await(children, store, folder)
        return _meet(0, children, store=store, rank=0, world_size=processes)
    except BaseException:
        _see_off(children, 0)
        raise


def follow() -> World:
    """Meet the others as one that helps; LabError when this process was not started for it."""
    if not launched():
        raise LabError("byol_core.training.rank helps a run of several processes, which starts it.")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if STARTED_HERE not in os.environ:
        return _meet(local, [], init_method="env://")
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    store: Any = dist.TCPStore("127.0.0.1", int(os.environ["MASTER_PORT"]), is_master=False, timeout=_START)  # type: ignore[attr-defined]
    store.set(f"here/{rank}", "yes")
    return _meet(local, [], store=store, rank=rank, world_size=size)


def _follower(number: int, processes: int, port: int, folder: Path) -> subprocess.Popen[bytes]:
    names = {"RANK": number, "LOCAL_RANK": number, "WORLD_SIZE": processes, "MASTER_PORT": port, STARTED_HERE: 1}
    environment = {**os.environ, **{name: str(value) for name, value in names.items()}}
    with (folder / f"rank-{number}.log").open("wb") as log:
        command = [sys.executable, "-m", _FOLLOWER]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _await(children: list[subprocess.Popen[bytes]], store: Any, folder: Path) -> None:
    """Until every helper is here. If one ended before, the rest would wait for it in a call that hears no signal."""
    end = time.monotonic() + _START.total_seconds()
    for number, child in enumerate(children, 1):
        while not store.check([f"here/{number}"]):
            if child.poll() is not None or time.monotonic() > end:
                raise _missing(number, len(children) + 1, child.poll() is not None, folder / f"rank-{number}.log")
            time.sleep(0.05)


def _too_few(processes: int, gpus: int) -> str:
    return Message.plural(
        "runtime.processes is {processes}, and this machine has {n} GPU.",
        "runtime.processes is {processes}, and this machine has {n} GPUs.",
        gpus,
        processes=processes,
    )


def _missing(rank: int, size: int, ended: bool, log: Path) -> LabError:
    if ended:
        return LabError(
            "Process {number} of {all} ended before it began; '{log}' may tell why.", number=rank + 1, all=size, log=log
        )
    return LabError(
        "Process {number} of {all} did not start in time; '{log}' may tell why.", number=rank + 1, all=size, log=log
    )


def _meet(local: int, children: list[subprocess.Popen[bytes]], **where: Any) -> World:
    cuda = torch.cuda.is_available()
    if cuda and local < torch.cuda.device_count():
        torch.cuda.set_device(local)
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_PATIENCE, **where)
    processes: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(processes, (platform.node(), os.getpid()))
    return World(dist.get_rank(), dist.get_world_size(), local, tuple(processes), children)


def leave(world: World) -> None:
    """Say goodbye and see the helpers off, so that nobody waits for this process."""
    if dist.is_initialized():
        with suppress(RuntimeError):  # the others may be gone
            dist.destroy_process_group()
    _see_off(world.children, 5)


def _see_off(children: list[subprocess.Popen[bytes]], seconds: float) -> None:
    """Give the helpers this long to end by themselves."""
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
        child.kill()
        child.wait()


def leave_word(folder: Path, sentence: str) -> None:
    """Say why this rank ends, for rank 0 to find; where the folder cannot be written, nothing is said."""
    with suppress(OSError):
        word = {"text": str(sentence), "said": encode(sentence)}
        write_atomic(_word(folder, int(os.environ.get("RANK", "0"))), json.dumps(word).encode())


def _read_word(path: Path) -> str:
    word = json.loads(path.read_bytes())
    return decode(str(word["text"]), word["said"])


def forget_words(folder: Path) -> None:
    """Remove what the ranks of an earlier attempt said."""
    for path in folder.glob("rank-*.txt"):
        path.unlink(missing_ok=True)


def _word(folder: Path, rank: int) -> Path:
    return folder / f"rank-{rank}.txt"


def explain(error: Exception, world: World, folder: Path) -> Exception:
    """Why the ranks lost each other, when they did: which one ended, and its own word when it left one."""
    if world.size == 1 or not isinstance(error, RuntimeError) or isinstance(error, LabError):
        return error
    # torch raises one RuntimeError for everything; only its own text tells a lost connection from another failure.
    lost = any(word in str(error).lower() for word in ("gloo", "nccl", "connection"))
    if (ended := _who_ended(world, folder, _DYING if lost else 0.0)) is not None:
        return ended
    if lost:
        first = str(error).strip().splitlines()[0][:200]
        return LabError("The {n} processes of the run lost each other ({reason}).", n=world.size, reason=first)
    return error


def _who_ended(world: World, folder: Path, seconds: float) -> LabError | None:
    """The rank that ended and why. One that is killed closes its connections before the system counts it as ended,
    so a lost connection is given some seconds to be explained.
    """
    end = time.monotonic() + seconds
    while (found := _ended(world, folder)) is None and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _ended(world: World, folder: Path) -> LabError | None:
    for rank, (host, pid) in enumerate(world.processes):
        which: dict[str, Any] = {"number": rank + 1, "all": world.size}
        if _word(folder, rank).exists():
            reason = _read_word(_word(folder, rank))
            return LabError("Process {number} of {all} failed: {reason}", **which, reason=reason)
        if host == platform.node() and not _alive(pid):
            return LabError(
                "Process {number} of {all} exited without reporting an error: it was killed, or ran out of memory. "
                "Resume goes on from the last checkpoint.",
                **which,
            )
    return None


def _alive(pid: int) -> bool:
    """Whether the process still runs; one that has ended and waits for its parent to notice does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
