"""What a worker could not write into the store: kept in the run's folder until somebody can.

``unsaved.jsonl`` holds metric rows that the store may not have yet, one a line, with the attempt that logged them.
``outcome.json`` says how an attempt ended, when the store could not be told. Rows may be taken in twice: the store
replaces equal ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byol_core.events import MetricRow
from byol_core.messages import decode, encode
from byol_core.system.files import write_atomic, write_json
from byol_core.system.text import storable

OUTCOME, UNSAVED = "outcome.json", "unsaved.jsonl"


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended, and the rows that the store does not have yet."""

    state: str
    message: str
    summary: dict[str, Any]
    rows: list[MetricRow]


def leave(
    run_folder: Path, attempt: int, state: str, message: str, summary: Mapping[str, Any], rows: Sequence[MetricRow]
) -> None:
    """Put down how an attempt ended, the rows first; OSError when the folder cannot be written either."""
    write_atomic(run_folder / UNSAVED, _lines(attempt, rows))
    found = {"attempt": attempt, "state": state, "message": storable(message), "summary": dict(summary)}
    write_json(run_folder / OUTCOME, found | {"said": encode(message)})


def take(run_folder: Path, attempt: int) -> Outcome | None:
    """How that attempt ended, when the store was not told; the files stay until :func:`forget`."""
    try:
        found = json.loads((run_folder / OUTCOME).read_bytes())
        if found["attempt"] != attempt:
            return None
        message = decode(str(found["message"]), found.get("said"))
        state, summary = str(found["state"]), dict(found["summary"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Outcome(state, message, summary, unsaved(run_folder).get(attempt, []))


def forget(run_folder: Path) -> None:
    """The store knows it all now."""
    for name in (OUTCOME, UNSAVED):
        with suppress(OSError):
            (run_folder / name).unlink(missing_ok=True)


def settle(run_folder: Path) -> None:
    """The store has all rows that were put down."""
    with suppress(OSError):
        os.truncate(run_folder / UNSAVED, 0)


def append(run_folder: Path, attempt: int, rows: Sequence[MetricRow]) -> bool:
    """Put rows down before the store has them, so that they outlive this process; False where that is impossible.

    Not synced: they outlive a killed process, and the store follows a moment later.
    """
    try:
        descriptor = os.open(run_folder / UNSAVED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            data = b"\n" + _lines(attempt, rows)  # on a line of their own, after one that a full disk cut off
            return os.write(descriptor, data) == len(data)
        finally:
            os.close(descriptor)
    except OSError:
        return False


def unsaved(run_folder: Path) -> dict[int, list[MetricRow]]:
    """The rows that were put down, by attempt; lines that were cut off are passed over."""
    found: dict[int, list[MetricRow]] = {}
    for attempt, row in _read(run_folder / UNSAVED):
        found.setdefault(attempt, []).append(row)
    return found


def _lines(attempt: int, rows: Sequence[MetricRow]) -> bytes:
    plain = ([attempt, row.step, row.epoch, row.seconds, dict(row.values)] for row in rows)
    return "".join(f"{json.dumps(line)}\n" for line in plain).encode()


def _read(path: Path) -> Iterator[tuple[int, MetricRow]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        with suppress(ValueError, TypeError, AttributeError):
            attempt, step, epoch, seconds, values = json.loads(line)
            numbers = {str(key): float(value) for key, value in values.items()}
            yield int(attempt), MetricRow(int(step), float(epoch), float(seconds), numbers)
