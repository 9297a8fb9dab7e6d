"""How long a run will take on this machine: a short calibration in a process of its own, one at a time, remembered."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.shared import access
from byol_core.config import RunConfig
from byol_core.system.environment import child_environment

# A calibration takes seconds; one that takes minutes is stuck, or downloads.
PATIENCE_SECONDS = 180
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


class Estimates:
    """The calibrations of this server: the newest question stops the one before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Estimate | str] = {}
        self._asked: str | None = None
        self._process: subprocess.Popen[str] | None = None

    def answer(self, config: RunConfig) -> Estimate | str | None:
        """The estimate, a sentence about why there is none, or None when nobody asked yet."""
        return self._answers.get(fingerprint(config))

    def pending(self, config: RunConfig) -> bool:
        """Whether the calibration of this configuration is going on."""
        return self._asked == fingerprint(config)

    def ask(self, config: RunConfig, images: int | None) -> None:
        """Start the calibration in the background, for a set of so many training images; for a teacher."""
        access.require("measure how long a run takes")
        key = fingerprint(config)
        with self._lock:
            if self._asked == key:
                return
            self.stop()
            self._asked = key
            self._answers.pop(key, None)
            self._process = process = _start(images)
        threading.Thread(target=self._wait, args=(key, config, images, process), name="estimate", daemon=True).start()

    def stop(self) -> None:
        """End the calibration that goes on, if any."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self._asked = None

    def _wait(self, key: str, config: RunConfig, images: int | None, process: subprocess.Popen[str]) -> None:
        try:
            output, complaint = process.communicate(json.dumps(config.model_dump(mode="json")), PATIENCE_SECONDS)
            answer = _read(output, images) if process.returncode == 0 else _last_line(complaint)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            answer = "The calibration took too long, so there is no estimate."
        with self._lock:
            if self._asked == key:
                self._answers[key] = answer
                self._asked = None


def _start(images: int | None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "byol_core.training.time_estimate", *(["--images", str(images)] if images else [])],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _read(output: str, images: int | None) -> Estimate | str:
    try:
        found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return Estimate(float(found["images_per_second"]), float(found["seconds"]), images)
    except (IndexError, KeyError, TypeError, ValueError):
        return "The calibration gave no numbers, so there is no estimate."


def _last_line(complaint: str) -> str:
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return lines[-1] if lines else "The calibration failed, so there is no estimate."


@st.cache_resource(show_spinner=False)
def estimates() -> Estimates:
    """The calibrations that all viewers share."""
    return Estimates()
