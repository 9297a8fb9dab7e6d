"""Runs on their way: curves as a table, a whole run as a zip, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, Ref, about, app, print_json
from byol_core.cli.language import _
from byol_core.runs import export_zip
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system.formatting import file_size


@app.command("export-metrics")
def export_metrics(
    run: Ref,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A file that ends with .csv or .parquet.")],
    as_json: Json = False,
) -> None:
    """Write all curves of a run as one table, a row per point."""
    store = RunStore()
    found = store.get(run)
    file = export_zip.save_metrics(store, found.run_id, out)
    size = file_size(file.stat().st_size)
    told = _("The curves of run {run} '{name}' are in {file} ({size}).", file=file, size=size, **about(found))
    _say(found, file, told, as_json)


@app.command()
def pack(
    run: Ref,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.zip", help="The file; default: RUN.zip.")] = None,
    as_json: Json = False,
) -> None:
    """Write a run as a zip that another home takes in: settings, curves, log, checkpoint, encoder, map, answers."""
    store = RunStore()
    found = store.get(run)
    file = export_zip.pack(store, found.run_id, out or Path(f"{found.run_id}.zip"))
    size = file_size(file.stat().st_size)
    _say(found, file, _("Run {run} '{name}' is in {file} ({size}).", file=file, size=size, **about(found)), as_json)


def _say(run: Run, file: Path, sentence: str, as_json: bool) -> None:
    if as_json:
        size = file.stat().st_size
        print_json({"run_id": run.run_id, "name": run.name, "file": str(file.resolve()), "bytes": size})
    else:
        print(sentence)


@app.command()
def unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="What 'byol pack' or the dashboard wrote.")],
    as_json: Json = False,
) -> None:
    """Take in a run that was packed elsewhere, or all runs that the dashboard put into one file (a list in JSON)."""
    store, found = RunStore(), []
    for run in export_zip.unpack_all(store, file):
        found.append(run_tables.as_object(store, run))
        if not as_json:
            values = {**about(run), "state": run_tables.state(run)}
            print(_("Run {run} '{name}' is here, {state}; look at it with: byol show {run}", **values))
    if as_json:
        print_json(found[0] if len(found) == 1 else found)
