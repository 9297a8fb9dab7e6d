"""What a run is called when nobody gave it a name: its preset, and what is set otherwise than there. Knows no torch."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection

from byol_core.config import RunConfig, presets
from byol_core.runs import queries
from byol_core.system import paths

MOST = 3  # settings in a name
_LONGEST = 30  # characters of one value
_HOW = ("runtime.", "fit")  # on what a run is trained and what may fit itself to the images, not what was chosen


def free(connection: Connection, config: RunConfig, preset: str | None) -> str:
    """``PRESET stop_gradient=false`` for a run that differs from its preset there, not yet taken.

    ``PRESET-1`` where it differs in nothing, or in more than a name can say.
    """
    changes = differences(config, preset)
    if not 0 < len(changes) <= MOST:
        return queries.free_name(connection, preset or "run")
    name = f"{preset} {said(changes)}"[: queries.LONGEST_NAME - 8].rstrip()
    taken = queries.names_like(connection, name)
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return next(one for one in itertools.chain((name,), numbered) if one not in taken)


def differences(config: RunConfig, preset: str | None) -> dict[str, Any]:
    """The settings by dotted key that are not those of the preset, without those of the machine."""
    if preset is None or preset not in presets.PRESETS:
        return {}
    usual = presets.get(preset).config().flat()
    return {key: value for key, value in config.flat().items() if value != usual[key] and not key.startswith(_HOW)}


def said(changes: Mapping[str, Any]) -> str:
    """``lr=0.3 seed=1``; of a path its last part."""
    short = short_keys(set(changes))
    return " ".join(f"{short[key]}={_value(key, value)}" for key, value in changes.items())


def _value(key: str, value: Any) -> str:
    text = text_of(value)
    text = PurePath(paths.unquoted(text).replace("\\", "/")).name if key == "data.source" else text
    text = "".join(letter for letter in text if not unicodedata.category(letter).startswith("C"))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def short_keys(keys: set[str]) -> dict[str, str]:
    """Each key by its last part, where no other key ends like it."""
    ends = {key: key.rsplit(".", 1)[-1] for key in keys}
    return {key: end if list(ends.values()).count(end) == 1 else key for key, end in ends.items()}


def text_of(value: Any) -> str:
    """A value as it stands in a name or a command."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)
