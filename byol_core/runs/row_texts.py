"""What a row says to people: its message, phase and alarm, in English, and in ``said`` how each of them was made.

What is in ``said`` and does not fit the English beside it any more counts for nothing, so that whoever empties a text
need not think of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from byol_core.messages import decode, encode
from byol_core.runs.schema import runs
from byol_core.system.text import storable

NAMES = ("message", "phase", "alarm")


def columns(before: str | None = None, **texts: str | None) -> dict[str, str | None]:
    """The values of the columns that say so; ``before``: what ``said`` holds of the other texts."""
    english = {name: None if text is None else storable(text) for name, text in texts.items()}
    made = {name: encode(text) for name, text in texts.items() if text is not None}
    if not any(made.values()):
        return english
    return english | {"said": json.dumps(_loaded(before) | made)}


def changed(connection: Connection, run_id: str, **texts: str | None) -> dict[str, str | None]:
    """The values of the columns of a row that goes on saying the rest; nobody else writes it meanwhile."""
    if not any(text and encode(text) for text in texts.values()):
        return columns(None, **texts)
    before = connection.scalar(select(runs.c.said).where(runs.c.run_id == run_id).with_for_update())
    return columns(before, **texts)


def texts(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The texts of a row as they were said; plain English in a row of an earlier release."""
    made = _loaded(row["said"])
    return {name: row[name] and decode(row[name], made.get(name)) for name in NAMES}


def kept(texts: Mapping[str, str | None]) -> dict[str, Any]:
    """How these texts were made, for whoever takes them out of the store."""
    return {name: made for name, text in texts.items() if text and (made := encode(text))}


def _loaded(said: str | None) -> dict[str, Any]:
    try:
        found = json.loads(said or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
