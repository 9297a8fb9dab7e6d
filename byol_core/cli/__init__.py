"""``byol``: the same verbs as the dashboard. Exit status 0 done, 1 failed, 2 the input was wrong (one sentence).

Torch and Streamlit are imported by the commands that need them, so that ``byol --help`` and ``byol runs`` are quick.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from byol_core._version import __version__
from byol_core.cli import (
    compare,
    dashboard,
    data,
    doctor,
    embed,
    evaluate,
    export,
    help_pages,
    language,
    library,
    portable,
    queue,
    runs,
    sweep,
    train,
)
from byol_core.cli.common import app
from byol_core.cli.language import _, tell
from byol_core.cli.refusals import explained
from byol_core.errors import InputError, LabError

__all__ = ["app", "main"]

# Importing a module enters its commands; help lists them in this order.
MODULES = (train, sweep, data, runs, queue, compare, evaluate, embed, export, library, portable, doctor, dashboard)
COMMANDS = (
    *("train", "sweep", "data", "runs", "show", "tail", "stop", "resume", "clone", "queue", "move", "priority"),
    "compare",
    *("evaluate", "transfer", "embed"),
    *("tag", "note", "archive", "delete", "restore", "trash", "export", "export-metrics", "pack", "unpack"),
    *("doctor", "app", "passphrase"),
)
app.registered_commands.sort(
    key=lambda command: COMMANDS.index(command.name or getattr(command.callback, "__name__", ""))
)
for each in app.registered_commands:
    each.cls = help_pages.Command


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    lang: Annotated[
        str | None,
        typer.Option(
            language.OPTION, metavar="CODE", help="The language to speak: en or zh_CN; default: the system's."
        ),
    ] = None,
) -> None:
    language.known(lang)
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: run a command and end the process with its exit status.

    Under torchrun, every rank but the first helps the first, which alone reads the command.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # stderr does by itself: names of files may hold what is no text
        sys.stdout.reconfigure(errors="backslashreplace")
    asked, words = language.parted(sys.argv[1:] if arguments is None else arguments)
    language.settle(asked)
    if words[:1] == ["train"] and int(os.environ.get("WORLD_SIZE", "1")) > 1 and int(os.environ.get("RANK", "0")) > 0:
        from byol_core.training.rank import main as follow

        sys.exit(follow())
    sys.exit(_status(arguments))


def _status(arguments: Sequence[str] | None) -> int:
    """The exit status; what went wrong as one sentence on stderr."""
    try:
        command = typer.main.get_command(app)
        help_pages.translate(command)
        return command.main(list(arguments) if arguments is not None else None, "byol", standalone_mode=False) or 0
    except InputError as error:
        return _complain(tell(error), 2)
    except LabError as error:
        return _complain(tell(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        return _complain(_("Interrupted."), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: byol runs | head
        return 0
    except Exception as error:
        # Typer brings its own copy of click in some releases and not in others; both sign their errors like this.
        if not hasattr(error, "format_message"):
            raise
        return _complain(explained(error), 2)


def _complain(sentence: str, status: int) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return status
