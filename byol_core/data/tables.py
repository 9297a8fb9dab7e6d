"""Arrays that are read a few rows at a time and never unpickled: .npy files, members of an .npz, arrays in memory."""

from __future__ import annotations

import math
import tokenize
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil

from byol_core.data.pixels import Array
from byol_core.errors import InputError
from byol_core.messages import Message

# Bytes of an array that are processed at once.
CHUNK = 2**24
# What NumPy raises for an invalid header; MemoryError comes from the parser, for one that is nested too deeply.
_NO_HEADER = (
    *(ValueError, KeyError, EOFError, SyntaxError, TypeError, RecursionError, MemoryError),
    tokenize.TokenError,
)
# Labels and names are read as a whole; this is far more than real ones need.
MOST_SMALL = 2**28


@dataclass(frozen=True)
class Table:
    """An array of this shape that can be read in chunks of rows, in order, any number of times."""

    what: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: Callable[[], Iterator[Array]]

    def __len__(self) -> int:
        return self.shape[0]

    def whole(self) -> Array:
        """A small array as a whole."""
        if math.prod(self.shape) * self.dtype.itemsize > MOST_SMALL:
            raise InputError("{what} is far too large for labels or names.", what=self.what)
        parts = list(self.chunks())
        return np.concatenate(parts) if parts else np.empty(self.shape, self.dtype)


def in_memory(array: Array, what: str) -> Table:
    """An array in memory, or a memory map."""
    rows = _rows(array.shape, array.dtype)

    def chunks() -> Iterator[Array]:
        for start in range(0, len(array), rows):
            yield array[start : start + rows]

    return Table(what, array.shape, array.dtype, chunks)


def from_npy(path: Path) -> Table:
    """The array of a .npy file, as a memory map."""
    what = Message("'{name}'", name=path.name)
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file, what)
        start = file.tell()
    if path.stat().st_size < start + math.prod(shape) * dtype.itemsize:
        raise InputError("{what} is cut short: it ends before its array does.", what=what)
    if not math.prod(shape):
        return in_memory(np.empty(shape, dtype), what)
    return in_memory(np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C"), what)


def from_npz(archive: zipfile.ZipFile, key: str, file_name: str) -> Table:
    """One array of an .npz; its rows are unpacked when they are read."""
    what, member = Message("'{key}' in '{file}'", key=key, file=file_name), archive.getinfo(f"{key}.npy")
    with archive.open(member) as file:
        shape, fortran, dtype = _header(file, what)
        start = file.tell()
    if member.file_size != start + math.prod(shape) * dtype.itemsize:
        raise InputError("{what} is broken: its size is not what its header says.", what=what)
    if fortran and len(shape) > 1:
        return _column_major(archive, member, what, shape, dtype, start)

    def chunks() -> Iterator[Array]:
        with archive.open(member) as file:
            # A compressed member cannot be mapped or seeked quickly: skip the header, then read in order.
            file.read(start)
            rows = _rows(shape, dtype)
            for first in range(0, shape[0], rows):
                here = (min(rows, shape[0] - first), *shape[1:])
                yield np.frombuffer(file.read(math.prod(here) * dtype.itemsize), dtype).reshape(here)

    return Table(what, shape, dtype, chunks)


def _column_major(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    what: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    start: int,
) -> Table:
    """A Fortran-ordered array, which has no contiguous rows to stream; it is unpacked as a whole when it is read."""

    if 2 * member.file_size > psutil.virtual_memory().available:
        raise InputError(
            "{what} is column-major and too large to be read whole: save it row by row (C order).", what=what
        )

    def chunks() -> Iterator[Array]:
        with archive.open(member) as file:
            values = np.frombuffer(file.read()[start:], dtype).reshape(shape, order="F")
        yield from in_memory(values, what).chunks()

    return Table(what, shape, dtype, chunks)


def _header(file: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        shape, fortran, dtype = readers[np.lib.format.read_magic(file)](file)
    except _NO_HEADER:
        raise InputError("{what} is not a NumPy array that can be read safely.", what=what) from None
    if dtype.hasobject:
        raise InputError(
            "{what} is an array of Python objects, which is not read: save it as numbers or as text.", what=what
        )
    if not shape or dtype.kind not in "biufUS" or not dtype.itemsize:
        raise InputError(
            "{what} should be an array of numbers or text, and is {dtype} of shape {shape}.",
            what=what,
            dtype=str(dtype),
            shape=str(shape),
        )
    return shape, fortran, dtype


def _rows(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return max(1, CHUNK // max(1, math.prod(shape[1:]) * dtype.itemsize))
