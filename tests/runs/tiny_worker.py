"""A worker process whose training is counting: it logs, writes checkpoints, stops and resumes, and needs no torch."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from byol_core.config import RunConfig
from byol_core.events import MetricRow, Progress, Summary, TrainingCallback
from byol_core.runs import folder as run_folder
from byol_core.runs import worker


def train(config: RunConfig, folder: Path, callback: TrainingCallback, *, resume: bool = False) -> Summary:
    step = (run_folder.checkpoint_step(folder) or 0) if resume else 0
    total = config.steps or 20
    deaf = os.environ.get("TINY") == "deaf"
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while step < total and (deaf or not callback.should_stop()):
        step += 1
        time.sleep(float(os.environ.get("TINY_SECONDS", "0.01")))
        callback.on_metrics([MetricRow(step, step / 10, step * 0.1, {"loss": 1 / step})])
        callback.on_progress(Progress(step, total, step / 10, 100.0, (total - step) * 0.1, "training"))
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / f"step-{step:08d}.pt").write_bytes(b"")
    stopped, loss = step < total, 1 / step
    return Summary(stopped, step, step / 10, step * 0.1, 100.0, loss, None, None, None, 0.9, 0.9, 20, 0.1, 10, 5)


if __name__ == "__main__":
    raise SystemExit(worker.main(train=train))
