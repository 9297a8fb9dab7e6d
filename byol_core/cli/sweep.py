"""``byol sweep``: a group of runs, one at each point of a grid or a list."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Config, Data, Json, Name, Preset, Set, app, print_json
from byol_core.cli.language import n_
from byol_core.cli.train import configure, refuse_missing_images
from byol_core.config import RunConfig, parsing
from byol_core.config.run_config import flatten
from byol_core.errors import InputError
from byol_core.runs import sweep as sweeps
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.store import RunStore


@app.command()
def sweep(
    preset: Preset = None,
    data: Data = None,
    config: Config = None,
    set_: Set = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="KEY=A,B,...", help="Values of one setting; several give every combination."),
    ] = None,
    list_: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="A YAML or JSON list of settings, a run for each.")
    ] = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Queue a group of runs that differ in some settings, such as --grid views.strength=0.3,0.6 --grid seed=0,1,2."""
    wanted, preset = configure(preset, config, data, set_ or [])
    points = sweeps.points(_grid(grid or []), _listed(list_) if list_ else ())
    _refuse_missing(wanted, points)
    store = RunStore()
    made = sweeps.create(store, wanted, points, name=name, preset=preset)
    LocalExecutor(store).wake()
    if as_json:
        print_json([run_tables.as_object(store, run) for run in made])
    else:
        print(
            n_(
                "Group '{group}': {n} run waits for a turn; compare with: byol compare {quoted}",
                "Group '{group}': {n} runs wait for a turn; compare with: byol compare {quoted}",
                len(made),
                group=made[0].group,
                quoted=shlex.quote(made[0].group),
            )
        )


def _grid(assignments: Sequence[str]) -> dict[str, list[Any]]:
    grid: dict[str, list[Any]] = {}
    for assignment in assignments:
        key, equals, values = assignment.partition("=")
        if not equals:
            raise InputError(
                "'--grid {given}' should have the form key=value,value, as in seed=0,1,2.", given=assignment
            )
        grid[key.strip()] = sweeps.parse_values(values)
    return grid


def _listed(file: Path) -> list[dict[str, Any]]:
    points = parsing.read_list(file)
    return [dict(flatten(point)) for point in points]


def _refuse_missing(wanted: RunConfig, points: Sequence[dict[str, Any]]) -> None:
    """Say at once that some images are not there."""
    configs = {config.data.source: config for point in points if (config := wanted.changed(**point))}
    for config in configs.values():
        refuse_missing_images(config)
