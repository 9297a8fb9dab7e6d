"""Maps that take longer than a page may: made by a process of their own, kept under a hash of what they are made of.

``embeddings/maps/`` holds for each key ``<key>.safetensors`` (xy, n by 2), while it is being made ``<key>.json`` (who
works on it and how far it is), and ``<key>.log``. The process is new, never a fork: numba hangs in forked ones.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock

from byol_core import background, processes
from byol_core.embed.maps import UmapSettings
from byol_core.embed.probe import MAPS, Evaluation, Matrix, Probe
from byol_core.errors import LabError
from byol_core.files import is_disk_full, write_atomic

# Part of every key: raised when the same settings would give another map.
VERSION = "umap-1"


@dataclass(frozen=True)
class MapJob:
    """How far a map is: ``share`` of the work (0 to 1) is done, ``message`` says what goes on or went wrong."""

    state: Literal["absent", "running", "ready", "failed"]
    share: float = 0.0
    message: str = ""


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

    path = _path(probe, key, "safetensors")
    path.parent.mkdir(exist_ok=True)
    write_atomic(path, save({"xy": np.ascontiguousarray(xy)}), make_folder=False)  # a deleted run stays deleted
    _path(probe, key, "json").unlink(missing_ok=True)


def job(probe: Probe, key: str) -> MapJob:
    """Where the map of that key stands."""
    if load_map(probe, key) is not None:
        return MapJob("ready", 1.0)
    status = background.read(_path(probe, key, "json"))
    if status is None:
        return MapJob("absent")
    if status.failed:
        return MapJob("failed", status.share, status.message)
    if not status.alive:
        # It may have finished between the two looks.
        if load_map(probe, key) is not None:
            return MapJob("ready", 1.0)
        return MapJob("failed", message=_ended(probe))
    return MapJob("running", status.share, status.message)


def _ended(probe: Probe) -> str:
    """Why a process left no map: on a full disk it could not even say so."""
    if background.is_full(probe.folder):
        return background.full(probe.folder)
    return "The computation ended without a map; try again."


def start(probe: Probe, evaluation: Evaluation, space: str, settings: UmapSettings, key: str) -> MapJob:
    """Start the process that makes this map, unless it is there already or another map of this run is being made."""
    folder = probe.folder.resolve()
    # One thread: training may go on beside it.
    environment = background.environment(OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")
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
                "byol_core.embed", *arguments, log=_path(probe, key, "log"), environment=environment, cwd=folder
            )
            try:
                background.announce(_path(probe, key, "json"), process.pid)
            except OSError:  # nobody could see that it is there
                process.kill()
                process.wait()
                raise
            return job(probe, key)
    except OSError as error:
        if is_disk_full(error):
            raise LabError(background.full(probe.folder)) from None
        raise LabError(f"The map cannot be computed: '{folder}' cannot be written ({error.strerror}).") from None


def _others(probe: Probe, key: str) -> bool:
    """Whether a process makes another map of this run: whoever drags a slider should not start ten."""
    keys = (path.stem for path in (probe.folder / MAPS).glob("*.json"))
    return any(job(probe, other).state == "running" for other in keys if other != key)


class Reporter(background.Reporter):
    """What the process that makes a map says about itself."""

    def __init__(self, probe: Probe, key: str) -> None:
        super().__init__(_path(probe, key, "json"))
        with suppress(OSError):  # the run may have been deleted
            self.file.parent.mkdir(exist_ok=True)


def lock_path(probe: Probe, key: str) -> Path:
    """Held by the process that makes the map of that key."""
    return _path(probe, key, "lock")


def _path(probe: Probe, key: str, kind: str) -> Path:
    return probe.folder / MAPS / f"{key}.{kind}"
