"""The keys that some settings had before they were spelled as in torch.

Older runs, YAML files and links still contain them; they are read as the current keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RENAMED = {"optimiser": "optimizer", "greyscale": "grayscale", "solarise": "solarize"}


def current(dotted: str) -> str:
    """The current form of a dotted key: ``optimiser.lr`` -> ``optimizer.lr``."""
    return ".".join(RENAMED.get(part, part) for part in dotted.split("."))


def renamed(section: Mapping[str, Any]) -> dict[str, Any]:
    """One section with current keys. If both spellings are given, the old one stays, and validation rejects it."""
    return {key if RENAMED.get(key, key) in section else RENAMED.get(key, key): value for key, value in section.items()}


def spelled(section: Mapping[str, Any], key: str) -> str:
    """The key as a section has it, which may be the old one; the current one if it has neither."""
    return next((name for name in section if RENAMED.get(name, name) == key), key)


def tree(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A tree of settings with current keys."""
    return {key: tree(value) if isinstance(value, Mapping) else value for key, value in renamed(settings).items()}
