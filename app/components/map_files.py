"""A map to take away: a Parquet table of its points, or a folder for TensorBoard's projector."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app import access, exports
from app.components.map_films import Shown
from byol_core.embed import Evaluation, Probe
from byol_core.embed import export as made
from byol_core.embed.fields import Field
from byol_core.errors import LabError
from byol_core.runs.model import Run

# Of so many images the projector's vectors are text of a few hundred megabytes; the command line writes those.
MOST_IMAGES, MOST_TO_LOOK_ON = 20_000, 5_000
_MIMES = {"parquet": "application/vnd.apache.parquet", "zip": "application/zip"}


@dataclass(frozen=True)
class MapFile:
    """One file for one session. It is made on a thread of its own, where nothing tells who asks."""

    name: str
    images: int
    write: Callable[[], bytes]
    permit: access.Permit

    def complaint(self) -> str:
        """Why it cannot be sent through the browser; empty when it can."""
        most = MOST_IMAGES if self.permit.holds() else MOST_TO_LOOK_ON
        if self.images <= most:
            return ""
        return f"More than {most:,} images are too many for the browser; 'byol embed RUN --out FILE' writes them."

    def make(self) -> bytes:
        """The file; LabError when it cannot be made."""
        if complaint := self.complaint():
            raise LabError(complaint)
        content = self.write()
        exports.keep(content, _MIMES[self.name.rpartition(".")[2]], self.name)
        return content


def buttons(run: Run, probe: Probe, evaluation: Evaluation, space: str, shown: Shown, colour: Field) -> None:
    """The downloads of one map, or why there are none."""
    stem = re.sub(r"[^\w.=-]+", "-", f"{run.name}-{space}-{shown.method}-{evaluation.step}").strip("-.")
    files = (
        ("Parquet", f"{stem}.parquet", lambda: table(probe, evaluation, space, shown, colour)),
        ("TensorBoard projector", f"{stem}-projector.zip", lambda: made.projector(probe, evaluation, space)),
    )
    for label, name, write in files:
        _button(label, MapFile(name, len(probe), write, access.permit()), f"{run.run_id}-{name.rpartition('.')[2]}")


def table(probe: Probe, evaluation: Evaluation, space: str, shown: Shown, colour: Field) -> bytes:
    """The Parquet of what is on the map."""
    xy = shown.film.xy[shown.at(evaluation.step)]
    return made.table(probe, evaluation, space, xy, [colour])


def explain() -> None:
    """What they are."""
    st.caption(
        "**Parquet**: places, classes and colours of the points. **TensorBoard projector**: the vectors with their "
        "pictures; unpack it and start `tensorboard --logdir` on the folder. PNG and SVG are in the map's toolbar."
    )


def _button(label: str, file: MapFile, key: str) -> None:
    if complaint := file.complaint():
        st.warning(f"{label}: {complaint}")
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
