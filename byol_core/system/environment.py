"""The environment of the processes that this one starts."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]  # where the package lies, in a clone as when it is installed


def child_environment(home: Path | None = None, **more: str) -> dict[str, str]:
    """This environment and ``more``, with the package importable also from a clone, and the home if one is given."""
    search = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    place = {"BYOL_LAB_HOME": str(home)} if home else {}
    return {**os.environ, **place, "PYTHONPATH": os.pathsep.join(dict.fromkeys(search)), **more}
