"""Where one job is worked on: its files in the folder that it is about. Knows no torch.

``KEY.request.json`` says what was asked and when, ``KEY.asked.safetensors`` holds its arrays, ``KEY.status.json`` how
far it is while somebody works on it, ``KEY.partial.safetensors`` what there is so far, ``KEY.safetensors`` the result.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from byol_core.jobs import arrays as array_file
from byol_core.jobs import status as progress_file
from byol_core.jobs.arrays import Answer
from byol_core.jobs.status import Status
from byol_core.system.files import write_atomic

REQUESTS = ".request.json"


class Request(BaseModel):
    """What was asked: its kind, its task, when in nanoseconds since 1970, and whether it is to be stopped.

    Evaluations were once asked without a kind, and their task was called ``protocol``.
    """

    model_config = ConfigDict(populate_by_name=True)

    kind: str = ""
    task: dict[str, Any] = Field(validation_alias=AliasChoices("question", "protocol"), serialization_alias="question")
    asked: int
    stop: bool = False


@dataclass(frozen=True)
class JobFiles:
    """The files of one job."""

    folder: Path
    key: str

    @property
    def request(self) -> Path:
        """What was asked."""
        return self._path("request.json")

    @property
    def inputs(self) -> Path:
        """The arrays that came with it."""
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
    def result(self) -> Path:
        """The result."""
        return self._path("safetensors")

    def _path(self, ending: str) -> Path:
        return self.folder / f"{self.key}.{ending}"

    def read_request(self) -> Request | None:
        """The request; None when there is none that can be read."""
        try:
            return Request.model_validate_json(self.request.read_bytes())
        except (OSError, ValidationError):
            return None

    def read_status(self) -> Status | None:
        """How far whoever works on it is, or what went wrong."""
        return progress_file.read(self.status)

    def is_done(self) -> bool:
        """Whether the result is there, whole."""
        return array_file.is_whole(self.result)

    def write(self, kind: str, task: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> Request:
        """Put a request there; OSError as writing."""
        if arrays:
            array_file.save(self.inputs, Answer(arrays))
        self.status.unlink(missing_ok=True)
        request = Request(kind=kind, task=dict(task), asked=time.time_ns())
        self.put(request)
        return request

    def put(self, request: Request) -> None:
        """Write the request and nothing else; OSError as writing."""
        write_atomic(self.request, request.model_dump_json(by_alias=True).encode(), make_folder=False)

    def clear(self) -> None:
        """Take away what was asked, how far it was, and what there was so far; the result stays."""
        for path in (self.request, self.status, self.partial, self.inputs):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def clear_status(self) -> None:
        """Take away how far it was, and leave what was asked: it waits again."""
        with suppress(OSError):
            self.status.unlink(missing_ok=True)


def all_requests(folder: Path) -> list[tuple[str, Request]]:
    """The keys of all jobs that were asked in a folder, with their requests, in the order in which they were asked."""
    names = [path.name.removesuffix(REQUESTS) for path in folder.glob(f"*{REQUESTS}")]
    found = [(name, request) for name in names if (request := JobFiles(folder, name).read_request())]
    return sorted(found, key=lambda pair: pair[1].asked)
