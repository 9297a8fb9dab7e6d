"""Maps that take longer than a page may: made by a process of their own, kept under a hash of what they are made of.

``embeddings/maps/`` holds for each key ``<key>.safetensors`` (xy, n by 2), while it is being made ``<key>.json`` (who
works on it and how far it is), and ``<key>.log``. The process is new, never a fork: numba hangs in forked ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock
from pydantic import BaseModel, ValidationError

from byol_core import processes
from byol_core.embed.maps import UmapSettings
from byol_core.embed.probe import MAPS, Evaluation, Matrix, Probe
from byol_core.errors import LabError
from byol_core.files import is_disk_full, write_atomic

# Part of every key: raised when the same settings would give another map.
VERSION = "umap-1"
# A map and the word on it need less.
_LEAST_FREE_BYTES = 256 * 1024


@dataclass(frozen=True)
class MapJob:
    """How far a map is: ``share`` of the work (0 to 1) is done, ``message`` says what goes on or went wrong."""

    state: Literal["absent", "running", "ready", "failed"]
    share: float = 0.0
    message: str = ""


class _Status(BaseModel):
    pid: int
    created: float
    share: float = 0.0
    message: str = ""
    failed: bool = False


def map_key(vectors: Matrix, settings: UmapSettings) -> str:
    """A name for the map of these vectors (already at length one) with these settings."""
    digest = hashlib.sha256(f"{VERSION} {vectors.shape} {json.dumps(settings.as_dict())}".encode())
    digest.update(np.ascontiguousarray(vectors).tobytes())
    return digest.hexdigest()[:24]


def load_map(probe: Probe, key: str) -> Matrix | None:
    """The finished map of that key; None when there is none that can be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        xy: Matrix = load_file(_path(probe, key, "safetensors"))["xy"]
    except (OSError, SafetensorError, KeyError):
        return None
    return xy if xy.shape == (len(probe), 2) and np.isfinite(xy).all() else None


def save_map(probe: Probe, key: str, xy: Matrix) -> None:
    """Keep a map; the word on its progress is over with it."""
    from safetensors.numpy import save

    write_atomic(_path(probe, key, "safetensors"), save({"xy": np.ascontiguousarray(xy)}))
    _path(probe, key, "json").unlink(missing_ok=True)


def job(probe: Probe, key: str) -> MapJob:
    """Where the map of that key stands."""
    if load_map(probe, key) is not None:
        return MapJob("ready", 1.0)
    try:
        status = _Status.model_validate_json(_path(probe, key, "json").read_bytes())
    except FileNotFoundError:
        return MapJob("absent")
    except (OSError, ValidationError):
        return MapJob("failed", message="The progress of this map cannot be read; try again.")
    if status.failed:
        return MapJob("failed", status.share, status.message)
    if processes.find(status.pid, status.created) is None:
        # It may have finished between the two looks.
        if load_map(probe, key) is not None:
            return MapJob("ready", 1.0)
        return MapJob("failed", message=_ended(probe))
    return MapJob("running", status.share, status.message)


def _ended(probe: Probe) -> str:
    """Why a process left no map: on a full disk it could not even say so."""
    with suppress(OSError):
        if shutil.disk_usage(probe.folder).free < _LEAST_FREE_BYTES:
            return full(probe)
    return "The computation ended without a map; try again."


def full(probe: Probe) -> str:
    """The sentence for a disk without room for a map."""
    return f"The disk of '{probe.folder}' is full; free some space, then try again."


def start(probe: Probe, evaluation: Evaluation, space: str, settings: UmapSettings, key: str) -> MapJob:
    """Start the process that makes this map, unless it is there already or another map of this run is being made."""
    folder = probe.folder.resolve()
    arguments = [str(folder), str(evaluation.step), space]
    for name, value in settings.as_dict().items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    try:
        (folder / MAPS).mkdir(exist_ok=True)
        with FileLock(folder / MAPS / "start.lock"):  # several viewers may ask at once
            now = job(probe, key)
            if now.state in ("running", "ready"):
                return now
            if _others(probe, key):
                return MapJob("absent", message="Waiting for another map of this run")
            process = processes.start_detached(
                "byol_core.embed", *arguments, log=_path(probe, key, "log"), environment=_environment(), cwd=folder
            )
            try:
                _write(probe, key, *_identity(process.pid), 0.0, "Starting")
            except OSError:  # nobody could see that it is there
                process.kill()
                process.wait()
                raise
            return job(probe, key)
    except OSError as error:
        if is_disk_full(error):
            raise LabError(full(probe)) from None
        raise LabError(f"The map cannot be computed: '{folder}' cannot be written ({error.strerror}).") from None


def _others(probe: Probe, key: str) -> bool:
    """Whether a process makes another map of this run: whoever drags a slider should not start ten."""
    keys = (path.stem for path in (probe.folder / MAPS).glob("*.json"))
    return any(job(probe, other).state == "running" for other in keys if other != key)


class Reporter:
    """What the process that makes a map says about itself, at most twice a second."""

    def __init__(self, probe: Probe, key: str) -> None:
        self.probe, self.key = probe, key
        self.pid, self.created = processes.identity()
        self.said = 0.0

    def say(self, share: float, message: str, *, failed: bool = False) -> None:
        """Write how far it is; where that cannot be written, the map goes on and :func:`job` finds out."""
        if failed or time.monotonic() - self.said > 0.5:
            self.said = time.monotonic()
            with suppress(OSError):
                _write(self.probe, self.key, self.pid, self.created, share, message, failed)


def lock_path(probe: Probe, key: str) -> Path:
    """Held by the process that makes the map of that key."""
    return _path(probe, key, "lock")


def _path(probe: Probe, key: str, kind: str) -> Path:
    return probe.folder / MAPS / f"{key}.{kind}"


def _identity(pid: int) -> tuple[int, float]:
    import psutil

    try:
        return processes.identity(pid)
    except psutil.Error:
        return pid, 0.0  # it ended at once: nobody will be found under this identity


def _write(probe: Probe, key: str, pid: int, created: float, share: float, message: str, failed: bool = False) -> None:
    status = _Status(pid=pid, created=created, share=share, message=message, failed=failed)
    write_atomic(_path(probe, key, "json"), status.model_dump_json().encode())


def _environment() -> dict[str, str]:
    """This environment, with the package where it is here, and one thread: training may go on beside it."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
