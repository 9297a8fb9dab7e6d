"""Beside the map: the pinned image with those nearest to it in the full space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.embeddings import data
from app.shared import formatting
from app.shared.language import _, listing, n_
from byol_core.embeddings import Snapshot

LONGEST = 11  # letters of a class under a small image
_SHOWN = 96  # an image is enlarged to at least so many pixels, each a square, so that no browser blurs it


def picture(snapshot: Snapshot, index: int, near: Sequence[int], distances: Sequence[float]) -> None:
    """The pinned image, and those nearest to it."""
    name = snapshot.class_of(index)
    found = data.thumbnails(snapshot, [index])
    with st.container(horizontal=True, vertical_alignment="center"):
        if found:
            st.image(enlarged(found[0]), width=112, alt=name or _("The pinned image"))
        with st.container(gap=None, width="content"):
            st.markdown(f"**{formatting.plain(name) or _('Pinned image')}**")
            st.caption(_("Image {number} of the set", number=snapshot.indices[index]))
    st.caption(_agreement(snapshot, index, near))
    neighbors(snapshot, near, distances, name)


def neighbors(snapshot: Snapshot, near: Sequence[int], distances: Sequence[float], name: str = "") -> None:
    """Images with their cosine distances; a class other than ``name`` is marked."""
    images = data.thumbnails(snapshot, near)
    with st.grid(3, min_column_width=64, gap="xsmall", wrap=False):
        for place, (i, distance) in enumerate(zip(near, distances, strict=True)):
            with st.container(gap=None):
                if images:
                    alt = snapshot.class_of(i) or _("Neighbor {number}", number=place + 1)
                    st.image(enlarged(images[place]), width="stretch", alt=alt)
                st.markdown(_neighbor(snapshot.class_of(i), distance, name))


def enlarged(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Larger by whole pixels, so that the browser does not blur it."""
    times = max(1, -(-_SHOWN // found.shape[0]))
    return found.repeat(times, 0).repeat(times, 1)


def _agreement(snapshot: Snapshot, index: int, near: Sequence[int]) -> str:
    what = n_(
        "The {n} nearest image and its cosine distance in the full space, not on the map.",
        "The {n} nearest images and their cosine distances in the full space, not on the map.",
        len(near),
    )
    name = snapshot.class_of(index)
    if not name:
        return what
    same = sum(snapshot.class_of(i) == name for i in near)
    return listing([what, _("{same} of {n} share its class.", same=same, n=len(near))], "sentences")


def _neighbor(found: str, distance: float, name: str) -> str:
    shown = formatting.plain(short(found))
    shown = f":orange[{shown}]" if name and found and found != name else shown
    return f":small[{distance:.3f}" + (f"  \n{shown}]" if found else "]")


def short(name: str) -> str:
    """A class as it fits under a small image, whose alternative text says the whole name."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def hint(snapshot: Snapshot) -> None:
    """What the place of the pinned image says while nothing is pinned."""
    st.markdown(_("**Pin a point**"))
    st.caption(
        _(
            "Point at the map to see an image; click to pin it. Its nearest images then appear here, found in the full "
            "space: where they lie far apart on the map, the map leaves something out. Draw around points with the "
            "lasso to see them all."
        )
    )
    if not snapshot.labeled:
        st.caption(_("There are no labels, so all points have one color. Look for groups and inspect them."))
