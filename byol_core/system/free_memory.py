"""How much memory this process may use, considering the machine, its container (cgroup) and its own limits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
# File names of the limit, the usage and the reclaimable part of the usage, by cgroup version.
_FILES = {
    "v2": ("memory.max", "memory.current", "inactive_file"),
    "v1": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


_sharers = 1


def shared_by(processes: int) -> None:
    """Tell this module that ``processes`` processes on this machine will load the same set at the same time."""
    global _sharers
    _sharers = processes


def free_memory() -> int:
    """The bytes of memory that this process may use; never below 0."""
    # Each process of a run would otherwise see the same free memory and take all of it.
    common = min([psutil.virtual_memory().available, *_left_in_groups()]) // _sharers
    return max(0, min([common, *_left_in_process()]))


def _left_in_process() -> Iterator[int]:
    """What is left of the limits set with ``ulimit -d`` and ``ulimit -v``."""
    if sys.platform == "win32":
        return
    import resource

    used = psutil.Process().memory_info()
    for limit, taken in ((resource.RLIMIT_DATA, getattr(used, "data", 0)), (resource.RLIMIT_AS, used.vms)):
        most = resource.getrlimit(limit)[0]
        if most != resource.RLIM_INFINITY:
            yield most - taken


def _left_in_groups(groups: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")) -> Iterator[int]:
    """What is left of the limits of this process's control group and of those that contain it."""
    with suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                yield from _left_along(groups, path, "v2")
            elif "memory" in controllers.split(","):
                yield from _left_along(groups / "memory", path, "v1")


def _left_along(root: Path, path: str, version: str) -> Iterator[int]:
    here = root / path.strip("/")
    for group in [here, *here.parents]:
        if group.is_relative_to(root):
            yield from _left(group, version)


def _left(group: Path, version: str) -> Iterator[int]:
    limit, used, reclaimable = _FILES[version]
    with suppress(OSError, ValueError):  # there is no such group, or its limit is "max"
        most = int((group / limit).read_text())
        lines = (line.split() for line in (group / "memory.stat").read_text().splitlines())
        spare = next((int(value) for name, value in lines if name == reclaimable), 0)
        yield most - int((group / used).read_text()) + spare
