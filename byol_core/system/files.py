"""Files that are either whole or not there: a temporary name, fsync, then a rename."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil

_REPLACE_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)  # seconds
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PAGE_BYTES = 65_536  # what a database may want to write at once
# Enough for a large class, and not so much that the rare old program that walks through all of them takes long.
OPEN_FILES = 8192
_TEMPORARY = re.compile(r"\..+\.(\d+)-[0-9a-f]{8}\.tmp")


@contextmanager
def atomic(path: Path, *, make_folder: bool = True) -> Iterator[IO[bytes]]:
    """A file to write, which is at ``path`` when all is written: no reader, and no power cut, ever sees half of it.

    ``make_folder=False``: FileNotFoundError where the folder is not there, as after it was deleted.
    """
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_atomic(path: Path, data: bytes | memoryview, *, make_folder: bool = True) -> None:
    """Put ``data`` at ``path``, whole or not at all: see :func:`atomic`."""
    with atomic(path, make_folder=make_folder) as file:
        file.write(data)


def _replace(temporary: Path, path: Path) -> None:
    """The rename, tried again for a moment: Windows refuses it while somebody reads the file."""
    for pause in _REPLACE_PAUSES:
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(pause)
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """``write_atomic`` of readable JSON."""
    write_atomic(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def is_disk_full(error: BaseException) -> bool:
    """Whether the disk, or what this user may have of it, was full."""
    return isinstance(error, OSError) and error.errno in _FULL


def because(error: OSError) -> str:
    """Why a file cannot be written or read, in words that fit between brackets."""
    if error.errno == errno.EFBIG and (most := _size_limit()):
        return f"a file may have at most {most / 1e6:,.1f} MB here, the limit of 'ulimit -f'"
    return error.strerror or str(error) or type(error).__name__


def reaches_size_limit(*files: Path) -> bool:
    """Whether one of these files is about as large as the system lets this process write: SQLite does not say so."""
    most = _size_limit()
    return most > 0 and any(file.exists() and file.stat().st_size > most - _PAGE_BYTES for file in files)


def _size_limit() -> int:
    """The bytes that a file may have; 0 for as many as there is room for."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 0
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return 0 if most == resource.RLIM_INFINITY else most


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files, here and in folders below, of processes that were killed while they wrote."""
    for path in folder.rglob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and not psutil.pid_exists(int(found[1])):
            with suppress(OSError):
                path.unlink()


def sync_folder(folder: Path) -> None:
    """Make the renames inside a folder survive a power cut, where the system can (Windows cannot open folders)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def raise_open_files(wanted: int = OPEN_FILES) -> int:
    """Let this process, and those that it starts, have more files and connections open; how many they now may.

    Most systems begin with 1,024 (macOS: 256) and allow any program to ask for more.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    reached = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if now == resource.RLIM_INFINITY or now >= reached:
        return wanted if now == resource.RLIM_INFINITY else now
    with suppress(OSError, ValueError):  # macOS allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (reached, most))
    return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
