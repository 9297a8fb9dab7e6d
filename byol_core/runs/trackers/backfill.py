"""The rows that the store has of a run's earlier attempts: a tracker lacks some when a process died before telling."""

from __future__ import annotations

from byol_core.errors import LabError
from byol_core.events import MetricRow
from byol_core.runs import system_metrics
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

_MACHINE = {
    system_metrics.CPU,
    system_metrics.MEMORY,
    system_metrics.GPU,
    system_metrics.GPU_MEMORY,
}  # which no tracker is told
_ALL = 10**9


def kept(store: RunStore, run: Run) -> list[MetricRow]:
    """The rows up to the checkpoint that a resumed run goes on from, in order; none when the store cannot say now."""
    if run.attempt <= 1 or not run.config.get("runtime", {}).get("trackers"):
        return []
    try:
        keys = [key for key in store.metric_keys(run.run_id) if key not in _MACHINE]
        curves = store.curves(run.run_id, dict.fromkeys(keys, -1), max_points=_ALL)
    except LabError:
        return []
    found: dict[tuple[int, float, float], dict[str, float]] = {}
    for key, points in curves.items():
        for step, epoch, seconds, value in points:
            found.setdefault((step, epoch, seconds), {})[key] = value
    return [MetricRow(*place, values) for place, values in sorted(found.items())]
