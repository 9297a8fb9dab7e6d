"""A training that only counts: it logs a curve known beforehand, writes checkpoints on its way, stops and resumes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from byol_core.config import RunConfig
from byol_core.events import MetricRow, Progress, Summary, TrainingCallback
from byol_core.system.files import write_json

KEPT_EVERY = 5
# A run of so many steps is still there when a test has started what it needs, however long that takes.
LONG = 100


def loss(step: int) -> float:
    return 1.0 / step


def _later(should_stop: Callable[[], bool]) -> Callable[[], bool]:
    """Notices a stop only some steps later."""
    heard: list[bool] = []

    def after_ten() -> bool:
        heard.extend([True] * (should_stop() or bool(heard)))
        return len(heard) > 10

    return after_ten


def train(config: RunConfig, folder: Path, callback: TrainingCallback, *, resume: bool = False) -> Summary:
    kept = sorted((folder / "checkpoints").glob("step-*.pt")) if resume else []
    step = json.loads(kept[-1].read_bytes()) if kept else 0
    total, how = config.steps or 20, os.environ["FAULTS_COUNT"]
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        (folder / "child").write_text(str(child.pid))
    if how == "greedy":
        return [b"\1" * (1 << 24) for _ in range(10_000)]
    if how == "slow to stop":
        callback.should_stop = _later(callback.should_stop)
    while step < total and (how == "deaf" or not callback.should_stop()):
        hurry = (folder.parent / "hurry").exists()
        if total >= LONG and step == total - 1 and not hurry:
            time.sleep(0.05)  # its last step waits until it may hurry, or is to stop
            continue
        step += 1
        time.sleep(0 if hurry else 0.2)
        callback.on_metrics([MetricRow(step, step / 10, step * 0.1, {"loss": loss(step)})])
        callback.on_progress(Progress(step, total, step / 10, 100.0, (total - step) * 0.1, "training"))
        if step % KEPT_EVERY == 0:
            write_json(folder / "checkpoints" / f"step-{step:08d}.pt", step)
    write_json(folder / "checkpoints" / f"step-{step:08d}.pt", step)
    return Summary(
        step < total, step, step / 10, step * 0.1, 100.0, loss(step), None, None, None, 0.9, 0.9, 20, 0.1, 10, 5
    )
