"""What a supervisor or a worker writes into a run's row, without one; and a store that only a teacher may change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from byol_core.errors import InputError
from byol_core.runs.schema import attempts, runs
from byol_core.runs.store import RunStore


def put(store: RunStore, run_id: str, **values: Any) -> None:
    """Columns of the row, as they are in the store."""
    with store.writing() as connection:
        connection.execute(runs.update().where(runs.c.run_id == run_id).values(**values))


def put_summary(store: RunStore, run_id: str, summary: Mapping[str, Any]) -> None:
    """The numbers at the end of the run."""
    put(store, run_id, summary=json.dumps(dict(summary)))


def start_from(store: RunStore, run_id: str, attempt: int, step: int) -> None:
    """The step of the checkpoint that an attempt goes on from."""
    mine = (attempts.c.run_id == run_id, attempts.c.attempt == attempt)
    with store.writing() as connection:
        connection.execute(attempts.update().where(*mine).values(start_step=step))


class _Guarded(RunStore):
    def __init__(self, whole: RunStore, sentence: str) -> None:
        vars(self).update(vars(whole))
        self.sentence = sentence

    @contextmanager
    def writing(self, *, patience: float | None = None) -> Iterator[Connection]:
        raise InputError(self.sentence)
        yield


def looking_on(store: RunStore, sentence: str) -> RunStore:
    """The store for somebody who may only look, as the app guards it."""
    return _Guarded(store, sentence)
