"""The device to compute on (CUDA, Apple MPS or the CPU), and whether it supports bfloat16 in hardware."""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import torch

from byol_core.errors import InputError
from byol_core.system import threads
from byol_core.system.contention import cores

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")  # the last one is ARM's


def pick_device(wanted: str = "auto", index: int = 0) -> torch.device:
    """The device with this name, or the fastest one for "auto"; InputError when it is not available.

    ``index`` selects one of several GPUs, for a run in which each process has its own.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        wanted = next(kind for kind, found in here.items() if found)
    if not here[wanted]:
        raise InputError(
            "This machine has no {device} device; set runtime.device to auto or cpu.",
            setting="runtime.device",
            device=wanted.upper(),
        )
    return torch.device(wanted, index) if wanted == "cuda" else torch.device(wanted)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 natively; emulating it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and not _cpu_flags().isdisjoint(_BF16_FLAGS)


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """bfloat16 when ``precision`` is "bfloat16", or "auto" and the hardware has it; else None, for float32."""
    wanted = precision == "bfloat16" or (precision == "auto" and has_bfloat16(device))
    return torch.bfloat16 if wanted else None


def use_threads(count: int, processes: int = 1) -> int:
    """Let torch use ``count`` CPU threads, or all cores for 0; returns the number.

    ``processes`` is how many processes of this machine share the cores.
    """
    count = count or max(1, cores() // processes)
    threads.use(count)
    return count


def keep_memory() -> bool:
    """Let this process keep freed memory for the next step; False where the C library has no such option.

    A training step frees and allocates the same gigabyte again and again. By default, glibc returns blocks of more than
    32 MB to the system each time, which then has to clear every page again: a sixth of the step time of a small conv
    net on two cores.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return False
    return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))


def _cpu_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - a device file, read line by line
            return next((set(line.split()) for line in lines if line.startswith(("flags", "Features"))), set())
    except OSError:  # not Linux
        return set()


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        name = ""
    return name or platform.processor() or platform.machine()


def describe_machine() -> dict[str, Any]:
    """Processor, memory, devices and versions as plain values, for ``byol doctor`` and the Lab page."""
    import psutil
    import torchvision

    cpu = torch.device("cpu")
    devices = [{"name": _cpu_name(), "kind": "cpu", "bf16": has_bfloat16(cpu)}]
    if torch.backends.mps.is_available():
        devices.insert(0, {"name": "Apple GPU", "kind": "mps", "bf16": False})
    for index in range(torch.cuda.device_count()):
        gpu = torch.device("cuda", index)
        devices.insert(index, {"name": torch.cuda.get_device_name(gpu), "kind": "cuda", "bf16": has_bfloat16(gpu)})
    return {
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        "threads": psutil.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "devices": devices,
        "device": pick_device().type,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": torchvision.__version__,
    }
