"""Processes of runs: who is who (a pid alone may have been handed to somebody else), starting, and ending."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

# psutil derives the create time from the boot time, which moves a little when the clock is corrected.
_TOLERANCE_SECONDS = 2.0
# Only Windows has them: its own group for Ctrl-C, and no console window.
_WINDOWS_FLAGS = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)


def identity(pid: int | None = None) -> tuple[int, float]:
    """The pid and create time of a process, which nothing else ever has; of this one by default."""
    process = psutil.Process(pid)
    return process.pid, process.create_time()


def be_nice(niceness: int) -> None:
    """Let other processes, such as the dashboard, go first."""
    with suppress(psutil.Error, OSError):
        psutil.Process().nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", niceness))  # the name is Windows' own
    # Linux shares the cores among sessions first; within one of its own, a process is nice to nobody but itself.
    with suppress(OSError):
        group = Path("/proc/self/autogroup")
        if group.exists() and os.getsid(0) == os.getpid():
            group.write_text(str(niceness))


def find(pid: int | None, created: float | None) -> psutil.Process | None:
    """The living process of that identity; a zombie is dead."""
    if pid is None or created is None:
        return None
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < _TOLERANCE_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    return None


def start_detached(
    module: str, *arguments: str, log: Path, environment: dict[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    """``python -m module`` in a session of its own, output appended to a file and never to a pipe."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
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


def kill(pid: int | None, created: float | None) -> bool:
    """End that process and all it started, without asking; False when it was not there any more."""
    process = find(pid, created)
    if process is None:
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
