"""What a run takes of its machine: processor, memory, and the GPU where it computes on one. Knows no torch.

``system_cpu``: percent of all cores, 0 to 100. ``system_memory``: GB resident. ``system_gpu``: percent of the time in
which the GPU computed. ``system_gpu_memory``: GB taken on it, by whomever.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

import psutil

CPU, MEMORY, GPU, GPU_MEMORY = "system_cpu", "system_memory", "system_gpu", "system_gpu_memory"
KEYS = (CPU, MEMORY, GPU, GPU_MEMORY)
_GPU_PATIENCE = 5.0  # seconds; a driver that takes longer is asked no more
_MIB = 2**20


class Sampler:
    """Looks at this process, and with ``family`` at those that it started, each time since the look before."""

    def __init__(self, family: bool = False) -> None:
        self.family = family
        self._asks_gpu = True
        self._at, self._spent = time.monotonic(), self._processor()[0]

    def read(self) -> dict[str, float]:
        """The values that there are, by the names of their curves."""
        before, then = self._spent, self._at
        self._at, (self._spent, resident) = time.monotonic(), self._processor()
        # One that ended in between takes its time with it; one that is new brings all of its own.
        spent = sum(seconds - before.get(pid, 0.0) for pid, seconds in self._spent.items())
        share = spent / max(self._at - then, 1e-3) / (psutil.cpu_count() or 1)
        values = {CPU: min(100.0, max(0.0, 100 * share)), MEMORY: resident / 1e9}
        return values | self._gpu()

    def _processor(self) -> tuple[dict[int, float], int]:
        """Seconds of processor time by pid, and bytes of memory of all together."""
        spent, resident = {}, 0
        for process in self._processes():
            with suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                spent[process.pid] = times.user + times.system
                resident += process.memory_info().rss
        return spent, resident

    def _processes(self) -> list[psutil.Process]:
        me = psutil.Process()
        with suppress(psutil.Error):
            return [me, *me.children(recursive=True)] if self.family else [me]
        return [me]

    def _gpu(self) -> dict[str, float]:
        cards = gpus() if self._asks_gpu else []
        if not cards:
            return {}
        answer = _ask(cards)
        self._asks_gpu = answer is not None
        return answer or {}


def gpus() -> list[str]:
    """The NVIDIA GPUs on which this process computes already, as nvidia-smi names them; torch is not loaded for it."""
    torch = sys.modules.get("torch")
    try:
        if torch is None or not torch.cuda.is_initialized():
            return []
        # Another order than nvidia-smi's, and only those that this process may see; the name is the same for both.
        found = (torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count()))
        return [f"GPU-{card.uuid}" for card in found]
    except (AttributeError, RuntimeError):  # torch is being imported at this moment, or its build is not NVIDIA's
        return []


def _ask(cards: list[str]) -> dict[str, float] | None:
    """What nvidia-smi says of these cards together; None when it cannot be asked."""
    query = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-i", ",".join(cards)]
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": _GPU_PATIENCE, "check": True}
    try:
        text = subprocess.run(["nvidia-smi", *query], env={**os.environ, "LC_ALL": "C"}, **settings).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    rows = [[_number(part) for part in line.split(",")] for line in text.splitlines() if line.count(",") == 1]
    used = [row[0] for row in rows if row[0] is not None]
    taken = [row[1] for row in rows if row[1] is not None]
    values = {GPU: sum(used) / len(used)} if used else {}
    return values | ({GPU_MEMORY: sum(taken) * _MIB / 1e9} if taken else {})


def _number(text: str) -> float | None:
    """A part of a card says ``[N/A]`` of its use."""
    try:
        return float(text)
    except ValueError:
        return None
