"""What a run looks like from outside, and which changes of state there are."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byol_core.messages import Message

LIVE = ("starting", "running")
RESUMABLE = ("stopped", "failed", "interrupted")
STATES = ("queued", *LIVE, "finished", *RESUMABLE)

# From a state to those that may follow it; everything else is refused.
TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    "queued": ("starting", "stopped", "failed"),
    "starting": ("running", "stopped", "failed", "interrupted"),
    "running": ("finished", "stopped", "failed", "interrupted"),
    "stopped": ("queued",),
    "failed": ("queued",),
    "interrupted": ("queued",),
    "finished": (),
}
NEVER_STARTED = Message("Stopped before it started.")
# The states in words, as parts of a sentence.
IN_WORDS: Mapping[str, Message] = {
    "queued": Message("queued"),
    "starting": Message("starting"),
    "running": Message("running"),
    "finished": Message("finished"),
    "stopped": Message("stopped"),
    "failed": Message("failed"),
    "interrupted": Message("interrupted"),
}


@dataclass(frozen=True)
class Run:
    """One row of the store. Times are unix seconds; ``message`` says why a run waits, failed or was interrupted.

    ``message``, ``phase`` and ``alarm`` are texts that can be said in another language, see :mod:`byol_core.messages`.
    """

    run_id: str
    name: str
    state: str
    config: dict[str, Any]
    preset: str | None
    created: float
    started: float | None
    ended: float | None
    pid: int | None
    pid_created: float | None
    attempt: int
    heartbeat: float | None
    stop_requested: bool
    position: int
    step: int
    total_steps: int
    epoch: float
    images_per_second: float
    seconds_left: float | None
    phase: str
    message: str
    summary: dict[str, Any]
    folder: Path
    stop_requested_at: float | None = None
    device: str = ""
    host: str = ""
    demo: bool = False
    alarm: str | None = None  # what is unhealthy, with the likely cause
    priority: int = 0  # the higher, the earlier it starts
    tags: tuple[str, ...] = ()
    notes: str = ""
    archived: float | None = None  # when it was put out of sight
    deleted: float | None = None  # when it was thrown into the trash
    group: str = ""  # the sweep that it belongs to
    slowed_by: str = ""  # a code: "processor" while other programs take their share of it
    alarm_kind: str = ""  # the code of the alarm, an AlarmKind; empty without one, and in runs of earlier releases
    alarm_space: str = ""  # the code of the vectors that the alarm is about; empty where it is about none

    @property
    def live(self) -> bool:
        """Whether a process works on it."""
        return self.state in LIVE

    @property
    def state_in_words(self) -> str:
        """The state as part of a sentence."""
        return IN_WORDS.get(self.state, self.state)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``, in English."""
        plain: dict[str, Any] = finite({**dataclasses.asdict(self), "folder": str(self.folder)})
        return plain


def finite(value: Any) -> Any:
    """The same value with NaN and infinities as None, because JSON has no word for them, and with plain texts."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
