"""Runs on the command line: list, show, stop, resume, clone, and read their logs."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from byol_core.cli import run_tables
from byol_core.cli.common import Json, Name, Ref, Set, app, console, print_json, queued, say
from byol_core.cli.language import _
from byol_core.config import parsing
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

_AS_WIDE_AS_IT_GETS = 100_000  # characters


@app.command("runs")
def list_runs(
    limit: Annotated[int | None, typer.Option(min=1, help="Only this many of the newest.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Include archived runs.")] = False,
    as_json: Json = False,
) -> None:
    """List the runs, newest first."""
    store = RunStore()
    found = store.runs(limit, archived=None if all_ else False)
    if as_json:
        print_json([run_tables.as_object(store, run) for run in found])
    elif found:
        _print_table(found)
    else:
        told = _("There are no runs in {folder}; start one with: byol train --preset classroom", folder=store.home)
        print(told)


def _print_table(found: list[Run]) -> None:
    """One line a run, as wide as a terminal is; in a file or a pipe as wide as it gets."""
    out = console()
    if not out.is_terminal:
        out.width = _AS_WIDE_AS_IT_GETS
    shown = run_tables.runs_table(found, out.width)
    out.print(shown)
    if any(str(cell).endswith("…") for cell in shown.columns[-1].cells):
        print(_("Messages in full: byol show RUN"))


@app.command()
def show(run: Ref, as_json: Json = False) -> None:
    """Show one run: its state, numbers and settings."""
    store = RunStore()
    found = store.get(run)
    if as_json:
        print_json(run_tables.with_account(store, found))
    else:
        console().print(run_tables.facts_table(store, found))


@app.command()
def stop(
    run: Ref,
    wait: Annotated[bool, typer.Option(help="Wait until it has stopped.")] = True,
    as_json: Json = False,
) -> None:
    """Have a run write a checkpoint and stop."""
    store = RunStore()
    run_id = store.get(run).run_id
    LocalExecutor(store).stop(run_id)
    while wait and store.get(run_id).live:
        time.sleep(0.2)
    say(store, run_id, as_json)


@app.command()
def resume(run: Ref, as_json: Json = False) -> int:
    """Queue a stopped, failed or interrupted run again; it goes on from its last checkpoint."""
    store = RunStore()
    return queued(store, store.resume(run), as_json)


@app.command()
def clone(run: Ref, set_: Set = None, name: Name = "", as_json: Json = False) -> int:
    """Queue a new run with the settings of another, some of them changed."""
    store = RunStore()
    changes = parsing.parse_assignments(set_ or [])
    return queued(store, store.clone(run, changes, name=name), as_json)


@app.command()
def tail(
    run: Ref,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow until the run ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print the end of a run's log."""
    store = RunStore()
    found = store.get(run)
    if as_json:
        print_json({"run_id": found.run_id, "lines": LocalExecutor(store).tail(found.run_id, lines)})
        return
    print(*LocalExecutor(store).tail(found.run_id, lines), sep="\n", flush=True)
    if follow:
        _follow(store, found)


def _follow(store: RunStore, run: Run) -> None:
    log = run.folder / "log.txt"
    at = log.stat().st_size if log.exists() else 0
    while True:
        ended = not (run.live or run.state == "queued")
        if log.exists() and log.stat().st_size > at:
            with log.open(encoding="utf-8", errors="replace") as file:
                file.seek(at)
                sys.stdout.write(file.read())
                at = file.tell()
            sys.stdout.flush()
        if ended:
            return
        time.sleep(0.5)
        run = store.get(run.run_id)
