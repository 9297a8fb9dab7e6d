"""``byol train``: a run here with a progress bar, or left to the supervisor."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Config, Data, Json, Name, Preset, Set, about, app, console, print_json, queued
from byol_core.cli.language import _, tell
from byol_core.config import parsing, presets, view_presets
from byol_core.config import run_config as settings
from byol_core.errors import InputError
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system import paths


@app.command()
def train(
    preset: Preset = None,
    data: Data = None,
    config: Config = None,
    set_: Set = None,
    views: Annotated[
        str | None, typer.Option(help="A pair of views by its name: a recipe, or one saved on the Augment page.")
    ] = None,
    name: Name = "",
    queue: Annotated[bool, typer.Option("--queue", help="Queue it for the supervisor, and return at once.")] = False,
    as_json: Json = False,
) -> int:
    """Train a run here, with a progress bar; Ctrl-C writes a checkpoint and stops."""
    wanted, preset = configure(preset, config, data, set_ or [], views)
    refuse_missing_images(wanted)
    store = RunStore()
    if queue:
        return queued(store, store.create(wanted, name=name, preset=preset), as_json)
    return _train_here(store, wanted, name, preset, as_json)


def configure(
    preset: str | None, file: Path | None, data: str | None, assignments: Sequence[str], views: str | None = None
) -> tuple[settings.RunConfig, str | None]:
    """Preset, then the file over it, then ``--data`` and ``--views``, then each ``--set``; and the preset's name.

    The file may name the preset, and ``--preset`` comes before what it says. Without any, what nobody set fits itself
    to a small set, as with a preset.
    """
    given = parsing.read_file(file) if file else {}
    named = given.pop("preset", None)
    if preset is None and named is not None:
        preset = str(named)
    base = settings.RunConfig(fit=settings.FITTED) if preset is None else presets.get(preset).config()
    source = {"data.source": data} if data is not None else {}
    pair = view_presets.assignments(view_presets.load(paths.home(), views)) if views is not None else {}
    config = settings.build(base.model_dump(mode="json"), dict(settings.flatten(given)))
    dotted = {**source, **pair, **parsing.parse_assignments(assignments)}
    return settings.build(config.model_dump(mode="json"), dotted), preset


def refuse_missing_images(wanted: settings.RunConfig) -> None:
    """Say at once, and not from a worker, that there are no such images."""
    from byol_core.data.catalog import find, load

    source = wanted.data.source
    if find(source) is None and not os.path.exists(paths.typed(source)):  # noqa: PTH110 (never raises)
        load(source, wanted.data.image_size)


def _train_here(store: RunStore, wanted: settings.RunConfig, name: str, preset: str | None, as_json: bool) -> int:
    from byol_core.cli.progress_bar import Bar
    from byol_core.runs import worker

    run = store.create(wanted, name=name, preset=preset, here=True)
    with Bar(console(stderr=True), _("Run {run} '{name}' in {folder}", folder=run.folder, **about(run))) as bar:
        run, status = worker.work(store, run, also=bar)
    if status == 2 and not store.metric_keys(run.run_id):
        store.delete(run.run_id)  # nothing was trained: the sentence is all there is to keep
        raise InputError(run.message)
    if run.message:
        print(tell(run.message), file=sys.stderr)
    if run.state == "stopped":
        print(_stopped(run), file=sys.stderr)
    if as_json:
        print_json(run_tables.with_account(store, run))
    elif run.summary:
        console().print(run_tables.numbers_table(run))
        print(*map(tell, run_tables.account_lines(run)), sep="\n")
    return status


def _stopped(run: Run) -> str:
    if not run.total_steps:
        return _("Go on with: byol resume {run}", run=run.run_id)
    return _(
        "Stopped at step {step} of {steps}; go on with: byol resume {run}",
        step=run.step,
        steps=run.total_steps,
        run=run.run_id,
    )
