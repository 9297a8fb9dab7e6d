"""What a kind of job is. Each kind is one constant in the module of its domain; this package knows none by name.

A handler is ``def answer(folder: Path, task: dict, arrays: dict, job: JobContext) -> Result``. It checks its task,
since that comes from a file, raises InputError or LabError with a sentence for people, and calls ``job.progress`` now
and then, which raises StopAsked when nobody waits any more.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast, get_args

from byol_core.errors import InputError

# What a page waits for must not wait behind what takes minutes: each lane has a process of its own.
Lane = Literal["interactive", "batch"]
LANES: tuple[Lane, ...] = get_args(Lane)
# Whatever a file says, nothing but this package is ever imported.
_HANDLER = re.compile(r"byol_core(\.\w+)+:\w+")


class Result(Protocol):
    """What a handler gives back."""

    def keep(self, path: Path) -> None:
        """Write it whole; ``path`` is where :func:`byol_core.jobs.result` looks for arrays."""


Handler = Callable[..., Result]


@dataclass(frozen=True)
class JobKind:
    """``name`` is what it is called on disk, ``handler`` is ``module:function``, imported where the work is done.

    ``lane``: None for a process of its own, which starts at once and may die without harm to others. ``rank``: a higher
    one waits for all lower ones, whenever they were asked. ``latest_first``: for whoever drags a slider and asks again
    and again: the newest goes first, and what was not asked again for a minute is dropped. ``niceness``: how far it
    steps back while other programs want the processor. ``done``: for results that do not lie beside their request, the
    place of ``def done(folder: Path, task: dict) -> bool``, which says whether one is there.
    """

    name: str
    handler: str
    lane: Lane | None = "interactive"
    rank: int = 0
    latest_first: bool = False
    niceness: int = 5
    done: str = ""

    def is_done(self, folder: Path, task: Mapping[str, Any]) -> bool:
        """Whether the result lies where ``done`` looks for it."""
        return bool(self.done) and bool(_find(self.done)(folder, dict(task)))


def find_handler(place: str) -> Handler:
    """The handler at ``module:function`` of this package; InputError when there is none."""
    return cast(Handler, _find(place))


def _find(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    try:
        if not _HANDLER.fullmatch(place):
            raise ImportError(place)
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise InputError("Nobody answers jobs of the kind '{kind}'; restart the dashboard.", kind=place[:60]) from None
    return found
