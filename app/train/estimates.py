"""How long a run will take on this machine: a short calibration in a process of its own, one at a time, remembered."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.shared import access, state
from app.shared.language import N_
from byol_core import jobs
from byol_core.config import RunConfig
from byol_core.jobs import Answer, Job, own_process, queue, service
from byol_core.training.jobs import ESTIMATE, PATIENCE_SECONDS

_TOO_LONG = N_("The calibration took too long, so there is no estimate.")
_NO_NUMBERS = N_("The calibration gave no numbers, so there is no estimate.")
# Settings that change neither the work of a step nor the number of steps.
_FREE = ("seed", "method.tau_base", "method.tau_schedule", "optimizer.lr", "optimizer.weight_decay")


@dataclass(frozen=True)
class Estimate:
    """What the calibration measured: for the whole run, from start to end."""

    images_per_second: float
    seconds: float
    images: int | None  # to train on, as far as is known, before a limit; None when nobody knows


def fingerprint(config: RunConfig) -> str:
    """What the time depends on."""
    return json.dumps({key: value for key, value in config.flat().items() if key not in _FREE}, sort_keys=True)


def _key(config: RunConfig) -> str:
    return hashlib.sha256(fingerprint(config).encode()).hexdigest()[:24]


class Estimates:
    """The calibrations of this server: the newest question stops the one before it. They lie in a folder of the home,
    and are forgotten when the server starts: another day, another load."""

    def __init__(self, home: Path) -> None:
        self._folder = home / service.FOLDER / ESTIMATE.name
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock = threading.Lock()
        self._asked: str | None = None
        self._until = 0.0
        self._late: str | None = None  # the last one that took too long

    def answer(self, config: RunConfig) -> Estimate | str | None:
        """The estimate, a sentence about why there is none, or None when nobody asked yet."""
        key = _key(config)
        found = self._look(key)
        if found.state == "ready":
            return _read(jobs.result(self._folder, key))
        return found.message if found.state == "failed" else None

    def pending(self, config: RunConfig) -> bool:
        """Whether the calibration of this configuration is going on."""
        return self._look(_key(config)).state == "running"

    def _look(self, key: str) -> Job:
        found = jobs.job(self._folder, key)
        if found.state == "running" and key == self._asked and time.monotonic() > self._until:
            self.stop()
            self._late = key
        return Job("failed", message=_TOO_LONG) if key == self._late else found

    def ask(self, config: RunConfig, images: int | None) -> None:
        """Start the calibration in the background, for a set of so many training images; for a teacher."""
        access.require("measure how long a run takes")
        key = _key(config)
        with self._lock:
            if self._asked == key and self.pending(config):
                return
            self.stop()
            self._late = None
            with queue.writing(self._folder):
                self._folder.mkdir(parents=True, exist_ok=True)
            self._asked, self._until = key, time.monotonic() + PATIENCE_SECONDS
            task = {"config": config.model_dump(mode="json"), "images": images}
            own_process.start(ESTIMATE, self._folder, key, task)

    def stop(self) -> None:
        """End the calibration that goes on, if any."""
        if self._asked is not None:
            jobs.withdraw(self._folder, self._asked)
        self._asked = None


def _read(found: Answer | None) -> Estimate | str:
    try:
        about = {} if found is None else found.about
        return Estimate(float(about["images_per_second"]), float(about["seconds"]), about["images"])
    except (KeyError, TypeError, ValueError):
        return _NO_NUMBERS


@st.cache_resource(show_spinner=False)
def estimates() -> Estimates:
    """The calibrations that all viewers share."""
    return Estimates(state.store().home)
