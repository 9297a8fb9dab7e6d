"""Where things lie: the home of the runs, and the files that travel with the package."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def home() -> Path:
    """The folder of the store and the runs: ``$BYOL_LAB_HOME``, else ``./byol_runs``. It need not exist yet."""
    return expand(os.environ.get("BYOL_LAB_HOME") or "byol_runs").resolve()


def cache() -> Path:
    """The folder of decoded sets: ``$BYOL_LAB_CACHE``, else ``cache`` inside the home. It need not exist yet."""
    chosen = os.environ.get("BYOL_LAB_CACHE")
    return expand(chosen).resolve() if chosen else home() / "cache"


def expand(text: str) -> Path:
    """The path with ``~`` replaced; as it is written when nobody of that name has a home here."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def bundled(relative: str) -> Path:
    """A file or folder that ships with the lab (``assets/eurosat``, ``app``), from a wheel or from a clone."""
    inside_wheel = _PACKAGE / "_bundle" / relative
    return inside_wheel if inside_wheel.exists() else _PACKAGE.parent / relative
