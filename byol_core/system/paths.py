"""Where files are: the home of the runs, the cache, and the files that ship with the package."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def home() -> Path:
    """The folder with the store and the runs: ``$BYOL_LAB_HOME``, else ``./byol_runs``. It may not exist yet."""
    return expand(os.environ.get("BYOL_LAB_HOME") or "byol_runs").resolve()


def cache() -> Path:
    """The folder for decoded sets: ``$BYOL_LAB_CACHE``, else ``cache`` in the home. It may not exist yet."""
    chosen = os.environ.get("BYOL_LAB_CACHE")
    return expand(chosen).resolve() if chosen else home() / "cache"


def expand(text: str) -> Path:
    """The path with ``~`` replaced by the home directory; unchanged if that user does not exist."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def bundled(relative: str) -> Path:
    """A file or folder that ships with the package (``assets/eurosat``, ``app``), in a wheel or in a clone."""
    inside_wheel = _PACKAGE / "_bundle" / relative
    return inside_wheel if inside_wheel.exists() else _PACKAGE.parent / relative
