"""What a run takes of its machine: processor, memory, and the GPU where it computes on one. Knows no torch.

``system_cpu``: percent of all cores, 0 to 100. ``system_memory``: GB resident. ``system_gpu``: percent of the time in
which the GPU computed. ``system_gpu_memory``: GB taken on it, by whomever.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

CPU, MEMORY, GPU, GPU_MEMORY = "system_cpu", "system_memory", "system_gpu", "system_gpu_memory"
KEYS = (CPU, MEMORY, GPU, GPU_MEMORY)
_GPU_PATIENCE = 5.0  # seconds; a driver that takes longer is asked no more


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
        answer = _in_time(lambda: _ask(cards))
        self._asks_gpu = answer is not None
        return answer or {}


def gpus() -> list[str]:
    """The NVIDIA GPUs on which this process computes already, as the driver names them; torch is not loaded for it."""
    torch = sys.modules.get("torch")
    try:
        if torch is None or not torch.cuda.is_initialized():
            return []
        # Another order than the driver's, and only those that this process may see; the name is the same for both.
        found = (torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count()))
        return [f"GPU-{card.uuid}" for card in found]
    except (AttributeError, RuntimeError):  # torch is being imported at this moment, or its build is not NVIDIA's
        return []


def _in_time(ask: Callable[[], dict[str, float] | None]) -> dict[str, float] | None:
    """The answer; None as well when the driver hangs, which whoever asked must not."""
    found: list[dict[str, float] | None] = []
    thread = threading.Thread(target=lambda: found.append(ask()), name="gpu", daemon=True)
    thread.start()
    thread.join(_GPU_PATIENCE)
    return found[0] if found else None


def _ask(cards: list[str]) -> dict[str, float] | None:
    """What the driver says of these cards together; None when it cannot be asked."""
    import pynvml

    try:
        pynvml.nvmlInit()  # counts how often; the first time it takes a moment
        handles = [pynvml.nvmlDeviceGetHandleByUUID(card) for card in cards]
    except pynvml.NVMLError:
        return None
    used = _known(handles, lambda handle: float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu))
    taken = _known(handles, lambda handle: float(pynvml.nvmlDeviceGetMemoryInfo(handle).used))
    values = {GPU: sum(used) / len(used)} if used else {}
    return values | ({GPU_MEMORY: sum(taken) / 1e9} if taken else {})


def _known(handles: list[Any], ask: Callable[[Any], float]) -> list[float]:
    """The answers that there are: a part of a card does not know its use."""
    from pynvml import NVMLError

    found = []
    for handle in handles:
        with suppress(NVMLError):
            found.append(ask(handle))
    return found
