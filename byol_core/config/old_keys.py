"""The keys that some settings had before they were spelled as in torch.

Runs, YAML files and links from before the change still hold them, and they are read as what they are called now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RENAMED = {"optimiser": "optimizer", "greyscale": "grayscale", "solarise": "solarize"}


def current(dotted: str) -> str:
    """A dotted key as it is called now: ``optimiser.lr`` -> ``optimizer.lr``."""
    return ".".join(RENAMED.get(part, part) for part in dotted.split("."))


def renamed(section: Mapping[str, Any]) -> dict[str, Any]:
    """One section under its current keys. Where both spellings are given, the old one stays, and is refused."""
    return {key if RENAMED.get(key, key) in section else RENAMED.get(key, key): value for key, value in section.items()}


def tree(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A tree of settings under its current keys."""
    return {key: tree(value) if isinstance(value, Mapping) else value for key, value in renamed(settings).items()}
