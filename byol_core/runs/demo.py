"""The finished demo run that ships with the lab, brought into a home once."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from byol_core.errors import InputError, LabError
from byol_core.events import MetricRow
from byol_core.runs import metrics, queries
from byol_core.runs.schema import attempts, facts, runs
from byol_core.system import paths
from byol_core.system.files import write_json

if TYPE_CHECKING:
    from byol_core.runs.run import Run
    from byol_core.runs.store import RunStore

SOURCE = "assets/byol-tiny"
RUN_ID = "byol-tiny"
# Set once the demo is in, and never taken back: whoever deletes the demo does not want it again.
_FACT = "demo"


def ensure(store: RunStore) -> Run | None:
    """Copy the demo's folder into the home and write its rows, unless that was ever done.

    None when it cannot be copied or read, because the lab works without it; LabError when the store cannot be used.
    """
    source = paths.bundled(SOURCE)
    if store.fact(_FACT) is not None or not (source / "run.json").is_file():
        return None
    arriving = store.home / f".arriving-{os.urandom(4).hex()}"
    try:
        shutil.copytree(source, arriving)
        return _enter(store, arriving)
    except (OSError, ValueError):
        return None
    except LabError as error:
        if isinstance(error.__cause__, IntegrityError):  # another process was faster
            return None
        raise
    finally:
        shutil.rmtree(arriving, ignore_errors=True)


def _enter(store: RunStore, arriving: Path) -> Run:
    about = _read(arriving / "run.json")
    logged = [MetricRow(**row) for row in _read(arriving / "metrics.json")]
    with store.writing() as connection:
        connection.execute(facts.insert().values(key=_FACT, value=RUN_ID))
        connection.execute(runs.insert().values(**_values(about, _read(arriving / "config.json"), logged)))
        connection.execute(attempts.insert().values(run_id=RUN_ID, attempt=1, start_step=-1))
        metrics.add(connection, RUN_ID, 1, logged)
        target = store.home / RUN_ID
        shutil.rmtree(target, ignore_errors=True)
        arriving.rename(target)
        return queries.one(connection, RUN_ID, store.home)


def _values(about: dict[str, Any], config: Any, logged: list[MetricRow]) -> dict[str, Any]:
    summary = about.get("summary", {})
    last = logged[-1] if logged else MetricRow(0, 0.0, 0.0, {})
    ended = about.get("ended") or about.get("created") or time.time()
    started = ended - float(summary.get("seconds") or last.seconds)
    steps = int(summary.get("steps") or last.step)
    return {
        "run_id": RUN_ID,
        "name": about.get("name", RUN_ID),
        "state": about.get("state", "finished"),
        "preset": about.get("preset"),
        "config": json.dumps(config),
        "summary": json.dumps(summary),
        "demo": True,
        "created": about.get("created") or started,
        "started": started,
        "ended": ended,
        "position": 0,
        "attempt": 1,
        "step": steps,
        "total_steps": steps,
        "epoch": float(summary.get("epochs") or last.epoch),
        "images_per_second": float(summary.get("images_per_second") or 0.0),
    }


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


_LOOK_SECONDS = 0.5
_POINTS = 400  # of each curve: enough for a chart, and the file stays small
_PARTS = ("config.json", "encoder.safetensors", "summary.json", "embeddings")


def pack(store: RunStore, ref: str, folder: Path) -> None:
    """Write a finished run as the demo: its settings, numbers, thinned curves, encoder, embeddings and their maps."""
    run = store.get(ref)
    if run.state != "finished":
        raise InputError(
            "Run '{name}' is {state}; only a finished run can be the demo.", name=run.name, state=run.state_in_words
        )
    folder.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        source, target = run.folder / part, folder / part
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("maps"))
        else:
            shutil.copyfile(source, target)
    about = {key: getattr(run, key) for key in ("state", "preset", "summary", "created", "ended")}
    write_json(folder / "run.json", {"name": RUN_ID, **about})
    write_json(folder / "metrics.json", _curves(store, run.run_id))
    film(store.home, folder / "embeddings")


def film(home: Path, folder: Path, method: str = "UMAP") -> None:
    """Have the maps made that the page shows first, by the job process of ``home``; LabError when one cannot be."""
    from byol_core import embeddings

    snapshot, settings = embeddings.read_snapshot(folder), embeddings.MapSettings(method)
    newest = snapshot.evaluations[-1].step
    while True:
        found = embeddings.film(home, snapshot, embeddings.SPACES[0], settings, first=newest, whole=True)
        if found.job.state == "ready":
            return
        if found.job.state == "failed":
            raise LabError(found.job.message)
        time.sleep(_LOOK_SECONDS)


def _curves(store: RunStore, run_id: str) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for key in store.metric_keys(run_id):
        for step, epoch, seconds, value in store.series(run_id, key, max_points=_POINTS):
            row = rows.setdefault(step, {"step": step, "epoch": epoch, "seconds": seconds, "values": {}})
            row["values"][key] = value
    return [rows[step] for step in sorted(rows)]


if __name__ == "__main__":  # python -m byol_core.runs.demo RUN FOLDER
    import sys

    from byol_core.runs.store import RunStore

    pack(RunStore(), sys.argv[1], Path(sys.argv[2]))
