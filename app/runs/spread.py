"""Whose spread the page of a run shows: its tile, its curve and its alarm speak of the same vectors."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress

from app.shared import state
from byol_core.config import build, presets
from byol_core.errors import InputError
from byol_core.events import Alarm
from byol_core.health import signs
from byol_core.runs.run import Run

KEYS = {space: signs.SIGNS["std_ratio"].key_of(space) for space in signs.SPACES}


def about(run: Run) -> tuple[str, str]:
    """The codes of its alarm: what it is, and of which vectors; of a run of an earlier release, which kept the sentence
    alone, as its curves have it."""
    if not run.alarm or run.alarm_kind:
        return run.alarm_kind, run.alarm_space
    found = _measured(run)
    return (found.kind, found.space) if found else ("", "")


def space(run: Run) -> str:
    """Those that its alarm is about; in a lesson on collapse the projection, and else the representation."""
    if (fallen := about(run)[1]) in KEYS:
        return fallen
    preset = presets.PRESETS.get(run.preset or "")
    return "projection" if preset and preset.twin else "representation"


def key(run: Run, known: Container[str]) -> str:
    """The name of its curve; where it is not among the known ones, that of the representation."""
    wanted = KEYS[space(run)]
    return wanted if wanted in known else KEYS["representation"]


def _measured(run: Run) -> Alarm | None:
    curves = state.store().curves(run.run_id, dict.fromkeys(KEYS.values(), -1))
    first, last = ({name: points[at][3] for name, points in curves.items() if points} for at in (0, -1))
    with suppress(InputError):  # settings of another release
        return signs.verdict(last, first, build(run.config))
    return None
