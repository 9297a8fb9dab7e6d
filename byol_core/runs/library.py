"""Order among many runs: tags and notes, the archive, and a trash from which a run comes back.

A thrown run keeps its row, curves and folder until it is purged; only :func:`purge` and :func:`remove` do anything for
good.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from byol_core.errors import InputError, LabError
from byol_core.messages import Listing, Message
from byol_core.runs import folder, queries
from byol_core.runs.run import LIVE, Run
from byol_core.runs.schema import runs
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
        return queries.one(connection, run.run_id, store.home)


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags without blanks around them, each once, in order; InputError when they are too many, too long or odd."""
    kept = list(dict.fromkeys(filter(None, (tag.strip() for tag in tags))))
    if len(kept) > MOST_TAGS:
        raise InputError("A run should have at most {most} tags, but these are {n}.", most=MOST_TAGS, n=len(kept))
    for tag in kept:
        if len(tag) > LONGEST_TAG:
            raise InputError(
                "A tag should have at most {most} characters, but '{tag}…' has {n}.",
                most=LONGEST_TAG,
                tag=tag[:20],
                n=len(tag),
            )
        if any(unicodedata.category(character).startswith("C") for character in tag):
            raise InputError("A tag should not hold line breaks or control characters.")
    return kept


def checked_notes(notes: str) -> str:
    """Notes without blanks at their end; InputError when they are too long or hold control characters."""
    notes = notes.replace("\r\n", "\n").rstrip()
    if len(notes) > LONGEST_NOTES:
        raise InputError(
            "Notes should have at most {most:,} characters, but these have {n:,}.", most=LONGEST_NOTES, n=len(notes)
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in notes if character not in "\n\t"):
        raise InputError("Notes should not hold control characters.")
    return notes


def all_tags(store: RunStore) -> list[str]:
    """Every tag in use, in alphabetical order; those of runs in the trash do not count."""
    with store.reading() as connection:
        texts = connection.scalars(select(runs.c.tags).where(queries.KEPT, runs.c.tags.is_not(None)).distinct())
        return sorted({tag for text in texts for tag in json.loads(text)}, key=lambda tag: (tag.casefold(), tag))


def archive(store: RunStore, run_ids: Sequence[str], on: bool = True) -> int:
    """Put runs out of sight, or back; how many changed."""
    changed = runs.c.archived.is_(None) if on else runs.c.archived.is_not(None)
    values = {"archived": time.time() if on else None}
    with store.writing() as connection:
        statement = runs.update().where(runs.c.run_id.in_(run_ids), queries.KEPT, changed)
        return connection.execute(statement.values(**values)).rowcount


# The trash


def throw(store: RunStore, run_ids: Sequence[str]) -> list[str]:
    """Put runs into the trash, all or none, and say which; a live one is refused, a waiting one keeps its place."""
    with store.writing() as connection:
        thrown = [run.run_id for run in _not_live(connection, store, run_ids)]
        connection.execute(runs.update().where(runs.c.run_id.in_(thrown)).values(deleted=time.time()))
    return thrown


def _not_live(connection: Connection, store: RunStore, run_ids: Sequence[str]) -> list[Run]:
    """Those of the runs that are kept, when all of them may be deleted; locked, so that no supervisor takes one."""
    query = select(runs).where(runs.c.run_id.in_(run_ids), queries.KEPT).with_for_update()
    found = queries.fetch(connection, query, store.home)
    if live := [run.name for run in found if run.state in LIVE]:
        raise InputError(_refusal(live))
    store.refuse_elsewhere(found)
    return found


def _refusal(live: Sequence[str]) -> str:
    if len(live) == 1:
        return Message("The run '{name}' is being worked on; stop it before deleting it.", name=live[0])
    named = Listing((Message("'{name}'", name=name) for name in live[:3]), "comma")
    if len(live) <= 3:
        return Message("The runs {names} are being worked on; stop them before deleting them.", names=named)
    return Message(
        "The runs {names} and {more} more are being worked on; stop them before deleting them.",
        names=named,
        more=len(live) - 3,
    )


def restore(store: RunStore, run_ids: Sequence[str]) -> int:
    """Take runs out of the trash, as they were; how many were still there, with their folders."""
    query = select(runs).where(runs.c.run_id.in_(run_ids), runs.c.deleted.is_not(None)).with_for_update()
    with store.writing() as connection:
        found = queries.fetch(connection, query, store.home)
        whole = [run.run_id for run in found if run.folder.is_dir() or store.is_elsewhere(run)]
        return connection.execute(runs.update().where(runs.c.run_id.in_(whole)).values(deleted=None)).rowcount


def trash(store: RunStore) -> list[Run]:
    """The runs in the trash, the one thrown last first."""
    query = select(runs).where(runs.c.deleted.is_not(None)).order_by(runs.c.deleted.desc(), runs.c.created.desc())
    with store.reading() as connection:
        return queries.fetch(connection, query, store.home)


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
    gone = _remove_all(store, [run for run in chosen if not store.is_elsewhere(run)], runs.c.deleted.is_not(None))
    if wanted is not None:
        store.refuse_elsewhere(chosen)
    return gone


def remove(store: RunStore, run_ids: Sequence[str]) -> list[str]:
    """Remove runs for good, past the trash, and say which: also on a disk that is too full to put them there."""
    with store.writing() as connection:
        found = _not_live(connection, store, run_ids)
    _remove_all(store, found, queries.KEPT, runs.c.state.not_in(LIVE))
    return [run.run_id for run in found]


def _remove_all(store: RunStore, found: Sequence[Run], *still: ColumnElement[bool]) -> int:
    """Remove these runs, unless a row is not as it should be any more; how many are gone."""
    try:
        return sum(_remove(store, run, *still) for run in found)
    finally:
        folder.empty_trash(store.home)


def _remove(store: RunStore, run: Run, *still: ColumnElement[bool]) -> bool:
    """First the folder, then the row, for which a full disk may have no room before.

    A transaction a run: a large one must not hold the store for long.
    """
    try:
        return _try_to_remove(store, run, *still)
    except LabError:
        if run.folder.exists():
            raise
    folder.empty_trash(store.home)
    return _try_to_remove(store, run, *still)


def _try_to_remove(store: RunStore, run: Run, *still: ColumnElement[bool]) -> bool:
    with store.writing() as connection:
        mine = select(runs.c.run_id).where(runs.c.run_id == run.run_id, *still).with_for_update()
        if connection.scalar(mine) is None:
            return False
        _clear(run.folder)
        return queries.remove(connection, run.run_id)


def _clear(path: Path) -> None:
    """Out of the way in one step, or file by file on a disk that has no room for that; there is no way back."""
    try:
        folder.throw_away(path)
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            raise LabError(
                "The folder '{folder}' cannot be removed ({reason}).", folder=path, reason=error.strerror
            ) from None


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
