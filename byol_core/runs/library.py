"""Order among many runs: tags and notes, the archive, and a trash from which a run comes back.

A thrown run keeps its row, curves and folder until it is purged; only :func:`purge` removes anything for good.
"""

from __future__ import annotations

import json
import os
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from byol_core.errors import InputError, LabError
from byol_core.runs import folder, rows
from byol_core.runs.model import LIVE, Run
from byol_core.runs.schema import attempts, metrics, runs
from byol_core.runs.store import RunStore

MOST_TAGS, LONGEST_TAG, LONGEST_NOTES = 20, 40, 10_000
# How long a thrown run can be brought back before the supervisor purges it.
TRASH_SECONDS = 7 * 24 * 3600.0


def annotate(store: RunStore, ref: str, *, tags: Sequence[str] | None = None, notes: str | None = None) -> Run:
    """Give a run these tags and notes; None leaves them as they are."""
    values: dict[str, Any] = {}
    if tags is not None:
        values["tags"] = json.dumps(checked_tags(tags), ensure_ascii=False)
    if notes is not None:
        values["notes"] = checked_notes(notes)
    run = store.get(ref)
    with store.writing() as connection:
        if values:
            connection.execute(runs.update().where(runs.c.run_id == run.run_id).values(**values))
        return rows.one(connection, run.run_id, store.home)


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags without blanks around them, each once, in order; InputError when they are too many, too long or odd."""
    kept = list(dict.fromkeys(filter(None, (tag.strip() for tag in tags))))
    if len(kept) > MOST_TAGS:
        raise InputError(f"A run should have at most {MOST_TAGS} tags, but these are {len(kept)}.")
    for tag in kept:
        if len(tag) > LONGEST_TAG:
            raise InputError(f"A tag should have at most {LONGEST_TAG} characters, but '{tag[:20]}…' has {len(tag)}.")
        if any(unicodedata.category(character).startswith("C") for character in tag):
            raise InputError("A tag should not hold line breaks or control characters.")
    return kept


def checked_notes(notes: str) -> str:
    """Notes without blanks at their end; InputError when they are too long or hold control characters."""
    notes = notes.replace("\r\n", "\n").rstrip()
    if len(notes) > LONGEST_NOTES:
        raise InputError(f"Notes should have at most {LONGEST_NOTES:,} characters, but these have {len(notes):,}.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in notes if character not in "\n\t"):
        raise InputError("Notes should not hold control characters.")
    return notes


def all_tags(store: RunStore) -> list[str]:
    """Every tag in use, in alphabetical order; those of runs in the trash do not count."""
    with store._reading() as connection:
        texts = connection.scalars(select(runs.c.tags).where(rows.KEPT, runs.c.tags.is_not(None)).distinct())
        return sorted({tag for text in texts for tag in json.loads(text)}, key=lambda tag: (tag.casefold(), tag))


def archive(store: RunStore, run_ids: Sequence[str], on: bool = True) -> int:
    """Put runs out of sight, or back; how many changed."""
    changed = runs.c.archived.is_(None) if on else runs.c.archived.is_not(None)
    values = {"archived": time.time() if on else None}
    with store.writing() as connection:
        statement = runs.update().where(runs.c.run_id.in_(run_ids), rows.KEPT, changed)
        return connection.execute(statement.values(**values)).rowcount


# The trash


def throw(store: RunStore, run_ids: Sequence[str]) -> list[str]:
    """Put runs into the trash, all or none, and say which; a waiting one is stopped first, a live one refused."""
    with store.writing() as connection:
        # The lock keeps a supervisor from taking a waiting run in between; SQLite's one writer needs none.
        query = select(runs).where(runs.c.run_id.in_(run_ids), rows.KEPT).with_for_update()
        found = rows.fetch(connection, query, store.home)
        if live := [run.name for run in found if run.state in LIVE]:
            raise InputError(_refusal(live))
        for run in found:
            if run.state == "queued":
                rows.change(connection, run, "stopped", "Stopped before it started.")
        thrown = [run.run_id for run in found]
        connection.execute(runs.update().where(runs.c.run_id.in_(thrown)).values(deleted=time.time()))
    return thrown


def _refusal(live: Sequence[str]) -> str:
    named = ", ".join(f"'{name}'" for name in live[:3]) + (f" and {len(live) - 3} more" if len(live) > 3 else "")
    if len(live) == 1:
        return f"The run {named} is being worked on; stop it before deleting it."
    return f"The runs {named} are being worked on; stop them before deleting them."


def restore(store: RunStore, run_ids: Sequence[str]) -> int:
    """Take runs out of the trash, as they were; how many were still there."""
    there = (runs.c.run_id.in_(run_ids), runs.c.deleted.is_not(None))
    with store.writing() as connection:
        return connection.execute(runs.update().where(*there).values(deleted=None)).rowcount


def trash(store: RunStore) -> list[Run]:
    """The runs in the trash, the one thrown last first."""
    query = select(runs).where(runs.c.deleted.is_not(None)).order_by(runs.c.deleted.desc(), runs.c.created.desc())
    with store._reading() as connection:
        return rows.fetch(connection, query, store.home)


def purge(store: RunStore, run_ids: Sequence[str] | None = None, *, older_than: float | None = None) -> int:
    """Remove runs of the trash for good, with their curves and folders: all, those named, or those thrown more than
    ``older_than`` seconds ago. How many are gone."""
    wanted = None if run_ids is None else set(run_ids)
    latest = None if older_than is None else time.time() - older_than
    chosen = [
        run
        for run in trash(store)
        if (wanted is None or run.run_id in wanted) and (latest is None or (run.deleted or 0.0) < latest)
    ]
    gone = 0
    for run in chosen:
        with store.writing() as connection:  # one transaction a run: a large one must not hold the store for long
            gone += _remove(connection, run)
    folder.empty_trash(store.home)
    return gone


def _remove(connection: Connection, run: Run) -> int:
    """Remove the row, unless somebody took the run out of the trash meanwhile, and what belongs to it."""
    still = (runs.c.run_id == run.run_id, runs.c.deleted.is_not(None))
    if not connection.execute(runs.delete().where(*still)).rowcount:
        return 0
    for table in (attempts, metrics):
        connection.execute(table.delete().where(table.c.run_id == run.run_id))
    try:
        folder.throw_away(run.folder)
    except OSError as error:
        raise LabError(f"The folder '{run.folder}' cannot be removed ({error.strerror}).") from None
    return 1


def size_of(run: Run) -> int:
    """Bytes of all files in the run's folder; 0 when it is not there."""
    return sum(_sizes(run.folder))


def _sizes(path: Path) -> Iterator[int]:
    with suppress(OSError), os.scandir(path) as entries:  # a file may be replaced while we look
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(Path(entry.path))
            else:
                yield entry.stat(follow_symlinks=False).st_size
