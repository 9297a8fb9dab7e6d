"""Files that are made when somebody asks for them: not too large, one at a time, and there until they are fetched."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import IO, Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx

from app import access
from byol_core.errors import LabError
from byol_core.runs import library, portable
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore

# What the server holds in memory for a download; more than that is for 'byol pack' and 'byol export-metrics'.
MOST_BYTES = 500_000_000
MOST_POINTS, MOST_POINTS_TO_LOOK_ON = 2_000_000, 200_000
# How long an export waits for those before it, and how many are kept for how long until a browser comes for them.
PATIENCE_SECONDS, KEPT_FILES, KEPT_SECONDS = 20.0, 4, 60.0

# To Streamlit, the session that refers to the files which are kept; it has no page, and never ends.
_HOLDER: Any = SimpleNamespace(session_id="exports")

_making = threading.Lock()
_numbers = count()
_newest = -1


def zipped(store: RunStore, run_ids: Sequence[str], target: IO[bytes]) -> None:
    """The zip of one run; of several, a zip that holds one a run."""
    if len(run_ids) == 1:
        return portable.write_zip(store, run_ids[0], target)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for run_id in run_ids:
            with archive.open(f"{run_id}.zip", "w", force_zip64=True) as member:
                portable.write_zip(store, run_id, member)
    return None


Write = Callable[[RunStore, Sequence[str], IO[bytes]], None]
KINDS: dict[str, tuple[str, Write]] = {
    "csv": ("text/csv", portable.write_csv),
    "parquet": ("application/vnd.apache.parquet", portable.write_parquet),
    "zip": ("application/zip", zipped),
}


def button(label: str, name: str, store: RunStore, runs: Sequence[Run], kind: str, **options: Any) -> None:
    """The download of these runs, or why there is none."""
    export = Export(store, tuple(runs), kind, name, access.permit())
    if complaint := export.complaint():
        st.warning(complaint)
        return
    icon = ":material/download:"
    st.download_button(label, export.make, name, KINDS[kind][0], icon=icon, on_click="ignore", **options)


@dataclass(frozen=True)
class Export:
    """One file for one session. Streamlit has it made on a thread of its own, where nothing tells who asks."""

    store: RunStore
    runs: tuple[Run, ...]
    kind: str
    name: str
    permit: access.Permit

    def complaint(self) -> str:
        """Why it cannot be sent through the browser; empty when it can."""
        return self._too_large() if self.kind == "zip" else self._too_long()

    def _too_large(self) -> str:
        size = sum(map(library.size_of, self.runs))
        if size <= MOST_BYTES:
            return ""
        said = f"{'This run holds' if len(self.runs) == 1 else 'These runs hold'} {size / 1e9:.1f} GB"
        return f"{said}, too much for the browser; 'byol pack RUN --out FILE.zip' writes it."

    def _too_long(self) -> str:
        most = MOST_POINTS if self.permit.holds() else MOST_POINTS_TO_LOOK_ON
        if portable.count_points(self.store, self._ids(), most + 1) <= most:
            return ""
        how = "'byol export-metrics RUN --out FILE.parquet' writes them"
        return f"These curves have more than {most:,} points, too many for the browser; {how}."

    def _ids(self) -> list[str]:
        return [run.run_id for run in self.runs]

    def make(self) -> bytes:
        """The file; LabError when it cannot be made, or not now."""
        if self.kind == "zip":
            self.permit.require("export whole runs")
        if not _making.acquire(timeout=PATIENCE_SECONDS):
            raise LabError("Another export is being made; try again in a minute.")
        try:
            if complaint := self.complaint():
                raise LabError(complaint)
            buffer, (mime, write) = io.BytesIO(), KINDS[self.kind]
            write(self.store, self._ids(), buffer)
            made = buffer.getvalue()
            _keep(made, mime, self.name)
            return made
        finally:
            _making.release()


def _keep(content: bytes, mime: str, name: str) -> None:
    """Have Streamlit keep the file: of one that no session refers to, it takes any two ends of scripts, of anybody,
    as the word that it was fetched; with a class looking on that is sooner than a slow browser comes."""
    global _newest
    if not runtime.exists():
        return
    files, number = runtime.get_instance().media_file_mgr, next(_numbers)
    files.remove_orphaned_files()
    place = f"export-{number % KEPT_FILES}"
    adding = threading.Thread(
        target=files.add, args=(content, mime, place, name), kwargs={"is_for_static_download": True}
    )
    add_script_run_ctx(adding, _HOLDER)
    adding.start()
    adding.join()
    _newest = number
    timer = threading.Timer(KEPT_SECONDS, _let_go, (files, number))
    timer.daemon = True
    timer.start()


def _let_go(files: Any, number: int) -> None:
    """Keep the files no longer, unless another one came meanwhile."""
    if number == _newest:
        files.clear_session_refs(_HOLDER.session_id)
