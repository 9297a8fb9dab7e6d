"""Processes of runs: who is who (a pid alone may have been handed to somebody else), starting, and ending."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from io import BufferedWriter
from pathlib import Path

import psutil

# psutil derives the create time from the boot time, which moves a little when the clock is corrected.
_TOLERANCE_SECONDS = 2.0
# A mark is a whole number that a float holds exactly: 5 years of clock ticks, and which start of the machine it was.
_TICK_BITS, _BOOT_BITS = 34, 18
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
# Only Windows has them: its own group for Ctrl-C, and no console window.
_WINDOWS_FLAGS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
_DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


# Who is who


def identity(pid: int | None = None) -> tuple[int, float]:
    """The pid of a process, this one by default, and a mark; no other process ever has both.

    On Linux the mark does not depend on the clock, which people and networks set: it is below zero and made of the
    start of the machine and the process's own start in ticks since then. Elsewhere it is the create time, which those
    systems keep as it was.
    """
    pid = os.getpid() if pid is None else pid
    mark = _mark(pid)
    return pid, psutil.Process(pid).create_time() if mark is None else mark


def _mark(pid: int) -> float | None:
    """None where the system does not tell, and where there is no such process."""
    try:
        # The name in brackets may hold spaces and brackets; the start is the 20th field behind it.
        ticks = int((_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None
    boot = _boot()
    return None if boot is None else -1.0 - (boot << _TICK_BITS | ticks & (1 << _TICK_BITS) - 1)


@lru_cache(maxsize=1)
def _boot() -> int | None:
    try:
        text = (_PROC / "sys/kernel/random/boot_id").read_bytes()
    except OSError:
        return None
    return int.from_bytes(hashlib.sha256(text.strip()).digest()[:8]) >> 64 - _BOOT_BITS


def find(pid: int | None, created: float | None) -> psutil.Process | None:
    """The living process of that identity; a zombie is dead."""
    if pid is None or created is None:
        return None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process if _is(process, created) and process.status() not in _DEAD else None
    return None


def _is(process: psutil.Process, created: float) -> bool:
    if created < 0:
        return _mark(process.pid) == created
    return abs(process.create_time() - created) < _TOLERANCE_SECONDS


def before_restart(created: float | None) -> bool:
    """Whether the process of that mark belongs to an earlier start of this machine, where the mark tells."""
    boot = _boot()
    if created is None or created >= 0 or boot is None:
        return False
    return int(-1.0 - created) >> _TICK_BITS != boot


# Starting


def start_detached(
    module: str, *arguments: str, log: Path, environment: dict[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    """``python -m module`` in a session of its own, output appended to a file and never to a pipe."""
    with _appending(log) as output:
        return subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=cwd,
            start_new_session=True,
            creationflags=_WINDOWS_FLAGS,
        )


def _appending(log: Path) -> BufferedWriter:
    """The log, or nowhere when the disk is full: what is to be started is worth more than its log."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


# Ending


def kill(pid: int | None, created: float | None) -> bool:
    """End that process and all it started, without asking; False when it was not there any more, or is this one."""
    process = find(pid, created)
    if process is None or process.pid == os.getpid():
        return False
    family = [process]
    with suppress(psutil.Error):
        family += process.children(recursive=True)
    _kill_group(process.pid)
    for member in family:
        with suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(family, timeout=5)
    return True


def _kill_group(pid: int) -> None:
    """Only a group that the process leads: a foreground run may sit in the group of somebody's shell script."""
    if not hasattr(os, "killpg"):
        return
    with suppress(OSError):
        if os.getpgid(pid) == pid and pid != os.getpgid(0):
            os.killpg(pid, signal.SIGKILL)


def kill_orphans(session: int, variable: str, value: str) -> int:
    """End what is left of the session of a process that is gone, and say how much that was.

    Only processes with that variable in their environment: the number may have become somebody else's.
    """
    if not hasattr(os, "getsid"):
        return 0
    left = [process for process in psutil.process_iter() if _belongs(process, session, variable, value)]
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    return len(left)


def _belongs(process: psutil.Process, session: int, variable: str, value: str) -> bool:
    with suppress(psutil.Error, OSError):
        return os.getsid(process.pid) == session and process.environ().get(variable) == value
    return False


def killed_for_memory() -> int:
    """How many processes the kernel has ended so far because the memory ran out, counted as near to this one as it can.

    That is in this process's control group, where its children are as well, or else on the whole machine; 0 where
    nobody counts.
    """
    for path in (*_memory_groups(), _PROC / "vmstat"):
        with suppress(OSError):
            if found := re.search(r"^oom_kill (\d+)$", path.read_text(), re.MULTILINE):
                return int(found[1])
    return 0


def _memory_groups() -> list[Path]:
    """The files that count for this process's control group: of version 2, and of version 1 beside it."""
    try:
        lines = (_PROC / "self/cgroup").read_text().splitlines()
    except OSError:
        return []
    files = []
    for _, controllers, group in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if not controllers:
            files.append(_CGROUPS / group.strip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            # In a container, the group's name is often the one that it has outside.
            files += [_CGROUPS / "memory" / name / "memory.oom_control" for name in (group.strip("/"), "")]
    return files
