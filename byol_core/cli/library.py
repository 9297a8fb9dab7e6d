"""Order among runs on the command line: tags, notes, the archive and the trash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, Ref, Refs, app, chosen, console, named, print_json, say
from byol_core.runs import library
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore


@app.command()
def tag(
    run: Ref,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG...", help="Tags to find the run by.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove these tags.")] = False,
    as_json: Json = False,
) -> None:
    """Give a run tags, beside those it has; without any, print what it has."""
    store = RunStore()
    found = store.get(run)
    if tags:
        others = [tag for tag in found.tags if tag not in tags]
        found = library.annotate(store, found.run_id, tags=others if remove else [*found.tags, *tags])
    if as_json:
        say(store, found.run_id, as_json)
    else:
        print(f"Run {found.run_id} '{found.name}' has {', '.join(found.tags) or 'no tags'}.")


@app.command()
def note(
    run: Ref,
    text: Annotated[str, typer.Argument(help="The notes; '' removes them.")],
    as_json: Json = False,
) -> None:
    """Write a run's notes, in place of those it has."""
    store = RunStore()
    found = library.annotate(store, run, notes=text)
    if as_json:
        say(store, found.run_id, as_json)
    else:
        print(f"The notes of run {found.run_id} '{found.name}' are {'written' if found.notes else 'empty'}.")


@app.command()
def archive(
    runs: Refs,
    undo: Annotated[bool, typer.Option("--undo", help="Take them out of the archive.")] = False,
    as_json: Json = False,
) -> None:
    """Put runs out of sight; 'byol runs --all' still lists them."""
    store = RunStore()
    found = chosen(store, runs)
    library.archive(store, [run.run_id for run in found], not undo)
    _tell(found, "archived", not undo, f"{named(found)} {'back in the list' if undo else 'in the archive'}.", as_json)


@app.command()
def delete(
    runs: Refs,
    now: Annotated[bool, typer.Option("--now", help="For good, with all files, past the trash.")] = False,
    as_json: Json = False,
) -> None:
    """Put runs into the trash, from where 'byol restore' brings them back for a week."""
    store = RunStore()
    found = chosen(store, runs)
    ids = [run.run_id for run in found]
    if now:
        library.remove(store, ids)
        sentence = f"{named(found)} deleted."
    else:
        thrown = library.throw(store, ids)
        sentence = f"{named(found)} in the trash; bring back with: byol restore {' '.join(thrown)}"
    _tell(found, "deleted", True, sentence, as_json)


@app.command()
def restore(runs: Refs, as_json: Json = False) -> None:
    """Take runs out of the trash, as they were."""
    store = RunStore()
    found = chosen(store, runs, deleted=True)
    library.restore(store, [run.run_id for run in found])
    LocalExecutor(store).wake()  # one that waited waits again
    _tell(found, "deleted", False, f"{named(found)} back.", as_json)


@app.command()
def trash(
    empty: Annotated[bool, typer.Option("--empty", help="Remove all of them for good, with all files.")] = False,
    as_json: Json = False,
) -> None:
    """List the runs in the trash, the one thrown last first."""
    store = RunStore()
    found = library.trash(store)
    if empty:
        library.purge(store, [run.run_id for run in found])
        _tell(found, "deleted", True, f"{named(found)} deleted for good." if found else "The trash is empty.", as_json)
    elif as_json:
        print_json([{**run_tables.as_object(store, run), "bytes": library.size_of(run)} for run in found])
    elif found:
        console().print(run_tables.trash_table(found, [library.size_of(run) for run in found]))
    else:
        print("The trash is empty.")


def _tell(found: Sequence[Run], key: str, value: bool, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json([{"run_id": run.run_id, "name": run.name, key: value} for run in found])
    else:
        print(sentence)
