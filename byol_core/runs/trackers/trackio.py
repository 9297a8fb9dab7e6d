"""trackio: the project ``byol-lab`` where trackio keeps its own (``TRACKIO_DIR``); look with ``trackio show``.

The rows go straight into its database, whose writer raises what goes wrong; ``trackio.init`` prints, and hides it.
``trackio sync`` carries a project to a Space.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from trackio.sqlite_storage import SQLiteStorage

from byol_core.config.run_config import flatten
from byol_core.events import MetricRow
from byol_core.runs.run import Run
from byol_core.runs.trackers.delivery import Ending, Seen

PROJECT = "byol-lab"


def open_run(run: Run) -> Project:
    """The run of a run; its id there is the lab's, so that a resumed one goes on in it."""
    return Project(run)


class Project:
    """One run of trackio."""

    def __init__(self, run: Run) -> None:
        self._run, self._last = run, 0
        self._settings = {**dict(flatten(run.config)), "_Created": datetime.fromtimestamp(run.created, UTC).isoformat()}
        known: dict[str, int] = {}
        for log in SQLiteStorage.get_logs(PROJECT, run_id=run.run_id):
            known |= {key: max(int(log["step"]), known.get(key, -1)) for key in log if key not in ("step", "timestamp")}
        self._seen = Seen(lambda key: known.get(key, -1))

    def add(self, rows: Sequence[MetricRow]) -> None:
        """Log what is not there yet."""
        found = [(row.step, fresh) for row in rows if (fresh := self._seen.fresh(row))]
        self._log(found)
        self._seen.note(rows)

    def end(self, ending: Ending) -> None:
        """Log the numbers of the end, and the settings again with how it ended."""
        self._settings |= {"state": ending.state, "message": ending.message}
        self._log([(self._last, ending.numbers())])

    def _log(self, found: Sequence[tuple[int, dict[str, float]]]) -> None:
        if not found:
            return
        SQLiteStorage.bulk_log(
            project=PROJECT,
            run=self._run.name,
            run_id=self._run.run_id,
            metrics_list=[{key: value for key, value in values.items() if math.isfinite(value)} for _, values in found],
            steps=[step for step, _ in found],
            config=self._settings,
        )
        self._last = max(self._last, *(step for step, _ in found))
