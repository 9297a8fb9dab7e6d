"""Image sets from arrays: .npz files, plain .npy files, and arrays that another module has in memory."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from byol_core.data import npz
from byol_core.data.account import Account, Ledger, Remark, settled
from byol_core.data.imageset import ImageSet, check_enough
from byol_core.data.labels import Labels
from byol_core.data.pixels import Scale, check_shape, find_scale, fit, to_tensor
from byol_core.data.room import Room, Rows, in_memory
from byol_core.data.splits import split
from byol_core.data.tables import Table, from_npy
from byol_core.errors import InputError
from byol_core.system.out_of_memory import is_out_of_memory

Progress = Callable[[str, float], None]

# Limits on the unpacked bytes of an .npz or an archive. Images hardly compress, so normal files stay far below.
MOST_TOTAL, MOST_RATIO = 2**30, 200


def assemble(
    name: str,
    parts: Sequence[tuple[Table, bool]],
    labels: Labels | None,
    class_names: tuple[str, ...],
    size: int,
    *,
    scale: Scale | None = None,
    ledger: Ledger | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    room: Room = in_memory,
) -> ImageSet:
    """Combine tables of images, some of them with test images, into one ImageSet.

    Only images that are used are resized.
    """
    total = sum(len(table) for table, _ in parts)
    check_enough(name, total)
    for table, _ in parts:
        check_shape(table.shape, table.what)
    is_test = np.repeat([test for _, test in parts], [len(table) for table, _ in parts])
    # Without labels all images are one stratum.
    train, test = split(np.zeros(total, np.int64) if labels is None else labels, is_test, limit)
    keep = np.concatenate([train, test])
    own_split = bool(is_test.any() and not is_test.all())
    ledger = ledger or Ledger()
    if not own_split:
        ledger.remark(Remark.HELD_OUT, n=len(test))
    if scale is None:
        scale = _common_scale([table for table, _ in parts])
        ledger.remark(Remark.RANGE, range=scale.words)
    rows = room(len(keep), size)
    _fill(rows, size, [table for table, _ in parts], keep, scale, progress)
    sides = np.full(total, -1, np.int64) if labels is None else labels
    return ImageSet(
        name=name,
        images=rows.images(len(keep)),
        labels=None if labels is None else torch.from_numpy(labels[keep]),
        class_names=class_names,
        train=torch.arange(len(train)),
        test=torch.arange(len(train), len(keep)),
        account=settled(ledger, sides[train].tolist(), sides[test].tolist(), class_names),
    )


def _fill(
    rows: Rows,
    size: int,
    tables: Sequence[Table],
    keep: NDArray[np.int64],
    scale: Scale,
    progress: Progress | None,
) -> None:
    """Write the selected images: row ``keep[i]``, counted over all tables, becomes image ``i``."""
    total, first = sum(map(len, tables)), 0
    place = np.full(total, -1, np.int64)
    place[keep] = np.arange(len(keep))
    for table in tables:
        for chunk in table.chunks():
            here = place[first : first + len(chunk)]
            first += len(chunk)
            wanted = here >= 0
            if wanted.any():
                pictures = to_tensor(scale(chunk[wanted]), table.what)  # scaling copies, so memory maps stay unchanged
                rows.put(here[wanted], fit(pictures, size))
            if progress:
                progress("reading the images", first / total)


def _common_scale(tables: Sequence[Table]) -> Scale:
    """The value range over all tables, because training and test images must be scaled alike."""
    spans = [span for table in tables for span in _spans(table)]
    kind = "f" if any(table.dtype.kind == "f" for table in tables) else "i"
    return find_scale(kind, min(low for low, _ in spans), max(high for _, high in spans), tables[0].what)


def _spans(table: Table) -> Iterator[tuple[float, float]]:
    if table.dtype.kind not in "biuf":
        raise InputError(f"{table.what} holds text, and should hold the values of pixels.")
    for chunk in table.chunks():
        low, high = float(chunk.min()), float(chunk.max())
        if not np.isfinite([low, high]).all():
            raise InputError(f"{table.what} holds values that are not numbers (NaN) or are infinite.")
        yield low, high
        if table.dtype == np.uint8 and high > 1:
            return  # the range of bytes is known; only a set of zeros and ones differs


def load_npy(path: Path, size: int, progress: Progress | None, limit: int | None, room: Room = in_memory) -> ImageSet:
    """Load a plain .npy with images; there are no labels."""
    with _readable(path):
        return assemble(path.name, [(from_npy(path), False)], None, (), size, limit=limit, progress=progress, room=room)


def load_npz(path: Path, size: int, progress: Progress | None, limit: int | None, room: Room = in_memory) -> ImageSet:
    """Load an .npz with images, and with labels if it has some, under the usual names: see ``npz`` and ``array_names``.

    Only images are required.
    """
    ledger = Ledger()
    with _readable(path), zipfile.ZipFile(path) as archive:
        _check_ratio(archive, path)
        found = npz.read(archive, path.name, ledger)
        parts, labels, names = found.parts, found.labels, found.class_names
        return assemble(path.name, parts, labels, names, size, ledger=ledger, limit=limit, progress=progress, room=room)


def listed(path: Path, limit: int | None = None) -> Account:
    """What would be read of an .npz or .npy; only its headers and labels are looked at, not its images."""
    ledger = Ledger()
    with _readable(path):
        if path.suffix.lower() == ".npy":
            return _account(npz.Contents([(from_npy(path), False)], None, ()), ledger, limit)
        with zipfile.ZipFile(path) as archive:
            _check_ratio(archive, path)
            return _account(npz.read(archive, path.name, ledger), ledger, limit)


def _account(found: npz.Contents, ledger: Ledger, limit: int | None) -> Account:
    counts = [len(table) for table, _ in found.parts]
    sides = np.full(sum(counts), -1, np.int64) if found.labels is None else found.labels
    is_test = np.repeat([test for _, test in found.parts], counts)
    if not len(sides):
        return Account(left_out=ledger.left_out, remarks=ledger.remarks, decoded=False)
    train, test = split(np.zeros_like(sides) if found.labels is None else sides, is_test, limit)
    if is_test.all() or not is_test.any():
        ledger.remark(Remark.HELD_OUT, n=len(test))
    account = settled(ledger, sides[train].tolist(), sides[test].tolist(), found.class_names)
    return replace(account, decoded=False)


def _check_ratio(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise InputError if the file unpacks to far too much, or uses LZMA, which can demand any amount of memory."""
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in archive.infolist()):
        raise InputError(f"'{path.name}' is packed in a rare way: save it with np.savez or np.savez_compressed.")
    most = max(MOST_TOTAL, MOST_RATIO * path.stat().st_size)
    if sum(entry.file_size for entry in archive.infolist()) > most:
        raise InputError(f"'{path.name}' is refused: it holds far more than its size on the disk allows.")


_BROKEN = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error),
    *(NotImplementedError, RuntimeError, OverflowError, IndexError),
)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn file errors and errors of a broken .npz into one sentence. Running out of memory is not the file's fault."""
    try:
        yield
    except _BROKEN as error:
        if is_out_of_memory(error):
            raise
        raise InputError(f"'{path.name}' cannot be read: {str(error) or type(error).__name__}.") from None
