"""A run on its way out: its curves as CSV or Parquet, or all of it as a zip that another home takes in.

The zip holds ``manifest.json`` (version, what the run is, and length and SHA-256 of every other file), ``config.json``,
``metrics.csv``, and where they are there the log, the summary, the newest checkpoint, the encoder, the embeddings and
the answers of evaluations. :mod:`byol_core.runs.unzip` reads it, and :mod:`byol_core.runs.import_zip` makes it
a run.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import func, select

from byol_core._version import __version__
from byol_core.errors import InputError, LabError
from byol_core.runs import folder, metrics, row_texts, unsaved
from byol_core.runs.import_zip import unpack, unpack_all
from byol_core.runs.run import Run, finite
from byol_core.runs.schema import metrics as points
from byol_core.runs.store import RunStore
from byol_core.runs.unzip import FORMAT, MANIFEST, METRICS, PROBE, VERSION, belongs
from byol_core.system.files import atomic, because

__all__ = [
    "count_points", "pack", "save_metrics", "unpack", "unpack_all", "write_csv", "write_parquet", "write_zip",
]  # fmt: skip

COLUMNS = ("run_id", "run", "key", "step", "epoch", "seconds", "value")
# Of a run, as its manifest tells it; the process, the queue and the archive belong to the home.
_TOLD = (
    "run_id", "name", "state", "preset", "created", "started", "ended", "attempt", "step", "total_steps", "epoch",
    "images_per_second", "message", "alarm", "alarm_kind", "alarm_space", "summary", "tags", "notes", "group",
)  # fmt: skip
# What is small already.
_STORED = (".pt", ".safetensors", ".webp")
_CHUNK = 1 << 20
# Rows of a table that are held at once.
_PART = 50_000

Row = tuple[str, str, str, int, float, float, float]


# Curves


def _rows(store: RunStore, run: Run) -> Iterator[Row]:
    """Every point that is visible, curve after curve, as they all were at one moment.

    A worker's newest points may not be in the store yet; they are looked for first, since from there they go into it.
    """
    newest: dict[str, dict[int, metrics.Point]] = {}
    for row in unsaved.unsaved(run.folder).get(run.attempt, []):
        for key, value in row.values.items():
            newest.setdefault(key, {})[row.step] = (row.step, row.epoch, row.seconds, value)
    with store.reading() as connection:
        for key in sorted({*metrics.keys(connection, run.run_id), *newest}):
            curve = metrics.series(connection, run.run_id, key, -1, sys.maxsize)
            if key in newest:
                curve = sorted(({point[0]: point for point in curve} | newest[key]).values())
            for point in curve:
                yield run.run_id, run.name, key, *point


def count_points(store: RunStore, run_ids: Sequence[str], most: int) -> int:
    """How many points these runs have, counted along the index no further than ``most``."""
    mine = select(points.c.step).where(points.c.run_id.in_(run_ids)).limit(most).subquery()
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(mine)) or 0


def write_csv(store: RunStore, run_ids: Sequence[str], file: IO[bytes]) -> None:
    """All curves as CSV, a line a point; numbers as they were logged, to the last digit.

    A name that a spreadsheet would take for a formula has an apostrophe before it: ``'=1+1``.
    """
    found = (row for run in map(store.get, run_ids) for row in _rows(store, run))
    _write_csv(((*map(as_text, row[:3]), *row[3:]) for row in found), file)


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before what looks like one."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _write_csv(rows: Iterable[Sequence[object]], file: IO[bytes]) -> None:
    text = io.TextIOWrapper(cast(Any, file), encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    text.flush()
    text.detach()  # the file is the caller's to close


def write_parquet(store: RunStore, run_ids: Sequence[str], file: IO[bytes]) -> None:
    """All curves as Parquet, with the columns of :func:`write_csv`."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.float64(), pa.float64(), pa.float64())
    schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
    with parquet.ParquetWriter(file, schema) as writer:
        for run in map(store.get, run_ids):
            rows = _rows(store, run)
            while part := list(islice(rows, _PART)):
                columns = zip(zip(*part, strict=True), kinds, strict=True)
                writer.write_table(pa.table([pa.array(column, kind) for column, kind in columns], schema=schema))


