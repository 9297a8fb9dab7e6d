"""The points that were drawn around: how many of which class, and their images page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st

from app.embeddings import charts, data, panel
from app.shared import formatting
from app.shared.language import _, listing, n_
from app.widgets import live_chart
from app.widgets.embedding_map import decide
from byol_core.embeddings import Snapshot

PAGE = 12
MOST_CLASSES = 12  # more are told as a number


def draw(snapshot: Snapshot, chosen: Sequence[int], key: str, owner: str) -> None:
    """What is selected on the map of that key; it was drawn around on the map of the key ``owner``."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            many = formatting.count(len(chosen))
            said = n_("**{n} point selected**", "**{n} points selected**", len(chosen), n=many)
            st.markdown(said, width="content")
            st.button(
                _("Clear"),
                key=f"{key}-clear",
                icon=":material/deselect:",
                on_click=clear,
                args=(owner,),
                help=_("Also: Escape, or a click on an empty spot."),
            )
        _classes(snapshot, chosen, key)
        _gallery(snapshot, chosen, key)


def clear(key: str) -> None:
    """Select nothing on that map any more."""
    decide(key, selected="")


def class_counts(snapshot: Snapshot, chosen: Sequence[int]) -> list[tuple[str, int, int]]:
    """(class, selected, all on the map) of each class that is selected, the largest first."""
    labels = snapshot.classes
    whole = np.bincount(labels[labels >= 0], minlength=len(snapshot.class_names))
    found = Counter(int(label) for label in labels[list(chosen)] if label >= 0)
    return [(snapshot.class_names[label], many, int(whole[label])) for label, many in found.most_common()]


def _classes(snapshot: Snapshot, chosen: Sequence[int], key: str) -> None:
    counts = class_counts(snapshot, chosen)
    if not counts:
        return
    each = [_("{name} {n} of {whole}", name=name, n=many, whole=whole) for name, many, whole in counts]
    alt = _("Selected of each class: {classes}", classes=listing(each, "comma"))
    figure = charts.classes(counts[:MOST_CLASSES], revision=key)
    live_chart.live_chart(figure, key=f"{key}-classes", alt=alt, toolbar=False)
    if len(counts) > MOST_CLASSES:
        st.caption(n_("And {n} more class.", "And {n} more classes.", len(counts) - MOST_CLASSES))


def _gallery(snapshot: Snapshot, chosen: Sequence[int], key: str) -> None:
    pages = -(-len(chosen) // PAGE)
    # Another selection begins at its first page.
    number = 1
    if pages > 1:
        number = st.pagination(pages, key=f"{key}-page-{hash(tuple(chosen)) & 0xFFFFFFFF}", max_visible_pages=5)
    part = chosen[(number - 1) * PAGE : number * PAGE]
    images = data.thumbnails(snapshot, part)
    if not images:
        st.caption(_("The images of this run are lost."))
        return
    with st.grid(4, min_column_width=56, gap="xsmall", wrap=False):
        for i, image in zip(part, images, strict=True):
            with st.container(gap=None):
                name = snapshot.class_of(i)
                st.image(
                    panel.enlarged(image), width="stretch", alt=name or _("Image {number}", number=snapshot.indices[i])
                )
                st.markdown(f":small[{formatting.plain(panel.short(name)) or snapshot.indices[i]}]")
