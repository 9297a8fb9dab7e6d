"""Numbers and sizes as text for people."""

from __future__ import annotations

from typing import Any


def file_size(bytes_: int) -> str:
    """A size in bytes as text, such as ``12.3 MB``; small sizes are never shown as ``0.0 MB``."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if bytes_ >= scale:
            return f"{bytes_ / scale:.1f} {unit}"
    return f"{bytes_} B"


def number(value: Any) -> str:
    """A value with a few significant digits."""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
