"""``byol compare``: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from byol_core.cli import comparison_tables
from byol_core.cli.common import Json, app, console, print_json
from byol_core.errors import InputError
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids, names, or the names of groups.")],
    as_json: Json = False,
) -> None:
    """Compare runs: the settings that differ, best and last of each curve, and seeds as mean and deviation."""
    store = RunStore()
    found = _members(store, runs)
    if len(found) < 2:
        raise InputError("To compare takes at least two runs, or the name of a group.")
    if as_json:
        print_json(comparison_tables.as_object(store, found))
    else:
        console().print(*comparison_tables.tables(store, found), sep="\n\n")


def _members(store: RunStore, refs: Sequence[str]) -> list[Run]:
    """The runs of these references; the name of a group stands for all its runs, in the order of its points."""
    everything = store.runs(archived=None)[::-1]
    found: list[Run] = []
    for ref in refs:
        found += [run for run in everything if run.group == ref] or [store.get(ref)]
    return list({run.run_id: run for run in found}.values())
