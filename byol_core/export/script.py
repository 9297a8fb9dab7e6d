"""The Python that repeats a run: every setting in it, so that other defaults of a later release change nothing."""

from __future__ import annotations

from typing import IO

from byol_core._version import __version__
from byol_core.config import build
from byol_core.runs.queries import LONGEST_NAME
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

_AGAIN = " again"
_SCRIPT = '''\
"""Repeats a run of BYOL Lab {version}. It needs that version or a later one, which no package index has: install it
from a clone of its repository (pip install -e .) or from its wheel, then run this file with Python.

The run is entered in the lab's home ($BYOL_LAB_HOME, else ./byol_runs), where 'byol app' shows it. On one machine and
one CPU the weights are the same to the last bit where 'runtime.threads' is set; threads that follow the load, and a
GPU, add in another order.{start}
"""

from rich.console import Console

from byol_core import LabError, RunStore, build
from byol_core.cli.progress_bar import Bar
from byol_core.cli.run_tables import numbers_table
from byol_core.runs.worker import work

NAME = {name!r}
SETTINGS = {{
{settings}
}}


def main() -> int:
    """Train, with a progress bar; Ctrl-C writes a checkpoint and stops."""
    store = RunStore()
    run = store.create(build(dotted=SETTINGS), name=NAME, here=True)
    with Bar(Console(stderr=True)) as bar:
        run, status = work(store, run, also=bar)
    print(run.message or f"The run is {{run.state}}: {{run.folder}}")
    Console().print(numbers_table(run))
    return status


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except LabError as error:
        raise SystemExit(str(error)) from None
'''
_START = """

It starts from the weights of {spec!a}, which have to be there: a run in the home, a file, or those of a library."""


def write_script(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """A script that trains the run again, under the name 'NAME again'; InputError when its settings are too old."""
    config = build(run.config)
    settings = "\n".join(f"    {key!r}: {value!r}," for key, value in config.flat().items())
    spec = config.network.pretrained.replace('"', "'")  # the docstring must not end early
    start = _START.format(spec=spec) if spec else ""
    name = f"{run.name[: LONGEST_NAME - len(_AGAIN)]}{_AGAIN}"
    text = _SCRIPT.format(version=__version__, name=name, settings=settings, start=start)
    target.write(text.encode("utf-8", errors="backslashreplace"))
