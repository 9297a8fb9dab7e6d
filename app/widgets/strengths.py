"""Strengths of operations as a browser or an address says them: anybody can send anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def strength(value: object) -> float | None:
    """A strength from 0 to 2; None for what is none."""
    try:
        number = float(value) if isinstance(value, int | float | str) else -1.0
    except (ValueError, OverflowError):
        return None
    return round(number, 2) if 0.0 <= number <= 2.0 else None


def strengths(values: Mapping[str, object], names: Sequence[str]) -> dict[str, float] | None:
    """Those of all names; None where one is missing or none."""
    read = {name: strength(values.get(name)) for name in names}
    known = {name: value for name, value in read.items() if value is not None}
    return known if len(known) == len(names) else None
