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

from byol_core.config.run_config import flatten
from byol_core.events import MetricRow
from byol_core.runs.run import Run
from byol_core.runs.trackers.delivery import Ending

FOLDER = "tensorboard"


def open_run(run: Run) -> Board:
    """The event files of a run."""
    return Board(run, run.folder.parent / FOLDER / run.run_id)


class Board:
    """An event file of one attempt; after a failure another one."""

    def __init__(self, run: Run, where: Path) -> None:
        self._run, self._last, self._begun = run, 0, False
        self._again = any(where.glob("events.out.tfevents.*"))
        self._writer = EventFileWriter(str(where))

    def add(self, rows: Sequence[MetricRow]) -> None:
        """Write rows, as far apart in time as the training had them."""
        began = time.time() - rows[-1].seconds
        self._begin(rows[0].step)
        for row in rows:
            self._write(row.step, _scalars(row.values.items()), began + row.seconds)
            self._last = max(self._last, row.step)
        self._writer.flush()

    def end(self, ending: Ending) -> None:
        """Write the numbers of the end and how it came, and close the file."""
        self._begin()
        said = {"state": ending.state, "message": ending.message}
        self._write(self._last, _scalars(ending.numbers().items()))
        self._write(self._last, text_pb("end", _table(said)))
        self._writer.close()

    def _begin(self, step: int | None = None) -> None:
        """Once: take back what an earlier file has from this step on, then the settings, which are of step 0."""
        if self._begun:
            return
        if self._again and step is not None:
            start = SessionLog(status=SessionLog.START)
            self._writer.add_event(Event(wall_time=time.time(), step=step, session_log=start))
        settings = dict(flatten(self._run.config))
        self._write(0, text_pb("settings", _table({"run": self._run.name, **settings})))
        self._write(0, hparams_pb({key: _plain(value) for key, value in settings.items()}, trial_id=self._run.run_id))
        self._begun = True

    def _write(self, step: int, summary: Any, moment: float | None = None) -> None:
        self._writer.add_event(Event(wall_time=moment or time.time(), step=step, summary=summary))


def _scalars(values: Iterable[tuple[str, float]]) -> Any:
    return Summary(value=[Summary.Value(tag=key, simple_value=value) for key, value in values])


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)


def _table(values: Mapping[str, Any]) -> str:
    """Markdown; TensorBoard takes no markup from it that could do anything."""
    rows = (f"| {key} | {str(value).replace('|', chr(92) + '|')} |" for key, value in values.items())
    return "\n".join(("| | |", "|---|---|", *rows))
