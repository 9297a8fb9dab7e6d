"""Identifying, starting and ending the processes of runs. A pid alone is not enough: the system reuses them."""

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

# psutil derives the creation time from the boot time, which shifts slightly when the clock is corrected.
_TOLERANCE_SECONDS = 2.0
# A mark is a whole number that a float represents exactly: 5 years of clock ticks, and a hash of the boot id.
_TICK_BITS, _BOOT_BITS = 34, 18
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
# Windows only: a separate group, so that Ctrl-C does not reach it, and no console window.
_WINDOWS_FLAGS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
_DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


# Identifying


def identity(pid: int | None = None) -> tuple[int, float]:
    """The pid of a process (this one by default) and a mark that no other process with this pid has.

    On Linux the mark does not depend on the clock, which people and networks change: it is negative, and combines the
    boot id with the start time of the process in clock ticks since boot. On other systems it is the creation time,
    which they store as it was.
    """
    pid = os.getpid() if pid is None else pid
    mark = _mark(pid)
    return pid, psutil.Process(pid).create_time() if mark is None else mark


def _mark(pid: int) -> float | None:
    """The mark on Linux; None on other systems, and if the process does not exist."""
    try:
        # The name in parentheses may contain spaces and parentheses; the start time is the 20th field after it.
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
    """The running process with this pid and mark; None if there is none, or if it is a zombie."""
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
    """Whether the process with this mark was started before the last boot of this machine, as far as the mark tells."""
    boot = _boot()
    if created is None or created >= 0 or boot is None:
        return False
    return int(-1.0 - created) >> _TICK_BITS != boot


# Starting


def start_detached(
    module: str, *arguments: str, log: Path, environment: dict[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` in its own session, with output appended to a file."""
    with _appending(log) as output:
        return subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            # Not to a pipe: its buffer would fill up, and block the process, once nobody reads it any more.
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=cwd,
            start_new_session=True,
            creationflags=_WINDOWS_FLAGS,
        )


def _appending(log: Path) -> BufferedWriter:
    """The log file, or the null device if the disk is full: starting the process matters more than its log."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


# Ending


def kill(pid: int | None, created: float | None) -> bool:
    """Kill this process and all its descendants; False if it does not exist any more, or is this process."""
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
    """Kill the process group, if the process leads it: a run in the foreground may belong to a user's shell script."""
    if not hasattr(os, "killpg"):
        return
    with suppress(OSError):
        if os.getpgid(pid) == pid and pid != os.getpgid(0):
            os.killpg(pid, signal.SIGKILL)


def kill_orphans(session: int, variable: str, value: str) -> int:
    """Kill what remains of the session of a process that has ended, and return how many processes that were.

    Only processes with this environment variable are killed, because the session id may have been reused.
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
    """How many processes the kernel has killed so far because memory ran out.

    Counted in this process's control group, which also contains its children, or else on the whole machine; 0 if nobody
    counts.
    """
    for path in (*_memory_groups(), _PROC / "vmstat"):
        with suppress(OSError):
            if found := re.search(r"^oom_kill (\d+)$", path.read_text(), re.MULTILINE):
                return int(found[1])
    return 0


def _memory_groups() -> list[Path]:
    """The files with the counters of this process's control group, for cgroups version 2 and version 1."""
    try:
        lines = (_PROC / "self/cgroup").read_text().splitlines()
    except OSError:
        return []
    files = []
    for _, controllers, group in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if not controllers:
            files.append(_CGROUPS / group.strip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            # In a container, the group's name is often the one it has on the host.
            files += [_CGROUPS / "memory" / name / "memory.oom_control" for name in (group.strip("/"), "")]
    return files
