"""An export for a server: made by a process of its own, so that neither its memory nor its crash is the server's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, Any

from byol_core.errors import LabError
from byol_core.export import FORMATS, write, write_to
from byol_core.jobs import Answer, JobContext, JobKind, own_process
from byol_core.language import ENGLISH
from byol_core.messages import Message
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

EXPORT = JobKind("export", "byol_core.export.jobs:answer", lane=None)
# The longest that somebody waits for a file.
SECONDS = 300.0
_DIED = Message(
    "The process that exported the run {run_id} as {format} ended without reporting an error; the memory may not have "
    "been enough, so close other programs and try again, or see what 'byol export {run_id} --format {format}' says."
)


def write_apart(
    store: RunStore, run: Run, format: str, target: IO[bytes], seconds: float = SECONDS, lang: str = ENGLISH
) -> None:
    """As :func:`byol_core.export.write_to`; light formats are made here. LabError when it takes longer than that."""
    if FORMATS[format].light:
        return write_to(store, run, format, target, lang)
    task = {"run_id": run.run_id, "format": format, "file": f"made{FORMATS[format].suffix}"}
    environment = {"BYOL_LAB_HOME": str(store.home)} | ({"BYOL_LAB_DATABASE": store.url} if store.url else {})
    with tempfile.TemporaryDirectory(prefix="byol-export-") as name:
        folder = Path(name)
        own_process.start(EXPORT, folder, EXPORT.name, task, environment)
        job = own_process.wait(folder, EXPORT.name, seconds)
        if job.died:
            raise LabError(_DIED, run_id=run.run_id, format=format)
        if job.state == "failed":
            raise LabError(job.message)
        if job.state != "ready":
            raise LabError(
                "The export took longer than {seconds:.0f} s and was ended; 'byol export {run} --format {format}' has "
                "no such limit.",
                seconds=seconds,
                run=run.run_id,
                format=format,
            )
        with (folder / task["file"]).open("rb") as made:
            shutil.copyfileobj(made, target)
    return None


def answer(folder: Path, task: dict[str, Any], arrays: dict[str, Any], job: JobContext) -> Answer:
    """Write the file beside the request; raises as :func:`byol_core.export.write`."""
    store = RunStore()
    write(store, store.get(task["run_id"]), task["format"], folder / task["file"])
    return Answer()