def save_metrics(store: RunStore, run_id: str, file: Path) -> Path:
    """Write all curves to a file, in the format that its name ends with: ``.csv`` or ``.parquet``."""
    formats = {".csv": write_csv, ".parquet": write_parquet}
    if file.suffix.lower() not in formats:
        raise InputError("The file '{file}' should end with .csv or .parquet.", file=file.name)
    store.get(run_id)
    return whole(file, lambda target: formats[file.suffix.lower()](store, [run_id], target))


# The whole run


def pack(store: RunStore, run_id: str, file: Path) -> Path:
    """Write the run as a zip; the file is whole or not there. A run that is being worked on is packed as it is now."""
    store.get(run_id)
    return whole(file, lambda target: write_zip(store, run_id, target))


def whole(file: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Write a file that is whole or not there; LabError in one sentence when it cannot be written."""
    try:
        with atomic(file) as target:
            write(target)
    except OSError as error:
        raise LabError("The file '{file}' cannot be written ({reason}).", file=file, reason=because(error)) from None
    return file


def write_zip(store: RunStore, run_id: str, target: IO[bytes]) -> None:
    """The run as :func:`pack` writes it.

    The checkpoint comes before the curves, and the list of the maps before the maps: a training that goes on writes
    them the other way round, so that the zip never holds a checkpoint without the curve that leads to it.
    """
    run = store.get(run_id)
    files: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        files[folder.CONFIG] = _add(archive, folder.CONFIG, io.BytesIO(json.dumps(run.config, indent=2).encode()))
        _add_files(archive, run.folder, files, _first(run.folder))
        files[METRICS] = _add_metrics(archive, store, run)
        _add_files(archive, run.folder, files, _others(run.folder))
        told = {key: getattr(run, key) for key in _TOLD}
        told["said"] = row_texts.kept({"message": run.message, "alarm": run.alarm})
        manifest = {"format": FORMAT, "version": VERSION, "lab": __version__, "run": told, "files": files}
        archive.writestr(MANIFEST, json.dumps(finite(manifest), indent=2, ensure_ascii=False))


def _add_files(archive: zipfile.ZipFile, run_folder: Path, files: dict[str, dict[str, Any]], names: list[str]) -> None:
    for name in names:
        with suppress(FileNotFoundError), (run_folder / name).open("rb") as source:  # a checkpoint may be replaced
            files[name] = _add(archive, name, source)


def _first(run_folder: Path) -> list[str]:
    """Of the checkpoints only the newest whole one, and the list of the maps."""
    found = sorted((run_folder / folder.CHECKPOINTS).glob("*"), reverse=True)
    names = (f"{folder.CHECKPOINTS}/{path.name}" for path in found)
    newest = (name for name in names if belongs(name) and zipfile.is_zipfile(run_folder / name))
    return [*islice(newest, 1), PROBE]


def _others(run_folder: Path) -> list[str]:
    """The other files of the folder that travel, by their names in it."""
    found = (path.relative_to(run_folder).as_posix() for path in sorted(run_folder.rglob("*")) if path.is_file())
    done = (folder.CONFIG, METRICS, PROBE)
    return [name for name in found if belongs(name) and name not in done and not name.startswith(folder.CHECKPOINTS)]


class _Counted(io.RawIOBase):
    """Passes bytes on and remembers their number and SHA-256."""

    def __init__(self, target: IO[bytes]) -> None:
        self.target, self.bytes, self.hash = target, 0, hashlib.sha256()

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Take some bytes."""
        self.target.write(data)
        self.hash.update(data)
        self.bytes += len(data)
        return len(data)

    def about(self) -> dict[str, Any]:
        """What the manifest says of them."""
        return {"bytes": self.bytes, "sha256": self.hash.hexdigest()}


def _add(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> dict[str, Any]:
    with _member(archive, name) as counted:
        while chunk := source.read(_CHUNK):
            counted.write(chunk)
    return counted.about()


def _add_metrics(archive: zipfile.ZipFile, store: RunStore, run: Run) -> dict[str, Any]:
    with _member(archive, METRICS) as counted:
        buffered = io.BufferedWriter(counted, _CHUNK)
        _write_csv(_rows(store, run), buffered)
        buffered.detach()
    return counted.about()


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[_Counted]:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as member:
        yield _Counted(member)
