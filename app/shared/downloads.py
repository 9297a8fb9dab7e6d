"""Files that are made when somebody asks for them: not too large, one at a time, and there until they are fetched."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import IO, Any

import streamlit as st

from app.shared import access
from app.shared.language import tell
from app.shared.streamlit_private import keep_file
from byol_core.config import build
from byol_core.data.catalog import find
from byol_core.errors import LabError
from byol_core.export import FORMATS, Format
from byol_core.export.jobs import write_apart
from byol_core.export.weights import misfit
from byol_core.messages import Message
from byol_core.runs import export_zip, library
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from byol_core.weights.encoder_files import weights_file

# What the server holds in memory for a download; more than that is for 'byol pack' and 'byol export-metrics'.
MOST_BYTES = 500_000_000
MOST_POINTS, MOST_POINTS_TO_LOOK_ON = 2_000_000, 200_000
# Images that the server embeds while a browser waits.
MOST_PICTURES = 20_000
# How long an export waits for those before it, and how many are kept for how long until a browser comes for them.
PATIENCE_SECONDS, KEPT_FILES, KEPT_SECONDS = 20.0, 4, 60.0

# To Streamlit, the session that refers to the files which are kept; it has no page, and never ends.
_HOLDER = "exports"

# One of those that the server itself makes at a time, and one of those that a process of its own makes.
_making, _making_apart = threading.Lock(), threading.Lock()
_numbers = count()
_newest = -1


def zipped(store: RunStore, run_ids: Sequence[str], target: IO[bytes]) -> None:
    """The zip of one run; of several, a zip that holds one a run."""
    if len(run_ids) == 1:
        return export_zip.write_zip(store, run_ids[0], target)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for run_id in run_ids:
            with archive.open(f"{run_id}.zip", "w", force_zip64=True) as member:
                export_zip.write_zip(store, run_id, member)
    return None


def _written(name: str, store: RunStore, run_ids: Sequence[str], target: IO[bytes]) -> None:
    """One run in a format of :mod:`byol_core.export`."""
    write_apart(store, store.get(run_ids[0]), name, target)


def kind_of(form: Format) -> str:
    """The kind of a download in that format; the curves have a Parquet of their own."""
    return f"run-{form.name}"


_MIMES = {".md": "text/markdown", ".py": "text/x-python", ".parquet": "application/vnd.apache.parquet"}
Write = Callable[[RunStore, Sequence[str], IO[bytes]], None]
KINDS: dict[str, tuple[str, Write]] = {
    "csv": ("text/csv", export_zip.write_csv),
    "parquet": ("application/vnd.apache.parquet", export_zip.write_parquet),
    "zip": ("application/zip", zipped),
    **{
        kind_of(form): (_MIMES.get(form.suffix, "application/octet-stream"), partial(_written, form.name))
        for form in FORMATS.values()
    },
}
_FORMS = {kind_of(form): form for form in FORMATS.values()}


def button(label: str, name: str, store: RunStore, runs: Sequence[Run], kind: str, **options: Any) -> None:
    """The download of these runs, or why there is none."""
    export = Export(store, tuple(runs), kind, name, access.permit())
    if complaint := export.complaint():
        st.warning(tell(complaint))
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
        if form := _FORMS.get(self.kind):
            return complaint_of(form, self.runs[0])
        return self._too_large() if self.kind == "zip" else self._too_long()

    def _too_large(self) -> str:
        size = sum(map(library.size_of, self.runs))
        if size <= MOST_BYTES:
            return ""
        if len(self.runs) == 1:
            return Message(
                "This run holds {size:.1f} GB, too much for the browser; 'byol pack RUN --out FILE.zip' writes it.",
                size=size / 1e9,
            )
        return Message(
            "These runs hold {size:.1f} GB, too much for the browser; 'byol pack RUN --out FILE.zip' writes it.",
            size=size / 1e9,
        )

    def _too_long(self) -> str:
        most = MOST_POINTS if self.permit.holds() else MOST_POINTS_TO_LOOK_ON
        if export_zip.count_points(self.store, self._ids(), most + 1) <= most:
            return ""
        return Message(
            "These curves have more than {most:,} points, too many for the browser; "
            "'byol export-metrics RUN --out FILE.parquet' writes them.",
            most=most,
        )

    def _ids(self) -> list[str]:
        return [run.run_id for run in self.runs]

    def make(self) -> bytes:
        """The file; LabError when it cannot be made, or not now."""
        form = _FORMS.get(self.kind)
        if self.kind == "zip" or (form and not form.light):
            self.permit.require("export whole runs")
        making = _making_apart if form and not form.light else _making
        if not making.acquire(timeout=PATIENCE_SECONDS):
            raise LabError("Another export is being made; try again in a minute.")
        try:
            if complaint := self.complaint():
                raise LabError(complaint)
            buffer, (mime, write) = io.BytesIO(), KINDS[self.kind]
            write(self.store, self._ids(), buffer)
            made = buffer.getvalue()
            keep(made, mime, self.name)
            return made
        finally:
            making.release()


def formats(run: Run, teacher: bool) -> list[Format]:
    """Those that make sense for a run, as it is and whoever asks: without an encoder only the light ones."""
    heavy = teacher and not without_weights(run)
    return [form for form in FORMATS.values() if form.light or (heavy and not _misfit(form, run))]


def without_weights(run: Run) -> str:
    """Why a run has no encoder to take away; empty when it has."""
    try:
        weights_file(run.folder)
    except LabError as error:
        return error.message
    return ""


def complaint_of(form: Format, run: Run) -> str:
    """Why a run cannot be made into that for a browser, in a sentence; empty when it can."""
    if missing := form.missing():
        return missing
    if form.light:
        return ""
    if said := without_weights(run) or _misfit(form, run):
        return said
    pictures = _pictures(run) if form.name == "parquet" else 0
    if form.name != "parquet" or 0 < pictures <= MOST_PICTURES:
        return ""
    if not pictures:
        return Message(
            "The number of images in this set is not known; 'byol export {run} --format parquet' writes them.",
            run=run.run_id,
        )
    return Message(
        "This set has {images:,} images, too many to embed while a browser waits; "
        "'byol export {run} --format parquet' writes them.",
        images=pictures,
        run=run.run_id,
    )


def _misfit(form: Format, run: Run) -> str:
    try:
        network = build(run.config).network
    except LabError as error:
        return error.message
    return misfit(network, form.name) if form.name in ("torchvision", "timm") else ""


def _pictures(run: Run) -> int:
    """About how many images the run's set has."""
    found = (run.summary.get(key) for key in ("train_images", "test_images"))
    counted = sum(count for count in found if isinstance(count, int))
    entry = find(str(run.config.get("data", {}).get("source", "")))
    return counted or (entry.images if entry else 0)


def keep(content: bytes, mime: str, name: str) -> None:
    """Have Streamlit keep the file: of one that no session refers to, it takes any two ends of scripts, of anybody,
    as the word that it was fetched; with a class of viewers that is sooner than a slow browser comes."""
    global _newest
    number = next(_numbers)
    let_go = keep_file(content, mime, f"export-{number % KEPT_FILES}", name, _HOLDER)
    if let_go is None:
        return
    _newest = number
    timer = threading.Timer(KEPT_SECONDS, _let_go, (let_go, number))
    timer.daemon = True
    timer.start()


def _let_go(let_go: Callable[[], None], number: int) -> None:
    """Keep the files no longer, unless another one came meanwhile."""
    if number == _newest:
        let_go()
