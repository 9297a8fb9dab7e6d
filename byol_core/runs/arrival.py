"""A packed run enters a home: checked, under an id that is free here, all of it or nothing."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from byol_core.config import build
from byol_core.errors import InputError, LabError
from byol_core.events import MetricRow, Summary
from byol_core.files import sync_folder, write_json
from byol_core.runs import folder, metrics, rows
from byol_core.runs.library import checked_notes, checked_tags
from byol_core.runs.model import LIVE, Run
from byol_core.runs.schema import attempts, runs
from byol_core.runs.store import RunStore
from byol_core.runs.unpacking import METRICS, PROBE, SUMMARY, Told, extract, plain_json

_ARRIVING = ".arriving-"
# What a process that died on the way left is removed after a day.
_LEFT_SECONDS = 24 * 3600.0
_ID = re.compile("[a-f][0-9a-f]{7}")
_KEY = re.compile(r"[A-Za-z0-9_./@-]{1,64}")
_MOST_ROWS = 5_000_000
_BATCH = 5_000
_MOST_PIXELS = 2**27


def unpack(store: RunStore, file: Path) -> Run:
    """Take in a run that :func:`byol_core.runs.portable.pack` wrote; under another id when its own is taken here.

    It waits for nothing and is worked on by nobody: one that was is stopped or interrupted, and may be resumed.
    """
    with store.writing():
        pass  # whoever may only look is refused before anything is written
    _clear(store.home)
    arriving = store.home / f"{_ARRIVING}{os.urandom(4).hex()}"
    try:
        arriving.mkdir(parents=True)
        told = extract(file, arriving)
        values = _values(told, arriving)
        return _enter(store, told, values, arriving)
    except OSError as error:
        raise LabError(f"The run cannot be written to '{store.home}' ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(arriving, ignore_errors=True)


def _clear(home: Path) -> None:
    with suppress(OSError):
        for left in home.glob(f"{_ARRIVING}*"):
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


# Checks


def _values(told: Told, arriving: Path) -> dict[str, Any]:
    """The row of the run, without its id and place; InputError for anything that no run of ours holds."""
    config = build(plain_json((arriving / folder.CONFIG).read_bytes(), folder.CONFIG)).model_dump(mode="json")
    write_json(arriving / folder.CONFIG, config)
    if (arriving / SUMMARY).exists():
        plain_json((arriving / SUMMARY).read_bytes(), SUMMARY)
    _check_embeddings(arriving)
    state, message = _ended(told, folder.checkpoint_step(arriving) is not None)
    return {
        "name": rows.checked_name(told.name) or "imported",
        "state": state,
        "message": message,
        "config": json.dumps(config),
        "summary": json.dumps(_summary(told.summary)),
        "tags": json.dumps(checked_tags(told.tags), ensure_ascii=False),
        "notes": checked_notes(told.notes),
        "group_name": rows.checked_name(told.group) or None,
        "attempt": min(told.attempt, 1),
        **{key: getattr(told, key) for key in ("preset", "created", "started", "ended", "alarm", "step")},
        **{key: getattr(told, key) for key in ("total_steps", "epoch", "images_per_second")},
    }


def _ended(told: Told, kept: bool) -> tuple[str, str]:
    """State and message here: nobody works on the run and it waits for nothing."""
    if told.state == "queued":
        return "stopped", "It was waiting when it was packed."
    if told.state in LIVE:
        go_on = "go on from its last checkpoint" if kept else "start again from the beginning"
        return "interrupted", f"It was being trained when it was packed; resume it to {go_on}."
    return told.state, told.message


def _summary(summary: dict[str, Any]) -> dict[str, Any]:
    for field in fields(Summary):
        if not isinstance(summary.get(field.name), int | float | None):
            raise InputError(f"The summary of this run cannot be read: '{field.name}' should be a number.")
    return summary


class _Evaluation(BaseModel):
    step: int = Field(ge=0, lt=2**31)
    epoch: float = Field(ge=0, allow_inf_nan=False)
    file: str = Field(pattern="^step-[0-9]{8,10}\\.safetensors$")
    knn_accuracy: float | None = None


class _Index(BaseModel):
    """``embeddings/probe.json``, which names the files beside it."""

    source: str
    image_size: int = Field(gt=0, le=4096)
    indices: list[int]
    labels: list[int] | None = None
    class_names: list[str]
    columns: int = Field(gt=0, le=1000)
    cell: int = Field(gt=0, le=4096)
    evaluations: list[_Evaluation]


def _check_embeddings(arriving: Path) -> None:
    if not (arriving / PROBE).exists():
        return
    try:
        index = _Index.model_validate(plain_json((arriving / PROBE).read_bytes(), PROBE))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(f"The embeddings of this run cannot be read: '{where[:80]}' is wrong.") from None
    sheet = arriving / "embeddings" / "thumbnails.webp"
    if sheet.exists() and not _is_sheet(sheet, index):
        raise InputError("The pictures of this run's map cannot be read.")


def _is_sheet(path: Path, index: _Index) -> bool:
    """Whether the contact sheet is as large as the index says, and no more than a page can show."""
    from PIL import Image, UnidentifiedImageError

    size = (index.columns * index.cell, -(-len(index.indices) // index.columns) * index.cell)
    try:
        with Image.open(path, formats=["WEBP"]) as sheet:
            return sheet.size == size and size[0] * size[1] <= _MOST_PIXELS
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return False


# Into the store


def _enter(store: RunStore, told: Told, values: dict[str, Any], arriving: Path) -> Run:
    try:
        return _insert(store, told.run_id, values, arriving)
    except LabError as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
        return _insert(store, rows.new_id(), values, arriving)  # the same run came in at the same moment


def _insert(store: RunStore, run_id: str, values: dict[str, Any], arriving: Path) -> Run:
    """Rows and folder in one transaction."""
    target = None
    try:
        with store.writing() as connection:
            run_id = _free_id(connection, run_id, store.home)
            position = rows.next_position(connection)
            connection.execute(runs.insert().values(**values, run_id=run_id, position=position))
            if values["attempt"]:
                connection.execute(attempts.insert().values(run_id=run_id, attempt=1, start_step=-1))
                _log(connection, run_id, arriving / METRICS)
            (arriving / METRICS).unlink()
            arriving.rename(store.home / run_id)
            target = store.home / run_id
            sync_folder(store.home)
            return rows.one(connection, run_id, store.home)
    except BaseException:
        if target is not None:
            shutil.rmtree(target, ignore_errors=True)
        raise


def _free_id(connection: Connection, run_id: str, home: Path) -> str:
    taken = connection.scalar(select(runs.c.run_id).where(runs.c.run_id == run_id)) or (home / run_id).exists()
    return rows.new_id() if taken or not _ID.fullmatch(run_id) else run_id


def _log(connection: Connection, run_id: str, path: Path) -> None:
    batch: list[MetricRow] = []
    for row in _read(path):
        batch.append(row)
        if len(batch) == _BATCH:
            metrics.add(connection, run_id, 1, batch)
            batch = []
    metrics.add(connection, run_id, 1, batch)


def _read(path: Path) -> Iterator[MetricRow]:
    """The points of ``metrics.csv``; InputError for the first line that is none."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        try:
            next(reader, None)  # the names of the columns
            for number, line in enumerate(reader):
                if number >= _MOST_ROWS:
                    raise InputError(f"The curves of this run have more than {_MOST_ROWS:,} points.")
                yield _point(line)
        except (ValueError, csv.Error):
            raise InputError(f"The curves of this run cannot be read: line {reader.line_num} is wrong.") from None


def _point(line: list[str]) -> MetricRow:
    _run_id, _name, key, step, epoch, seconds, value = line
    row = MetricRow(int(step), float(epoch), float(seconds), {key: float(value)})
    if not (_KEY.fullmatch(key) and 0 <= row.step < 2**31 and math.isfinite(row.epoch) and math.isfinite(row.seconds)):
        raise ValueError(line)
    return row
