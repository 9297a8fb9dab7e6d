"""``byol queue``, ``move`` and ``priority``: which run starts next."""

from __future__ import annotations

from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, Ref, about, app, console, print_json, say
from byol_core.cli.language import _
from byol_core.runs import queue as queueing
from byol_core.runs.store import RunStore

Place = Annotated[queueing.Where, typer.Argument(metavar="|".join(queueing.PLACES), help="Where to move it.")]
# Negative numbers are numbers here, and not options.
_NUMBERS = {"ignore_unknown_options": True}


@app.command()
def queue(as_json: Json = False) -> None:
    """List the waiting runs, the next one first, with what each waits for."""
    _show_queue(RunStore(), as_json)


def _show_queue(store: RunStore, as_json: bool) -> None:
    found = store.queue()
    if as_json:
        print_json([run_tables.as_object(store, run) for run in found])
    elif found:
        console().print(run_tables.queue_table(found))
    else:
        print(_("No run waits."))


@app.command()
def move(run: Ref, where: Place, as_json: Json = False) -> None:
    """Put a waiting run before or behind others of its priority."""
    store = RunStore()
    queueing.move(store, store.get(run).run_id, where)
    _show_queue(store, as_json)


@app.command(context_settings=_NUMBERS)
def priority(
    run: Ref,
    number: Annotated[int, typer.Argument(metavar="N", help="From -9 to 9; 0 is usual, and the highest starts first.")],
    as_json: Json = False,
) -> None:
    """Have a run start before those of a lower priority."""
    store = RunStore()
    changed = queueing.set_priority(store, run, number)
    if as_json:
        say(store, changed.run_id, as_json)
    else:
        print(_("Run {run} '{name}' has priority {priority}.", priority=changed.priority, **about(changed)))
