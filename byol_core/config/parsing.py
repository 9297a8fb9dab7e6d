"""Reads settings that people write: YAML or JSON files, and ``key=value`` on the command line or in an address."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from byol_core.errors import InputError


class _Value(yaml.SafeLoader):
    """YAML for a single value, without aliases: nested ones make a short line expand to more than fits into memory."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a value that stands for another")
        return super().compose_node(parent, index)


def read_file(path: Path) -> dict[str, Any]:
    """Read a YAML or JSON file of settings; InputError if it is missing or not a mapping."""
    tree = _read(path)
    if tree is not None and not isinstance(tree, dict):
        raise InputError("The configuration file '{path}' should hold settings as 'key: value'.", path=path)
    return tree or {}


def read_list(path: Path) -> list[dict[str, Any]]:
    """Read a YAML or JSON file with a list of settings, one mapping per run; InputError if it is anything else."""
    items = _read(path)
    if not (isinstance(items, list) and items and all(isinstance(item, dict) for item in items)):
        raise InputError("The file '{path}' should hold a list of settings, each as '- key: value'.", path=path)
    return items


def _read(path: Path) -> Any:
    try:
        return _parsed(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except OSError:
        raise InputError("The configuration file '{path}' cannot be read.", path=path) from None
    except ValueError:
        raise InputError("The configuration file '{path}' is not valid YAML or JSON.", path=path) from None


def parse_value(text: str) -> Any:
    """Read a single value as YAML; ValueError if that is not possible."""
    return _parsed(text, _Value)


def _parsed(text: str, loader: type[yaml.SafeLoader]) -> Any:
    """Read YAML and convert it to plain JSON values, because YAML has dates and sets; ValueError if it cannot be read.

    The exception is caught broadly: PyYAML raises nearly anything, for a date such as 2024-13-45, for tags such as
    ``!!int ''`` and ``!!bool maybe``, and for endless nesting; and a value that contains itself is not JSON.
    """
    try:
        # ``default=str`` turns a date back into text, such as a run that is called 2024-01-31.
        return json.loads(json.dumps(yaml.load(text, loader), default=str))
    except Exception as error:
        raise ValueError(f"no YAML ({type(error).__name__})") from None


def parse_assignments(items: Iterable[str]) -> dict[str, Any]:
    """``["views.strength=0.6"]`` -> ``{"views.strength": 0.6}``; values are read as YAML."""
    result: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise InputError(
                "'--set {item}' should have the form key=value, for example views.strength=0.6.", item=item
            )
        try:
            result[key.strip()] = parse_value(value)
        except ValueError:
            raise InputError("The value of '--set {item}' cannot be read.", item=item) from None
    return result
