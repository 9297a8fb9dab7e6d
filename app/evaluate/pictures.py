"""The images behind a report: the test images of a set, small, read once for all viewers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.shared import access, formatting
from app.shared.language import _, tell
from app.shared.pictures import KEPT
from byol_core.config.value_range import AUTO
from byol_core.data.catalog import load
from byol_core.errors import LabError
from byol_core.evaluation.protocol import Judged
from byol_core.evaluation.report import Seen
from byol_core.evaluation.results import Predictions
from byol_core.messages import Message
from byol_core.runs.run import Run

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet

Picture = NDArray[np.uint8]
# All test images of a set, in the largest of these sizes that fits; smaller ones stay as they are.
SIZES, MOST_BYTES = (64, 48, 32, 24, 16), 200_000_000
BLOCK = 32_000_000  # bytes of the images that are made small together
# An image that is shown is enlarged to at least this many pixels, each as a square, so that no browser blurs it.
SHOWN = 96
LOST = Message("The images cannot be shown: this set has changed since the run was evaluated on it.")


class Changed(LabError):
    """A set has changed since it was evaluated."""


@dataclass(frozen=True)
class Shelf:
    """The evaluated test images, small, (n, S, S, 3) uint8, and at which place each row of the set lies."""

    pixels: NDArray[np.uint8]
    places: dict[int, int]

    def picture(self, row: int) -> Picture | None:
        """The image of that row of the set, (S, S, 3)."""
        place = self.places.get(row)
        return None if place is None else self.pixels[place]


def shelf(run: Run, judged: Judged, predictions: Predictions) -> Shelf | None:
    """The evaluated images; a sentence in their place when they cannot be read."""
    source = judged.protocol.data or str(run.config.get("data", {}).get("source", ""))
    size = int(run.config.get("data", {}).get("image_size", 0) or 0)
    values = AUTO if judged.protocol.data else str(run.config.get("data", {}).get("range", AUTO))
    told = (predictions.rows.tobytes(), predictions.labels.tobytes())
    try:
        with st.spinner(_("Reading the images …"), show_time=False):
            found = _shelf(source, size, values, told, access.is_teacher())
    except LabError as error:
        found = error.message
    if isinstance(found, Shelf):
        return found
    st.warning(formatting.plain(tell(found)), icon=":material/hide_image:")
    return None


# Kept by what was evaluated: a set that has changed has other rows or labels, and is not taken for the old one.
# That it has changed is kept for a while too, for it takes the whole set to see it; a refused download is not.
@st.cache_resource(max_entries=3, ttl=600, show_spinner=False)
def _shelf(source: str, size: int, values: str, told: tuple[bytes, bytes], _teacher: bool) -> Shelf | str:
    from byol_core.data.remote import no_downloads

    with nullcontext() if _teacher else no_downloads():
        try:
            return read(source, size, told, values)
        except Changed as error:
            return error.message


def read(source: str, size: int, told: tuple[bytes, bytes], values: str = AUTO) -> Shelf:
    """The images of a set whose test rows and labels, as bytes of int64, are ``told``; LabError when it changed."""
    rows, labels = (np.frombuffer(part, np.int64) for part in told)
    # Only the test images are wanted: in every set they are the last rows, however few of the others are read.
    found = load(source, size, limit=KEPT, images="disk", values=values)
    chosen = _judged(found, rows, labels)
    return Shelf(_small(found, chosen), {int(row): place for place, row in enumerate(rows)})


def _judged(found: ImageSet, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which rows of a set with fewer training images those are; LabError when it is not the same set any more."""
    if found.labels is None:
        raise Changed(LOST)
    test = found.test.numpy()
    true = found.labels.numpy()[test]
    test, true = test[true >= 0], true[true >= 0]
    if len(test) != len(rows) or not np.array_equal(np.diff(test), np.diff(rows)) or not np.array_equal(true, labels):
        raise Changed(LOST)
    chosen: NDArray[np.int64] = test
    return chosen


def _small(found: ImageSet, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n, S, S, 3), so small that all of them fit."""
    import torch
    from torch.nn.functional import interpolate

    from byol_core.data.mapped import take

    size = found.images.shape[-1]
    fitting = [side for side in (size, *SIZES) if side <= size and len(chosen) * 3 * side * side <= MOST_BYTES]
    side = (fitting or SIZES[-1:])[0]
    parts = []
    block = max(1, BLOCK // (3 * size * size))
    for start in range(0, len(chosen), block):
        part = take(found.images, torch.from_numpy(chosen[start : start + block]))
        parts.append(part if side == size else interpolate(part.float(), size=(side, side), mode="area").round().byte())
    pixels: NDArray[np.uint8] = torch.cat(parts).movedim(1, -1).contiguous().numpy()
    return pixels


def enlarged(picture: Picture) -> Picture:
    """The image enlarged by a whole factor, so that each pixel stays a square."""
    times = max(1, -(-SHOWN // picture.shape[0]))
    return picture.repeat(times, 0).repeat(times, 1)


def grid(found: Shelf | None, seen: Sequence[Seen], classes: Sequence[str], *, both: bool) -> None:
    """Images with how sure the classifier was; ``both``: each with its true and its predicted class."""
    with st.grid(6, min_column_width=92, gap="small", wrap=True):
        for one in seen:
            with st.container(gap=None):
                true, said = (formatting.plain(classes[index]) for index in (one.true, one.said))
                picture = found.picture(one.row) if found else None
                if picture is not None:
                    alt = _("{true}, predicted as {said}", true=classes[one.true], said=classes[one.said])
                    st.image(enlarged(picture), width="stretch", alt=alt)
                sure = _("{confidence:.0%} sure", confidence=one.confidence)
                said_so = f"{true}  \n:orange[{said}]  \n{sure}" if both else sure
                st.markdown(f":small[{said_so}]")
