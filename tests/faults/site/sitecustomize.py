"""Real processes that count instead of training, by a clock that the test sets: Python imports this when it starts."""

from __future__ import annotations

import os
import sys
import time
import types
from pathlib import Path

if clock := os.environ.get("FAULTS_CLOCK"):
    _true = time.time

    def _shifted() -> float:
        with Path(clock).open() as file:
            return _true() + float(file.read() or 0)

    time.time = _shifted

if "FAULTS_COUNT" in os.environ:
    _module = types.ModuleType("byol_core.training.trainer")

    def _train(*arguments: object, **options: object) -> object:
        from counting import train

        return train(*arguments, **options)

    _module.train = _train
    sys.modules["byol_core.training.trainer"] = _module
