"""A run mirrored into TensorBoard, MLflow or trackio while it trains: settings, curves by step, and how it ended.

Each tracker has a thread of its own, so that none holds up the training or another; what goes wrong there is one line
in the run's log. The lab's own store stays the truth.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from byol_core.config import RunConfig
from byol_core.events import Alarm, MetricRow, Progress, SilentCallback, TrainingCallback
from byol_core.runs import folder
from byol_core.runs.run import Run
from byol_core.runs.trackers.delivery import Ending, Line

# Seconds that the end of a run waits for all of its trackers together.
PATIENCE = 20.0


class Mirror:
    """Passes on what a training says, to ``also`` as it is and to the trackers that the run asks for.

    ``kept`` are the rows of earlier attempts, told first: a tracker drops what it has. As a context manager it ends the
    trackers, after :meth:`end` has told them how the run ended.
    """

    def __init__(
        self, run: Run, also: TrainingCallback | None = None, patience: float = PATIENCE, kept: Sequence[MetricRow] = ()
    ) -> None:
        self.run, self.also, self.patience = run, also or SilentCallback(), patience
        names: Sequence[str] = run.config.get("runtime", {}).get("trackers") or ()
        self._ending = Ending("interrupted", "", {})
        self._lines = [Line(name, run, self._tell) for name in names]
        for line in self._lines:
            line.add(kept)

    def __enter__(self) -> Mirror:
        for line in self._lines:
            line.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        until = time.monotonic() + self.patience
        for line in self._lines:
            line.close(self._ending)
        for line in self._lines:
            line.wait(until)

    def end(self, state: str, message: str, summary: Mapping[str, Any] | None) -> None:
        """Remember how the run ended, in English."""
        self._ending = Ending(state, str(message), dict(summary or {}))

    # What the training says

    def on_metrics(self, rows: Sequence[MetricRow]) -> None:
        """Take rows."""
        for line in self._lines:
            line.add(rows)
        self.also.on_metrics(rows)

    def on_progress(self, progress: Progress) -> None:
        """Take how far it is; no tracker asks for that."""
        self.also.on_progress(progress)

    def on_note(self, text: str) -> None:
        """Take a line; it is in the log already."""
        self.also.on_note(text)

    def on_settled(self, config: RunConfig) -> None:
        """Pass the settings on; the trackers have those that were asked for, and the run's log says what changed."""
        self.also.on_settled(config)

    def _tell(self, text: str) -> None:
        """What a tracker has to say, in the log and to anyone watching."""
        folder.log(self.run.folder, text)
        self.also.on_note(text)

    def on_alarm(self, alarm: Alarm | None) -> None:
        """Take what is wrong with the run."""
        self.also.on_alarm(alarm)

    def should_stop(self) -> bool:
        """Whether ``also`` asks for a stop."""
        return self.also.should_stop()
