"""Image sets from arrays: .npz files, plain .npy files, and arrays that another module has in memory."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from byol_core.config import value_range
from byol_core.data import filetype, npz, ranges
from byol_core.data.account import Account, Ledger, Remark, settled
from byol_core.data.fourth_band import Sample, bands, color
from byol_core.data.imageset import ImageSet, check_enough
from byol_core.data.inspection import Inspected
from byol_core.data.labels import Labels
from byol_core.data.pixels import Scale, check_shape, fit, to_tensor
from byol_core.data.room import Room, Rows, in_memory
from byol_core.data.splits import split
from byol_core.data.tables import Table, from_npy
from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.system.out_of_memory import is_out_of_memory

Progress = Callable[[str, float], None]

# Limits on the unpacked bytes of an .npz or an archive. Images hardly compress, so normal files stay far below.
MOST_TOTAL, MOST_RATIO = 2**30, 200
# Images of a chunk that are looked at to find the range.
SURVEYED = 64


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
    values: str = value_range.AUTO,
) -> ImageSet:
    """Combine tables of images, some of them with test images, into one ImageSet.

    Only images that are used are resized. values: how they are scaled, as ``data.range``, unless ``scale`` says it.
    """
    (train, test), is_test = _sides(name, parts, labels, limit)
    keep = np.concatenate([train, test])
    ledger = ledger or Ledger()
    tables = [table for table, _ in parts]
    look = _known(tables, scale) if scale else _surveyed(tables, values, ledger)
    rows = Inspected(room(len(keep), size), len(keep), size)
    _fill(rows, size, tables, keep, look, progress)
    images = rows.images(len(keep))
    rows.remark(ledger)
    if not look.alpha:
        ledger.remark(Remark.FOURTH_BAND, n=_with_fourth(tables, keep))
    return ImageSet(
        name=name,
        images=images,
        labels=None if labels is None else torch.from_numpy(labels[keep]),
        class_names=class_names,
        train=torch.arange(len(train)),
        test=torch.arange(len(train), len(keep)),
        account=_account(ledger, labels, (train, test), is_test, class_names),
    )


def _sides(
    name: str, parts: Sequence[tuple[Table, bool]], labels: Labels | None, limit: int | None
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]:
    """The places of the training and of the test images, and which images are given for testing."""
    total = sum(len(table) for table, _ in parts)
    check_enough(name, total)
    for table, _ in parts:
        check_shape(table.shape, table.what)
    is_test = np.repeat([test for _, test in parts], [len(table) for table, _ in parts])
    # Without labels all images are one stratum.
    return split(np.zeros(total, np.int64) if labels is None else labels, is_test, limit), is_test


def _account(
    ledger: Ledger,
    labels: Labels | None,
    sides: tuple[NDArray[np.int64], NDArray[np.int64]],
    is_test: NDArray[np.bool_],
    class_names: Sequence[str],
) -> Account:
    """The account of images of which these places are used for training and for testing."""
    train, test = sides
    if not is_test.any() or is_test.all():
        ledger.remark(Remark.HELD_OUT, n=len(test))
    known = np.full(len(is_test), -1, np.int64) if labels is None else labels
    beyond = np.setdiff1d(np.arange(len(is_test)), np.concatenate(sides))
    return settled(ledger, known[train].tolist(), known[test].tolist(), class_names, known[beyond].tolist())


def listed(path: Path, limit: int | None = None) -> Account:
    """What would be used of an .npz or .npy; its labels are read, and of its images only the shapes."""
    ledger = Ledger()
    with _readable(path):
        if filetype.is_array(filetype.head(path)):
            return _listed(npz.Contents([(from_npy(path), False)], None, ()), ledger, limit, path.name)
        with zipfile.ZipFile(path) as archive:
            _check_ratio(archive, path)
            return _listed(npz.read(archive, path.name, ledger), ledger, limit, path.name)


def _listed(found: npz.Contents, ledger: Ledger, limit: int | None, name: str) -> Account:
    sides, is_test = _sides(name, found.parts, found.labels, limit)
    return replace(_account(ledger, found.labels, sides, is_test, found.class_names), decoded=False)


@dataclass(frozen=True)
class _Look:
    """How values become pixels: the scale of each data type, and whether a fourth band is transparency."""

    scales: Mapping[str, Scale]
    alpha: bool = True


def _known(tables: Sequence[Table], scale: Scale) -> _Look:
    return _Look({ranges.data_type(table.dtype): scale for table in tables})


def _fill(
    rows: Rows,
    size: int,
    tables: Sequence[Table],
    keep: NDArray[np.int64],
    look: _Look,
    progress: Progress | None,
) -> None:
    """Write the selected images: row ``keep[i]``, counted over all tables, becomes image ``i``."""
    total, first = sum(map(len, tables)), 0
    place = np.full(total, -1, np.int64)
    place[keep] = np.arange(len(keep))
    for table in tables:
        scale = look.scales[ranges.data_type(table.dtype)]
        for chunk in table.chunks():
            here = place[first : first + len(chunk)]
            first += len(chunk)
            wanted = here >= 0
            if wanted.any():
                pictures = to_tensor(scale(chunk[wanted]), table.what)  # scaling copies, so memory maps stay unchanged
                rows.put(here[wanted], fit(pictures, size, look.alpha))
            if progress:
                progress(Message("reading the images"), first / total)


def _surveyed(tables: Sequence[Table], values: str, ledger: Ledger) -> _Look:
    """One range for all tables of a data type, because training and test images must be scaled alike."""
    survey, fourth = ranges.Survey(), Sample()
    for table in tables:
        _survey(table, survey, fourth)
    scales = survey.scales(values, tables[0].what)
    ledger.remark(Remark.RANGE, range=ranges.words(scales))
    return _Look(scales, fourth.is_alpha(scales))


def _survey(table: Table, survey: ranges.Survey, fourth: Sample) -> None:
    if table.dtype.kind not in "biuf":
        raise InputError("{what} holds text, and should hold the values of pixels.", what=table.what)
    for chunk in table.chunks():
        lowest, highest = float(chunk.min()), float(chunk.max())
        if not np.isfinite([lowest, highest]).all():
            raise InputError("{what} holds values that are not numbers (NaN) or are infinite.", what=table.what)
        some = chunk[:: -(-len(chunk) // SURVEYED)]
        fourth.add(some, table.what)
        edges = ranges.edges_of_each(color(some, table.what))
        if fourth.is_empty:
            edges[0] = replace(edges[0], lowest=lowest, highest=highest)  # not all images were looked at
        for each in edges:
            survey.add(each)
        if table.dtype == np.uint8 and highest > 1 and fourth.is_empty:
            return  # the range of bytes is known; only a set of zeros and ones differs


def _with_fourth(tables: Sequence[Table], keep: NDArray[np.int64]) -> int:
    """How many of the images that are used have a fourth band."""
    has = np.repeat([bands(table.shape, table.what) == 4 for table in tables], [len(table) for table in tables])
    return int(has[keep].sum())


def load_npy(
    path: Path,
    size: int,
    progress: Progress | None,
    limit: int | None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load a plain .npy with images; there are no labels."""
    options: dict[str, Any] = {"limit": limit, "progress": progress, "room": room, "values": values}
    with _readable(path):
        return assemble(path.name, [(from_npy(path), False)], None, (), size, **options)


def load_npz(
    path: Path,
    size: int,
    progress: Progress | None,
    limit: int | None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load an .npz with images, and with labels if it has some, under the usual names: see ``npz`` and ``array_names``.

    Only images are required.
    """
    ledger = Ledger()
    with _readable(path), zipfile.ZipFile(path) as archive:
        _check_ratio(archive, path)
        found = npz.read(archive, path.name, ledger)
        options: dict[str, Any] = {"limit": limit, "progress": progress, "room": room, "values": values}
        return assemble(path.name, found.parts, found.labels, found.class_names, size, ledger=ledger, **options)


def _check_ratio(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise InputError if the file unpacks to far too much, or uses LZMA, which can demand any amount of memory."""
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in archive.infolist()):
        raise InputError(
            "'{name}' is packed in a rare way: save it with np.savez or np.savez_compressed.", name=path.name
        )
    most = max(MOST_TOTAL, MOST_RATIO * path.stat().st_size)
    if sum(entry.file_size for entry in archive.infolist()) > most:
        raise InputError("'{name}' is refused: it holds far more than its size on the disk allows.", name=path.name)


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
        why = str(error) or type(error).__name__
        raise InputError("'{path}' cannot be read: {why}.", path=path.name, why=why) from None
