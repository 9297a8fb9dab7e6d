"""The Python that repeats a run: every setting in it, so that other defaults of a later release change nothing."""

from __future__ import annotations

from typing import IO

import byol_core
from byol_core.config import build
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore

_SCRIPT = '''\
"""Repeats a run of BYOL Lab {version}: pip install byol-lab=={version}, then run this file with Python.

The run is entered in the lab's home ($BYOL_LAB_HOME, else ./byol_runs), where 'byol app' shows it. On one machine and
one CPU the weights are the same to the last bit; a GPU adds in another order.
"""

from rich.console import Console

from byol_core import RunStore, build
from byol_core.runs.bar import Bar
from byol_core.runs.report import numbers_table
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
    raise SystemExit(main())
'''


def write_script(store: RunStore, run: Run, target: IO[bytes]) -> None:
    """A script that trains the run again, under the name 'NAME again'; InputError when its settings are too old."""
    settings = "\n".join(f"    {key!r}: {value!r}," for key, value in build(run.config).flat().items())
    text = _SCRIPT.format(version=byol_core.__version__, name=f"{run.name} again", settings=settings)
    target.write(text.encode("utf-8", errors="backslashreplace"))
