"""The environment variables of processes that this one starts."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]  # the folder that contains the package, in a clone and when installed


def child_environment(home: Path | None = None, **more: str) -> dict[str, str]:
    """This environment with ``more`` and, if given, the home; the package can be imported in it, also from a clone."""
    # A child does not inherit ``sys.path``: in a clone that is not installed, only PYTHONPATH leads to the package.
    search = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    place = {"BYOL_LAB_HOME": str(home)} if home else {}
    return {**os.environ, **place, "PYTHONPATH": os.pathsep.join(dict.fromkeys(search)), **more}
