"""A packed run enters a home: checked, under an id that is free here, all of it or nothing.

Its curves are written first, a batch a transaction, so that the training runs of this home need not wait; they are
nobody's until the run's row is there. A fact in the store keeps the id until then, and says what is left of an import
that died.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError

from byol_core.config import build
from byol_core.errors import InputError, LabError
from byol_core.events import MetricRow, Summary
from byol_core.messages import Message
from byol_core.runs import folder, queries, row_texts
from byol_core.runs.library import checked_notes, checked_tags
from byol_core.runs.run import LIVE, Run
from byol_core.runs.schema import attempts, facts, runs
from byol_core.runs.schema import metrics as points
from byol_core.runs.store import RunStore
from byol_core.runs.unzip import BROKEN, CUT_SHORT, METRICS, PROBE, SUMMARY, Told, extract, opened, plain_json, refused
from byol_core.system.files import because, sync_folder, write_json

_ARRIVING = ".arriving-"  # a folder; without the dot, the fact that keeps an id
# What a process that died on the way left is removed after a day.
_LEFT_SECONDS = 24 * 3600.0
_ID = re.compile("[a-f][0-9a-f]{7}")
_PACKED = re.compile(r"[A-Za-z0-9_-]{1,64}\.zip")
_KEY = re.compile(r"[A-Za-z0-9_./@-]{1,64}")
_MOST_ROWS = 5_000_000
_BATCH = 5_000
_MOST_PIXELS = 2**27
_MOST = 1e12  # of any number at the end of a run; of hours, epochs and steps there are fewer
_REMOVED = 50_000  # rows in one transaction
_TRAINED_ON = Message("It was being trained when it was packed; resume it to go on from its last checkpoint.")
_TRAINED_AGAIN = Message("It was being trained when it was packed; resume it to start again from the beginning.")


def unpack(store: RunStore, file: Path) -> Run:
    """Take in a run that :func:`byol_core.runs.export_zip.pack` wrote; under another id when its own is taken here.

    It waits for nothing and is worked on by nobody: one that was is stopped or interrupted, and may be resumed.
    """
    with store.writing():
        pass  # whoever may only look is refused before anything is written
    _clear(store)
    arriving = store.home / f"{_ARRIVING}{os.urandom(4).hex()}"
    try:
        arriving.mkdir(parents=True)
        told = extract(file, arriving)
        values = _values(told, arriving)
        return _enter(store, told, values, arriving)
    except OSError as error:
        raise LabError(
            "The run cannot be written to '{folder}' ({reason}).", folder=store.home, reason=because(error)
        ) from None
    finally:
        shutil.rmtree(arriving, ignore_errors=True)


def unpack_all(store: RunStore, file: Path) -> Iterator[Run]:
    """Take in the run of a zip, or one after another those of a zip of such zips, as the dashboard writes it."""
    with store.writing():
        pass
    try:
        with opened(file) as bundle:
            entries = bundle.infolist()
            if not (entries and all(map(_is_packed_run, entries))):
                yield unpack(store, file)
                return
            for entry in entries:
                with TemporaryDirectory(dir=store.home, prefix=_ARRIVING) as inner:
                    yield unpack(store, Path(bundle.extract(entry, inner)))
    except BROKEN:
        raise refused(file, CUT_SHORT) from None
    except OSError as error:
        raise LabError(
            "The runs cannot be written to '{folder}' ({reason}).", folder=store.home, reason=because(error)
        ) from None


def _is_packed_run(entry: zipfile.ZipInfo) -> bool:
    """As it is and not shrunk, so that no bundle holds more than its size."""
    whole = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
    return whole and _PACKED.fullmatch(entry.filename) is not None


def _clear(store: RunStore) -> None:
    """Remove what imports left that died on the way."""
    with suppress(OSError):
        for left in store.home.glob(f"{_ARRIVING}*"):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    with store.reading() as connection:
        kept = connection.execute(select(facts).where(facts.c.key.startswith(_ARRIVING[1:]))).all()
    for key, since in kept:
        if time.time() - float(since) > _LEFT_SECONDS:
            _forget(store, key.removeprefix(_ARRIVING[1:]))


# Checks


def _values(told: Told, arriving: Path) -> dict[str, Any]:
    """The row of the run, without its id and place; InputError for anything that no run of ours holds."""
    config = build(plain_json((arriving / folder.CONFIG).read_bytes(), folder.CONFIG)).model_dump(mode="json")
    write_json(arriving / folder.CONFIG, config)
    if (arriving / SUMMARY).exists():
        plain_json((arriving / SUMMARY).read_bytes(), SUMMARY)
    _check_embeddings(arriving)
    for checkpoint in (arriving / folder.CHECKPOINTS).glob("*"):
        _check_checkpoint(checkpoint)
    state, message = _ended(told, folder.checkpoint_step(arriving) is not None)
    return {
        "name": queries.checked_name(told.name) or "imported",
        "state": state,
        **row_texts.columns(message=message, alarm=told.text("alarm")),
        "config": json.dumps(config),
        "summary": json.dumps(_summary(told.summary)),
        "tags": json.dumps(checked_tags(told.tags), ensure_ascii=False),
        "notes": checked_notes(told.notes),
        "group_name": queries.checked_name(told.group) or None,
        "attempt": min(told.attempt, 1),
        **{key: getattr(told, key) for key in ("preset", "created", "started", "ended", "step")},
        **{key: getattr(told, key) for key in ("total_steps", "epoch", "images_per_second")},
        **{key: getattr(told, key) or None for key in ("alarm_kind", "alarm_space")},
    }


def _check_checkpoint(path: Path) -> None:
    from byol_core.weights.checkpoint import is_sound

    if not is_sound(path):
        raise InputError("The run cannot be imported: '{file}' is broken, or holds more than numbers.", file=path.name)


def _ended(told: Told, kept: bool) -> tuple[str, str]:
    """State and message here: nobody works on the run and it waits for nothing."""
    if told.state == "queued":
        return "stopped", Message("It was waiting when it was packed.")
    if told.state in LIVE and kept:
        return "interrupted", _TRAINED_ON
    if told.state in LIVE:
        return "interrupted", _TRAINED_AGAIN
    return told.state, told.text("message") or ""


def _summary(summary: dict[str, Any]) -> dict[str, Any]:
    """What this release knows of it, and can show."""
    known = {field.name: summary[field.name] for field in fields(Summary) if field.name in summary}
    for name, value in known.items():
        least = 0 if name == "seconds" else -_MOST
        number = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= _MOST
        if not (value is None or (isinstance(value, bool) if name == "stopped" else number)):
            if name == "stopped":
                raise InputError("The summary of this run cannot be read: 'stopped' should be yes or no.")
            raise InputError("The summary of this run cannot be read: '{key}' should be a number.", key=name)
    return known


class _Evaluation(BaseModel):
    step: int = Field(ge=0, lt=2**31)
    epoch: float = Field(ge=0, le=1e9)
    file: str = Field(pattern="^step-[0-9]{8,10}\\.safetensors$")
    knn_accuracy: float | None = Field(None, ge=0, le=1)
    knn_split: Literal["validation"] = "validation"
    knn_images: int | None = Field(None, ge=0, lt=2**31)


class _Index(BaseModel):
    """``embeddings/probe.json``, which names the files beside it."""

    source: str
    image_size: int = Field(gt=0, le=4096)
    indices: list[Annotated[int, Field(ge=0, lt=2**31)]]
    labels: list[Annotated[int, Field(ge=-1, lt=2**31)]] | None = None
    class_names: list[str]
    splits: list[Annotated[int, Field(ge=0, le=2)]] | None = None
    columns: int = Field(gt=0, le=1000)
    cell: int = Field(gt=0, le=4096)
    per_sheet: int | None = Field(None, gt=0, le=1_000_000)
    evaluations: list[_Evaluation]


def _check_embeddings(arriving: Path) -> None:
    if not (arriving / PROBE).exists():
        return
    try:
        index = _Index.model_validate(plain_json((arriving / PROBE).read_bytes(), PROBE))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError("The embeddings of this run cannot be read: '{key}' is wrong.", key=where[:80]) from None
    if not all(_is_sheet(path, index) for path in (arriving / "embeddings").glob("thumbnails*.webp")):
        raise InputError("The images of this run's map cannot be read.")


def _is_sheet(path: Path, index: _Index) -> bool:
    """Whether a contact sheet is as large as the index says, and no more than a page can show."""
    from PIL import Image, UnidentifiedImageError

    number, most = int(path.stem.partition("-")[2] or 0), index.per_sheet or len(index.indices)
    count = min(most, len(index.indices) - number * most)
    size = (index.columns * index.cell, -(-count // index.columns) * index.cell)
    try:
        with Image.open(path, formats=["WEBP"]) as sheet:
            return sheet.size == size and size[0] * size[1] <= _MOST_PIXELS
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return False


# Into the store


def _enter(store: RunStore, told: Told, values: dict[str, Any], arriving: Path) -> Run:
    with _kept_id(store, told.run_id) as run_id:
        if values["attempt"]:
            _log(store, run_id, arriving / METRICS)
        (arriving / METRICS).unlink()
        return _insert(store, run_id, values, arriving)


@contextmanager
def _kept_id(store: RunStore, run_id: str) -> Iterator[str]:
    """An id that nobody else takes meanwhile; what was logged under it is removed when there is no run in the end."""
    try:
        run_id = _keep(store, run_id)
    except LabError as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
        run_id = _keep(store, queries.new_id())  # the same run is coming in at this moment
    try:
        yield run_id
    except BaseException:
        with suppress(LabError):  # then it is removed in a day
            _forget(store, run_id)
        raise


def _keep(store: RunStore, run_id: str) -> str:
    with store.writing() as connection:
        taken = connection.scalar(select(runs.c.run_id).where(runs.c.run_id == run_id))
        if taken or (store.home / run_id).exists() or not _ID.fullmatch(run_id):
            run_id = queries.new_id()
        connection.execute(facts.insert().values(key=f"{_ARRIVING[1:]}{run_id}", value=str(time.time())))
        return run_id


def _forget(store: RunStore, run_id: str) -> None:
    """Remove the curves of a run that did not come in, some rows at a time, and let its id go."""
    key = (points.c.key, points.c.step, points.c.attempt)
    some = select(*key).where(points.c.run_id == run_id).limit(_REMOVED)
    removed = _REMOVED
    while removed == _REMOVED:
        with store.writing() as connection:
            here = (points.c.run_id == run_id, tuple_(*key).in_(some))
            removed = connection.execute(points.delete().where(*here)).rowcount
    with store.writing() as connection:
        connection.execute(facts.delete().where(facts.c.key == f"{_ARRIVING[1:]}{run_id}"))


def _insert(store: RunStore, run_id: str, values: dict[str, Any], arriving: Path) -> Run:
    """The run's row and its folder, in one transaction."""
    target = None
    try:
        with store.writing() as connection:
            position = queries.next_position(connection)
            connection.execute(runs.insert().values(**values, run_id=run_id, position=position, host=queries.HOST))
            if values["attempt"]:
                connection.execute(attempts.insert().values(run_id=run_id, attempt=1, start_step=-1))
            connection.execute(facts.delete().where(facts.c.key == f"{_ARRIVING[1:]}{run_id}"))
            arriving.rename(store.home / run_id)
            target = store.home / run_id
            sync_folder(store.home)
            return queries.one(connection, run_id, store.home)
    except BaseException:
        if target is not None:
            shutil.rmtree(target, ignore_errors=True)
        raise


