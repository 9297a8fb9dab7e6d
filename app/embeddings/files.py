"""A map to take away: a Parquet table of its points, or a folder for TensorBoard's projector."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.embeddings.data import PLAIN
from app.embeddings.timeline import Shown
from app.shared import access, downloads
from app.shared.language import _, tell
from byol_core.embeddings import Evaluation, Snapshot, width
from byol_core.embeddings import export as made
from byol_core.embeddings.fields import Field
from byol_core.errors import LabError
from byol_core.messages import Message
from byol_core.runs.run import Run

# A file is made in memory, and kept there while it is sent; the command line writes what is larger.
MOST_BYTES, MOST_TO_LOOK_ON = 256_000_000, 5_000
_LINE = 100  # bytes of a row of the table, at most about
_MIMES = {"parquet": "application/vnd.apache.parquet", "zip": "application/zip"}


@dataclass(frozen=True)
class MapFile:
    """One file for one session, of about ``size`` bytes. It is made on a thread where nothing tells who asks."""

    name: str
    images: int
    size: int
    write: Callable[[], bytes]
    permit: access.Permit

    def complaint(self) -> str:
        """Why it cannot be sent through the browser; empty when it can."""
        if self.size > MOST_BYTES:
            return Message(
                "About {size:,} MB is too much for the browser; 'byol embed RUN --out FILE' writes it.",
                size=self.size // 10**6,
            )
        if self.images > MOST_TO_LOOK_ON and not self.permit.holds():
            return Message(
                "Only a teacher may download more than {most:,} images; 'byol embed RUN --out FILE' writes it.",
                most=MOST_TO_LOOK_ON,
            )
        return ""

    def make(self) -> bytes:
        """The file; LabError when it cannot be made."""
        if complaint := self.complaint():
            raise LabError(complaint)
        content = self.write()
        downloads.keep(content, _MIMES[self.name.rpartition(".")[2]], self.name)
        return content


def buttons(run: Run, snapshot: Snapshot, evaluation: Evaluation, space: str, shown: Shown, color: Field) -> None:
    """The downloads of one map, or why there are none."""
    stem = re.sub(r"[^\w.=-]+", "-", f"{run.name}-{space}-{shown.method}-{evaluation.step}").strip("-.")
    n, permit = len(snapshot), access.permit()
    vectors = 4 * n * width(snapshot, evaluation, space)

    def projector() -> bytes:
        return made.projector(snapshot, evaluation, space)

    if shown.film.at(evaluation.step) is None:
        st.caption(_("The Parquet file appears here once this map is made."))
    else:
        content = partial(table, snapshot, evaluation, space, shown, color)
        _button("Parquet", MapFile(f"{stem}.parquet", n, _LINE * n, content, permit), f"{run.run_id}-parquet")
    zipped = MapFile(f"{stem}-projector.zip", n, vectors, projector, permit)
    _button(_("TensorBoard projector"), zipped, f"{run.run_id}-zip")


def table(snapshot: Snapshot, evaluation: Evaluation, space: str, shown: Shown, color: Field) -> bytes:
    """The Parquet of what is on the map."""
    xy = shown.film.xy[shown.at(evaluation.step)]
    return made.table(snapshot, evaluation, space, xy, [] if color.name == PLAIN else [color])


def explain() -> None:
    """Explain what the files contain."""
    st.caption(
        _(
            "**Parquet**: positions, classes and colors of the points. **TensorBoard projector**: the vectors with "
            "their images; unpack it and start `tensorboard --logdir` on the folder. PNG and SVG are in the map's "
            "toolbar."
        )
    )


def _button(label: str, file: MapFile, key: str) -> None:
    if complaint := file.complaint():
        st.warning(_("{name}: {why}", name=label, why=tell(complaint)))
        return
    mime = _MIMES[file.name.rpartition(".")[2]]
    st.download_button(
        label,
        file.make,
        file.name,
        mime,
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key=f"map-file-{key}",
    )
