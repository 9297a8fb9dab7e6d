"""Order among runs on the command line: tags, notes, the archive and the trash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, Ref, Refs, about, app, chosen, console, print_json, say
from byol_core.cli.language import _, listing, n_
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
    elif found.tags:
        print(_("Run {run} '{name}' has {tags}.", tags=listing(found.tags, "comma"), **about(found)))
    else:
        print(_("Run {run} '{name}' has no tags.", **about(found)))


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
    elif found.notes:
        print(_("The notes of run {run} '{name}' are written.", **about(found)))
    else:
        print(_("The notes of run {run} '{name}' are empty.", **about(found)))


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
    _say(found, "archived", not undo, _back_in_list(found) if undo else _in_archive(found), as_json)


def _in_archive(found: Sequence[Run]) -> str:
    if len(found) == 1:
        return _("Run {run} '{name}' is in the archive.", **about(found[0]))
    return n_("{n} run is in the archive.", "{n} runs are in the archive.", len(found))


def _back_in_list(found: Sequence[Run]) -> str:
    if len(found) == 1:
        return _("Run {run} '{name}' is back in the list.", **about(found[0]))
    return n_("{n} run is back in the list.", "{n} runs are back in the list.", len(found))


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
        sentence = _deleted(found)
    else:
        sentence = _thrown(found, " ".join(library.throw(store, ids)))
    _say(found, "deleted", True, sentence, as_json)


def _deleted(found: Sequence[Run]) -> str:
    if len(found) == 1:
        return _("Run {run} '{name}' is deleted.", **about(found[0]))
    return n_("{n} run is deleted.", "{n} runs are deleted.", len(found))


def _thrown(found: Sequence[Run], ids: str) -> str:
    if len(found) == 1:
        return _("Run {run} '{name}' is in the trash; bring back with: byol restore {ids}", ids=ids, **about(found[0]))
    return n_(
        "{n} run is in the trash; bring back with: byol restore {ids}",
        "{n} runs are in the trash; bring back with: byol restore {ids}",
        len(found),
        ids=ids,
    )


@app.command()
def restore(runs: Refs, as_json: Json = False) -> None:
    """Take runs out of the trash, as they were."""
    store = RunStore()
    found = chosen(store, runs, deleted=True)
    library.restore(store, [run.run_id for run in found])
    LocalExecutor(store).wake()  # one that waited waits again
    _say(found, "deleted", False, _restored(found), as_json)


def _restored(found: Sequence[Run]) -> str:
    if len(found) == 1:
        return _("Run {run} '{name}' is back.", **about(found[0]))
    return n_("{n} run is back.", "{n} runs are back.", len(found))


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
        _say(found, "deleted", True, _gone(found), as_json)
    elif as_json:
        print_json([{**run_tables.as_object(store, run), "bytes": library.size_of(run)} for run in found])
    elif found:
        console().print(run_tables.trash_table(found, [library.size_of(run) for run in found]))
    else:
        print(_gone(found))


def _gone(found: Sequence[Run]) -> str:
    if not found:
        return _("The trash is empty.")
    if len(found) == 1:
        return _("Run {run} '{name}' is deleted for good.", **about(found[0]))
    return n_("{n} run is deleted for good.", "{n} runs are deleted for good.", len(found))


def _say(found: Sequence[Run], key: str, value: bool, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json([{"run_id": run.run_id, "name": run.name, key: value} for run in found])
    else:
        print(sentence)
