"""Import of runs that were exported as a zip, from this lab or another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.shared import access, formatting, state
from app.shared.language import _, listing, tell
from byol_core.errors import LabError
from byol_core.runs import export_zip
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore

if TYPE_CHECKING:
    from streamlit.typing import UploadedFile

_ROUND, _REPORT = "import_round", "import_report"


def draw() -> None:
    """The button, and behind it the place for the files; for a teacher."""
    if not access.is_teacher():
        return
    with st.popover(_("Import"), icon=":material/upload:", key="import_runs"):
        # A new key empties the uploader when its files are in.
        files = st.file_uploader(
            _("Runs as .zip"),
            type="zip",
            accept_multiple_files=True,
            key=f"import_files_{st.session_state.get(_ROUND, 0)}",
            help=_("As Export writes them. A larger file than this takes 'byol unpack FILE.zip'."),
        )
        if st.button(_("Import"), type="primary", disabled=not files, key="import_now") and files:
            with st.spinner(_("Unpacking …")):
                _take_in(files)
            st.rerun()


def report() -> None:
    """What became of the last import."""
    imported, problems = st.session_state.pop(_REPORT, ([], []))
    for problem in problems:
        st.error(formatting.plain(problem), icon=":material/error:")
    if imported:
        names = listing((formatting.plain(run.name) for run in imported), "comma")
        st.toast(_("Imported: {names}", names=names), icon=":material/upload:", duration="long")


def _take_in(files: list[UploadedFile]) -> None:
    imported: list[Run] = []
    problems: list[str] = []
    for file in files:
        try:
            imported.extend(unpack(file))
        except LabError as error:
            problems.append(_("{file}: {reason}", file=file.name, reason=tell(error)))
    st.session_state[_REPORT] = (imported, problems)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def unpack(file: UploadedFile) -> Iterator[Run]:
    """The runs in an uploaded zip, one after another in this home; InputError for somebody who may only look."""
    access.require("import runs")
    return _unpacked(state.store(), file)


def _unpacked(store: RunStore, file: UploadedFile) -> Iterator[Run]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.zip"
        with path.open("wb") as target:
            shutil.copyfileobj(file, target)
        yield from export_zip.unpack_all(store, path)
