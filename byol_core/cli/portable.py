"""Runs on their way: curves as a table, a whole run as a zip, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, Ref, app, print_json
from byol_core.runs import export_zip
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
    _told(found.run_id, found.name, export_zip.save_metrics(store, found.run_id, out), "The curves of run", as_json)


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
    _told(found.run_id, found.name, file, "Run", as_json)


def _told(run_id: str, name: str, file: Path, what: str, as_json: bool) -> None:
    size = file.stat().st_size
    if as_json:
        print_json({"run_id": run_id, "name": name, "file": str(file.resolve()), "bytes": size})
    else:
        print(f"{what} {run_id} '{name}' {'are' if what != 'Run' else 'is'} in {file} ({file_size(size)}).")


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
            print(f"Run {run.run_id} '{run.name}' is here, {run.state}; look at it with: byol show {run.run_id}")
    if as_json:
        print_json(found[0] if len(found) == 1 else found)
