"""An export for a server: made by a process of its own, so that neither its memory nor its crash is the server's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from byol_core.errors import LabError
from byol_core.export import FORMATS, write_to
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.system.environment import child_environment

# The longest that somebody waits for a file.
SECONDS = 300.0


def write_apart(store: RunStore, run: Run, format: str, target: IO[bytes], seconds: float = SECONDS) -> None:
    """As :func:`byol_core.export.write_to`; light formats are made here. LabError when it takes longer than that."""
    if FORMATS[format].light:
        return write_to(store, run, format, target)
    with tempfile.TemporaryDirectory(prefix="byol-export-") as folder:
        file = Path(folder) / f"made{FORMATS[format].suffix}"
        _run(store, [run.run_id, format, str(file)], seconds)
        with file.open("rb") as made:
            shutil.copyfileobj(made, target)
    return None


def _run(store: RunStore, arguments: list[str], seconds: float) -> None:
    environment = child_environment(store.home)
    if store.url:
        environment["BYOL_LAB_DATABASE"] = store.url
    command = [sys.executable, "-m", "byol_core.export", *arguments]
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        how = f"'byol export {arguments[0]} --format {arguments[1]}' has no such limit"
        raise LabError(f"The export took longer than {seconds:.0f} s and was ended; {how}.") from None
    except OSError as error:
        raise LabError(f"The export cannot be started ({error.strerror or error}).") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        killed = f"its process was killed (signal {-done.returncode})" if done.returncode < 0 else ""
        raise LabError(_sentence(done.returncode, lines, killed))


def _sentence(status: int, lines: list[str], killed: str) -> str:
    """The exporter's own sentence; a traceback's last line only says what happened."""
    last = lines[-1] if lines else "no reason was given"
    if status == 1 and not any(line.startswith("Traceback") for line in lines):
        return last
    return f"The file could not be made: {killed or last}."
