"""What every command shares: the application, the options that many have, and how things are printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from byol_core.cli import help_pages, run_tables
from byol_core.cli.language import _, tell
from byol_core.config import presets
from byol_core.messages import Listing, Message
from byol_core.runs.launcher import LocalExecutor
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="byol",
    cls=help_pages.Group,
    help="BYOL Lab: train Bootstrap Your Own Latent without labels, and watch it learn.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Ref = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or its name.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as views.strength=0.6.")
]
Refs = Annotated[list[str], typer.Argument(metavar="RUN...", help="Ids, the beginnings of ids, or names.")]
_PRESETS = help_pages.made(Message("A recipe: {names}.", names=Listing(presets.PRESETS, "comma")))
Preset = Annotated[str | None, typer.Option(help=_PRESETS)]
Data = Annotated[str | None, typer.Option(help="A name from the catalog, or a path of images.")]
Config = Annotated[Path | None, typer.Option(help="A YAML or JSON file of settings, over the preset.")]
Name = Annotated[str, typer.Option(help="What to call the run.")]


def queued(store: RunStore, run: Run, as_json: bool) -> int:
    """Leave a waiting run to the supervisor, and say so."""
    LocalExecutor(store).submit(run.run_id)
    if as_json:
        print_json(run_tables.as_object(store, run))
    else:
        told = _("Run {run} '{name}' waits for its turn; follow it with: byol tail {run} --follow", **about(run))
        print(told)
    return 0


def chosen(store: RunStore, refs: Sequence[str], *, deleted: bool = False) -> list[Run]:
    """The runs of these references, each once."""
    return list({run.run_id: run for run in (store.get(ref, deleted=deleted) for ref in refs)}.values())


def about(run: Run) -> dict[str, Any]:
    """The id and the name of a run, as sentences have them."""
    return {"run": run.run_id, "name": run.name}


def say(store: RunStore, run_id: str, as_json: bool) -> None:
    """Print a run as it is now."""
    run = store.get(run_id)
    if as_json:
        print_json(run_tables.as_object(store, run))
    elif run.message:
        state, message = run_tables.state(run), tell(run.message)
        print(_("Run {run} '{name}' is {state}: {message}", state=state, message=message, **about(run)))
    else:
        print(_("Run {run} '{name}' is {state}.", state=run_tables.state(run), **about(run)))


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str), flush=True)


def console(stderr: bool = False) -> Console:
    """Where tables go, as they are: a run may be called ``[red]``. Made late, because rich takes a moment to load."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)