def _log(store: RunStore, run_id: str, path: Path) -> None:
    """All points, so many in a transaction that others get in between."""
    batch: list[MetricRow] = []
    for row in _read(path):
        batch.append(row)
        if len(batch) == _BATCH:
            store.add_metrics(run_id, 1, batch)
            batch = []
    store.add_metrics(run_id, 1, batch)


def _read(path: Path) -> Iterator[MetricRow]:
    """The points of ``metrics.csv``; InputError for the first line that is none."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        try:
            next(reader, None)  # the names of the columns
            for number, line in enumerate(reader):
                if number >= _MOST_ROWS:
                    raise InputError("The curves of this run have more than {most:,} points.", most=_MOST_ROWS)
                yield _point(line)
        except (ValueError, csv.Error):
            raise InputError(
                "The curves of this run cannot be read: line {line} is wrong.", line=reader.line_num
            ) from None


def _point(line: list[str]) -> MetricRow:
    _run_id, _name, key, step, epoch, seconds, value = line
    row = MetricRow(int(step), float(epoch), float(seconds), {key: float(value)})
    if not (_KEY.fullmatch(key) and 0 <= row.step < 2**31 and 0 <= row.epoch <= 1e9 and 0 <= row.seconds <= 1e10):
        raise ValueError(line)
    return row
