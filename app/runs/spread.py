"""Whose spread the page of a run shows: its tile, its curve and its alarm speak of the same vectors."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress

from app.shared import formatting, state
from byol_core.config import build, presets
from byol_core.errors import InputError
from byol_core.health import signs
from byol_core.runs.run import Run

KEYS = {space: signs.SIGNS["std_ratio"].key_of(space) for space in signs.SPACES}


def space(run: Run) -> str:
    """Those that its alarm is about; in a lesson on collapse the projection, and else the representation."""
    if run.alarm and not formatting.is_stall(run.alarm) and (fallen := _fallen(run)):
        return fallen[0]
    preset = presets.PRESETS.get(run.preset or "")
    return "projection" if preset and preset.twin else "representation"


def key(run: Run, known: Container[str]) -> str:
    """The name of its curve; where it is not among the known ones, that of the representation."""
    wanted = KEYS[space(run)]
    return wanted if wanted in known else KEYS["representation"]


def _fallen(run: Run) -> tuple[str, ...]:
    curves = state.store().curves(run.run_id, dict.fromkeys(KEYS.values(), -1))
    first, last = ({name: points[at][3] for name, points in curves.items() if points} for at in (0, -1))
    with suppress(InputError):  # settings of another release
        return signs.fallen(last, first, build(run.config))
    return ()
