"""Writes files so that they are either complete or absent: a temporary name, fsync, then a rename."""

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

from byol_core.messages import Message

_REPLACE_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)  # seconds
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PAGE_BYTES = 65_536  # as much as a database may write in one go
# Enough for a large class. Not more, because some old programs loop over every possible descriptor when they start.
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
    """Rename, with a few retries: Windows refuses while somebody is reading the file."""
    for pause in _REPLACE_PAUSES:
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(pause)
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write readable JSON with :func:`write_atomic`."""
    write_atomic(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def is_disk_full(error: BaseException) -> bool:
    """Whether the error means that the disk, or this user's quota, is full."""
    return isinstance(error, OSError) and error.errno in _FULL


def because(error: OSError) -> str:
    """The reason of a file error, as words that fit into parentheses; in English where they are the system's."""
    if error.errno == errno.EFBIG and (most := _size_limit()):
        return Message("a file may have at most {most:,.1f} MB here, the limit of 'ulimit -f'", most=most / 1e6)
    return error.strerror or str(error) or type(error).__name__


def reaches_size_limit(*files: Path) -> bool:
    """Whether one of the files is about to exceed the size limit of this process, which SQLite does not report."""
    most = _size_limit()
    return most > 0 and any(file.exists() and file.stat().st_size > most - _PAGE_BYTES for file in files)


def _size_limit() -> int:
    """The largest file size that this process may write in bytes; 0 if there is no limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 0
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return 0 if most == resource.RLIM_INFINITY else most


def clear_leftovers(folder: Path) -> None:
    """Remove temporary files, here and in subfolders, left by processes that were killed while writing."""
    for path in folder.rglob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and not psutil.pid_exists(int(found[1])):
            with suppress(OSError):
                path.unlink()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power failure, where the system can; Windows cannot open folders."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def raise_open_files(wanted: int = OPEN_FILES) -> int:
    """Raise this process's limit on open files and connections, which its children inherit; returns the new limit.

    Most systems start with 1,024 (macOS: 256) and let every program ask for more.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    reached = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if now == resource.RLIM_INFINITY or now >= reached:
        return wanted if now == resource.RLIM_INFINITY else now
    with suppress(OSError, ValueError):  # macOS may refuse its own limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (reached, most))
    return int(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
