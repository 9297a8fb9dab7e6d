"""Beside the map: the pinned picture with its nearest, and what has to be known to read the map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.components import map_data
from byol_core.embed import Evaluation, Probe, Projection, UmapSettings
from byol_core.embed.probe import Matrix

SPACE_TITLES = {"representation": "Representation", "projection": "Projection", "pixels": "Raw pixels"}
_WHAT = {
    "representation": "what the encoder makes of an image",
    "projection": "what the projector makes of the representation, where the loss is computed",
    "pixels": "the images themselves at 16×16, to see what training added",
}


def picture(probe: Probe, index: int, near: Sequence[int], distances: Sequence[float]) -> None:
    """The pinned picture, and those nearest to it in the full space."""
    name = probe.class_of(index)
    images = map_data.thumbnails(probe, [index, *near])
    with st.container(horizontal=True, vertical_alignment="center"):
        if images:
            st.image(_enlarged(images[0]), width=112, alt=name or "The pinned image")
        with st.container(gap=None, width="content"):
            st.markdown(f"**{_plain(name) or 'Pinned image'}**")
            st.caption(f"Image {probe.indices[index]} of the set")
    st.caption(_agreement(probe, index, near))
    with st.grid(3, min_column_width=64, gap="xsmall", wrap=False):
        for place, (i, distance) in enumerate(zip(near, distances, strict=True), 1):
            with st.container(gap=None):
                if images:
                    alt = probe.class_of(i) or f"Neighbour {place}"
                    st.image(_enlarged(images[place]), width="stretch", alt=alt)
                st.markdown(_neighbour(probe, index, i, distance))


def _enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Twice as large, pixel by pixel, so that the browser does not blur it."""
    return picture.repeat(2, 0).repeat(2, 1)


def _agreement(probe: Probe, index: int, near: Sequence[int]) -> str:
    what = f"The {len(near)} nearest images and their cosine distances in the full space, not on the map."
    name = probe.class_of(index)
    if not name:
        return what
    same = sum(probe.class_of(i) == name for i in near)
    return f"{what} {same} of {len(near)} share its class."


def _neighbour(probe: Probe, index: int, i: int, distance: float) -> str:
    name = _plain(probe.class_of(i))
    other = bool(name) and probe.class_of(i) != probe.class_of(index)
    shown = f":orange[{name}]" if other else name
    return f":small[{distance:.3f}" + (f"  \n{shown}]" if name else "]")


def _plain(text: str) -> str:
    """A class name is data: nothing in it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>$:~" else c for c in text)


def hint(probe: Probe) -> None:
    """What the place of the pinned picture says while nothing is pinned."""
    st.markdown("**Pin a point**")
    st.caption(
        "Point at the map to see a picture; click to pin it. Its nearest images then appear here, found in the full "
        "space: where they lie far apart on the map, the map leaves something out."
    )
    if not probe.labelled:
        st.caption("These images have no labels, so all points have one colour. Look for groups, and open them by eye.")


def note(probe: Probe, evaluation: Evaluation, space: str, vectors: Matrix) -> str:
    """Which images and which numbers are mapped."""
    images = f"{len(probe):,} test images".replace(",", "\u202f")
    seen = "" if space == "pixels" else f" after {evaluation.epoch:g} epochs" if evaluation.step else " before training"
    size = f"{probe.image_size}×{probe.image_size}"
    return (
        f"{SPACE_TITLES[space]}{seen}: {_WHAT[space]}, {vectors.shape[1]} numbers for each of {images} at {size}, "
        "compared by angle."
    )


def pca_note(projection: Projection) -> str:
    """How to read this PCA."""
    first, second = projection.shares
    return (
        f"PCA: the two directions of largest variance hold {first:.0%} and {second:.0%} of it; no chance is involved, "
        "and large distances mean something."
    )


def umap_note(settings: UmapSettings) -> str:
    """How to read this UMAP."""
    return (
        f"UMAP with {settings.n_neighbors} neighbours, minimum distance {settings.min_dist:g}, seed {settings.seed}. "
        "Read who is next to whom: distances between clusters mean little in UMAP, and so do the sizes of clusters."
    )
