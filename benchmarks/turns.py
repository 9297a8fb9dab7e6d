"""A turn of a contender: a process of its own, watched for its memory; and the machine's own speed beside it.

A script that measures contenders calls :func:`turn`, which starts the same script with ``--turn``; there it calls
:func:`task` for what to do and :func:`answer` with what it found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from common import say

from byol_core.errors import LabError

MIB = 2**20
_LOOK_SECONDS = 0.25  # between two looks at the memory: reading a process's map takes about a millisecond
_SIDE, _TRIES = 2048, 3


def turn(script: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """What a process of ``script`` answers to a task, with its peak memory in MiB, its workers' included.

    ``peak_pss`` counts a page that several processes share once, ``peak_rss`` once for each of them. ``others`` is the
    share of the machine's cores that went to other programs meanwhile: over a few hundredths, the turn was disturbed.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        clock = Others()
        process = subprocess.Popen([sys.executable, script, "--turn", json.dumps(task)], stdout=out, stderr=err)
        try:
            peaks = _watch(process)
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            err.seek(0)
            raise _failed(task, err.read())
        out.seek(0)
        return {**json.loads(out.read().splitlines()[-1]), **peaks, "others": clock.share()}


def _failed(task: Mapping[str, Any], words: str) -> LabError:
    """What a turn that failed said, whole for whoever mends it, and its last line in the sentence."""
    say(words)
    last = next(reversed(words.split("\n")[:-1]), "it said nothing")
    return LabError(f"The turn of {task.get('who', 'a contender')} failed: {last}")


def _watch(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """The peaks of a process and its children until it ends."""
    peaks = {"peak_pss": 0.0, "peak_rss": 0.0}
    root = psutil.Process(process.pid)
    while process.poll() is None:
        pss, rss = memory(root)
        peaks = {"peak_pss": max(peaks["peak_pss"], pss / MIB), "peak_rss": max(peaks["peak_rss"], rss / MIB)}
        time.sleep(_LOOK_SECONDS)
    return {key: round(value, 1) for key, value in peaks.items()}


def memory(root: psutil.Process) -> tuple[int, int]:
    """Bytes (PSS, RSS) of a process with all its children; where the system knows no PSS, the RSS stands for it."""
    pss = rss = 0
    for process in _family(root):
        try:
            own = process.memory_info().rss
            pss += _proportional(process.pid) or own
        except (psutil.Error, OSError):  # it has just ended
            continue
        rss += own
    return pss, rss


def _family(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _proportional(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        return 0
    line = next(line for line in rollup.read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024


class Others:
    """How much of the machine goes to programs other than this one and its children, from here on."""

    def __init__(self) -> None:
        self.busy, self.own, self.started = _busy(), _own(), time.perf_counter()

    def share(self) -> float:
        """0 to 1, of all cores; what a hypervisor took away counts as well."""
        cores = psutil.cpu_count() or 1
        taken = (_busy() - self.busy) - (_own() - self.own)
        return round(min(1.0, max(0.0, taken / cores / (time.perf_counter() - self.started))), 3)


def _busy() -> float:
    """Seconds that the cores of this machine have worked, for anybody."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _own() -> float:
    """Seconds that this process and the children that have ended have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def answer(found: Mapping[str, Any]) -> None:
    """Hand the result of a turn to whoever started it."""
    print(json.dumps(found), flush=True)


def calibrate() -> dict[str, float]:
    """GFLOP/s of this machine's matrix product now, in what it computes with: the best of a few of 2048x2048."""
    import torch

    from byol_core.system.device import has_bfloat16

    found = {}
    for dtype in (torch.float32, torch.bfloat16)[: 1 + has_bfloat16(torch.device("cpu"))]:
        a = torch.randn(_SIDE, _SIDE).to(dtype)
        a @ a
        seconds = []
        for _ in range(_TRIES):
            started = time.perf_counter()
            a @ a
            seconds.append(time.perf_counter() - started)
        found[str(dtype).removeprefix("torch.")] = round(2 * _SIDE**3 / min(seconds) / 1e9, 1)
    say("  matrix product: " + ", ".join(f"{name} {rate:.0f} GFLOP/s" for name, rate in found.items()))
    return found
