"""A run on its way out: its curves as CSV or Parquet, or all of it as a zip that another home takes in.

The zip holds ``manifest.json`` (version, what the run is, and length and SHA-256 of every other file), ``config.json``,
``metrics.csv``, and where they are there the log, the summary, the newest checkpoint, the encoder and the embeddings.
:mod:`byol_core.runs.unpacking` reads it, and :mod:`byol_core.runs.arrival` makes it a run.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import secrets
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import byol_core
from byol_core.errors import InputError, LabError
from byol_core.files import sync_folder
from byol_core.runs import folder, metrics
from byol_core.runs.arrival import unpack
from byol_core.runs.model import Run, finite
from byol_core.runs.store import RunStore
from byol_core.runs.unpacking import FORMAT, MANIFEST, METRICS, VERSION, belongs

__all__ = ["metrics_csv", "metrics_parquet", "pack", "save_metrics", "unpack"]

COLUMNS = ("run_id", "run", "key", "step", "epoch", "seconds", "value")
# Of a run, as its manifest tells it; the process, the queue and the archive belong to the home.
_TOLD = (
    "run_id", "name", "state", "preset", "created", "started", "ended", "attempt", "step", "total_steps", "epoch",
    "images_per_second", "message", "alarm", "summary", "tags", "notes", "group",
)  # fmt: skip
# What is small already.
_STORED = (".pt", ".safetensors", ".webp")
_CHUNK = 1 << 20

Row = tuple[str, str, str, int, float, float, float]


# Curves


def _rows(store: RunStore, run: Run) -> Iterator[Row]:
    """Every point that is visible, curve after curve, as they all were at one moment."""
    with store._reading() as connection:
        for key in metrics.keys(connection, run.run_id):
            for point in metrics.series(connection, run.run_id, key, -1, sys.maxsize):
                yield run.run_id, run.name, key, *point


def metrics_csv(store: RunStore, run_id: str) -> bytes:
    """All curves as CSV, a line a point; numbers as they were logged, to the last digit."""
    buffer = io.BytesIO()
    _write_csv(store, store.get(run_id), buffer)
    return buffer.getvalue()


def _write_csv(store: RunStore, run: Run, file: IO[bytes]) -> None:
    text = io.TextIOWrapper(cast(Any, file), encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(store, run))
    text.flush()
    text.detach()  # the file is the caller's to close


def metrics_parquet(store: RunStore, run_id: str) -> bytes:
    """All curves as Parquet, with the columns of :func:`metrics_csv`."""
    import pandas as pd

    buffer = io.BytesIO()
    columns = list(zip(*_rows(store, store.get(run_id)), strict=True)) or [()] * len(COLUMNS)
    kinds = ("string", "string", "string", "int64", "float64", "float64", "float64")
    table = {name: pd.Series(column, dtype=kind) for name, column, kind in zip(COLUMNS, columns, kinds, strict=True)}
    pd.DataFrame(table).to_parquet(buffer, index=False)
    return buffer.getvalue()


def save_metrics(store: RunStore, run_id: str, file: Path) -> Path:
    """Write all curves to a file, in the format that its name ends with: ``.csv`` or ``.parquet``."""
    formats = {".csv": metrics_csv, ".parquet": metrics_parquet}
    if file.suffix.lower() not in formats:
        raise InputError(f"The file '{file.name}' should end with .csv or .parquet.")
    content = formats[file.suffix.lower()](store, run_id)
    return _whole(file, lambda target: target.write(content))


# The whole run


def pack(store: RunStore, run_id: str, file: Path) -> Path:
    """Write the run as a zip; the file is whole or not there. A run that is being worked on is packed as it is now."""
    run = store.get(run_id)
    return _whole(file, lambda target: _write_zip(store, run, target))


def _whole(file: Path, write: Callable[[IO[bytes]], object]) -> Path:
    """Under a temporary name beside the file, written through, then renamed; one sentence when that cannot be."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as target:
            write(target)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(file)
    except OSError as error:
        raise LabError(f"The file '{file}' cannot be written ({error.strerror or error}).") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync_folder(file.parent)
    return file


def _write_zip(store: RunStore, run: Run, target: IO[bytes]) -> None:
    files: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        files[folder.CONFIG] = _add(archive, folder.CONFIG, io.BytesIO(json.dumps(run.config, indent=2).encode()))
        files[METRICS] = _add_metrics(archive, store, run)
        for name in _parts(run.folder):
            with suppress(FileNotFoundError), (run.folder / name).open("rb") as source:  # a checkpoint may be replaced
                files[name] = _add(archive, name, source)
        told = {key: getattr(run, key) for key in _TOLD}
        manifest = {"format": FORMAT, "version": VERSION, "lab": byol_core.__version__, "run": told, "files": files}
        archive.writestr(MANIFEST, json.dumps(finite(manifest), indent=2, ensure_ascii=False))


def _parts(run_folder: Path) -> list[str]:
    """The files of the folder that travel, by their names in it: of the checkpoints only the newest whole one."""
    found = (path.relative_to(run_folder).as_posix() for path in sorted(run_folder.rglob("*")) if path.is_file())
    names = [name for name in found if belongs(name) and name not in (folder.CONFIG, METRICS)]
    checkpoints = [name for name in names if name.startswith(folder.CHECKPOINTS)]
    newest = next((name for name in reversed(checkpoints) if zipfile.is_zipfile(run_folder / name)), None)
    return [name for name in names if name not in checkpoints or name == newest]


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
        _write_csv(store, run, buffered)
        buffered.detach()
    return counted.about()


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[_Counted]:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
    with archive.open(entry, "w", force_zip64=True) as member:
        yield _Counted(member)
