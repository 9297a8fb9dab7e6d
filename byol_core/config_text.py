"""Settings as people write them: YAML or JSON files, and ``key=value`` on the command line or in an address."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from byol_core.errors import InputError

# What PyYAML raises for text that is no YAML, for a date such as 2024-13-45, for odd tags and for endless nesting.
UNREADABLE = (yaml.YAMLError, ValueError, AttributeError, TypeError, RecursionError)


def read_file(path: Path) -> dict[str, Any]:
    """A YAML or JSON file of settings; InputError when it is missing or not a mapping."""
    tree = _read(path)
    if tree is not None and not isinstance(tree, dict):
        raise InputError(f"The configuration file '{path}' should hold settings as 'key: value'.")
    return tree or {}


def read_list(path: Path) -> list[dict[str, Any]]:
    """A YAML or JSON file with a list of settings, one mapping a run; InputError when it is anything else."""
    items = plain(_read(path))
    if not (isinstance(items, list) and items and all(isinstance(item, dict) for item in items)):
        raise InputError(f"The file '{path}' should hold a list of settings, each as '- key: value'.")
    return items


def plain(value: Any) -> Any:
    """The value as JSON knows it: YAML has dates, sets and knots, a configuration has none. None when it is a knot."""
    try:
        return json.loads(json.dumps(value, default=str))
    except (TypeError, ValueError, RecursionError):
        return None


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"The configuration file '{path}' cannot be read.") from None
    except UNREADABLE:
        raise InputError(f"The configuration file '{path}' is not valid YAML or JSON.") from None


def parse_assignments(items: Iterable[str]) -> dict[str, Any]:
    """``["views.strength=0.6"]`` -> ``{"views.strength": 0.6}``; values are read as YAML."""
    result: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"'--set {item}' should have the form key=value, for example views.strength=0.6.")
        try:
            result[key.strip()] = yaml.safe_load(value)
        except UNREADABLE:
            raise InputError(f"The value of '--set {item}' cannot be read.") from None
    return result
