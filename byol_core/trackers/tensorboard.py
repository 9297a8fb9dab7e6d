"""TensorBoard: event files in ``tensorboard/RUN`` of the home, for ``tensorboard --logdir byol_runs/tensorboard``.

The settings are in the tabs Text and HParams. Of a run that was resumed TensorBoard hides what it took back.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# The import is the question whether it is installed.
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from byol_core.events import MetricRow
from byol_core.runs.model import Run
from byol_core.runs.sweep import flat
from byol_core.trackers.line import Ending

FOLDER = "tensorboard"


def open_run(run: Run) -> Board:
    """The event files of a run."""
    return Board(run, run.folder.parent / FOLDER / run.run_id)


class Board:
    """The event files of one attempt."""

    def __init__(self, run: Run, where: Path) -> None:
        settings = dict(flat(run.config))
        self._writer = EventFileWriter(str(where))
        self._last, self._begun = 0, run.attempt <= 1
        self._write(0, text_pb("settings", _table({"run": run.name, **settings})))
        self._write(0, hparams_pb({key: _plain(value) for key, value in settings.items()}, trial_id=run.run_id))

    def add(self, rows: Sequence[MetricRow]) -> None:
        """Write rows, with the moment at which they come."""
        if not self._begun:  # what an earlier attempt wrote from this step on is taken back
            start = SessionLog(status=SessionLog.START)
            self._writer.add_event(Event(wall_time=time.time(), step=rows[0].step, session_log=start))
            self._begun = True
        for row in rows:
            self._write(row.step, _scalars(row.values.items()))
            self._last = max(self._last, row.step)
        self._writer.flush()

    def end(self, ending: Ending) -> None:
        """Write the numbers of the end and how it came, and close the file."""
        said = {"state": ending.state, "message": ending.message}
        self._write(self._last, _scalars(ending.numbers().items()))
        self._write(self._last, text_pb("end", _table(said)))
        self._writer.close()

    def _write(self, step: int, summary: Any) -> None:
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))


def _scalars(values: Iterable[tuple[str, float]]) -> Any:
    return Summary(value=[Summary.Value(tag=key, simple_value=value) for key, value in values])


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _table(values: Mapping[str, Any]) -> str:
    """Markdown; TensorBoard takes no markup from it that could do anything."""
    rows = (f"| {key} | {str(value).replace('|', chr(92) + '|')} |" for key, value in values.items())
    return "\n".join(("| | |", "|---|---|", *rows))
