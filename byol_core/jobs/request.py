"""Where one question is worked on: its files in the folder that it is about. Knows no torch.

``KEY.request.json`` says what was asked and when, ``KEY.asked.safetensors`` holds its arrays, ``KEY.status.json`` how
far it is while somebody works on it, ``KEY.partial.safetensors`` what there is so far, ``KEY.safetensors`` the answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from byol_core.jobs import arrays as answer
from byol_core.jobs import status as background
from byol_core.jobs.arrays import Answer
from byol_core.jobs.status import Status
from byol_core.system.files import write_atomic


class Request(BaseModel):
    """A question that was asked: its kind, what it says, and when, in nanoseconds since 1970."""

    kind: str
    question: dict[str, Any]
    asked: int


@dataclass(frozen=True)
class Desk:
    """The files of one question."""

    folder: Path
    key: str

    @property
    def request(self) -> Path:
        """What was asked."""
        return self._path("request.json")

    @property
    def asked_arrays(self) -> Path:
        """The arrays of what was asked."""
        return self._path("asked.safetensors")

    @property
    def status(self) -> Path:
        """How far it is."""
        return self._path("status.json")

    @property
    def partial(self) -> Path:
        """What there is so far."""
        return self._path("partial.safetensors")

    @property
    def answer(self) -> Path:
        """The answer."""
        return self._path("safetensors")

    def _path(self, ending: str) -> Path:
        return self.folder / f"{self.key}.{ending}"

    def asked(self) -> Request | None:
        """The request; None when there is none that can be read."""
        try:
            return Request.model_validate_json(self.request.read_bytes())
        except (OSError, ValidationError):
            return None

    def is_answered(self) -> bool:
        """Whether the answer is there, whole."""
        return answer.is_whole(self.answer)

    def word(self) -> Status | None:
        """How far whoever works on it is, or what went wrong."""
        return background.read(self.status)

    def write(self, kind: str, question: Mapping[str, Any], arrays: Mapping[str, Any] | None) -> None:
        """Put a question there; OSError as writing."""
        if arrays:
            answer.save(self.asked_arrays, Answer(arrays))
        self.status.unlink(missing_ok=True)
        request = Request(kind=kind, question=dict(question), asked=time.time_ns())
        write_atomic(self.request, request.model_dump_json().encode(), make_folder=False)

    def clear(self) -> None:
        """Take away what was asked, how far it was, and what there was so far; the answer stays."""
        for path in (self.request, self.status, self.partial, self.asked_arrays):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def say_nothing(self) -> None:
        """Take away how far it was, and leave what was asked."""
        with suppress(OSError):
            self.status.unlink(missing_ok=True)
