"""What a model takes a view for: the training images nearest to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.augment.modes import GRID, MODE, Scene
from app.augment.waiting import failed, waiting
from app.shared import formatting
from app.widgets.view_grid import VIEWS, Card, Figure, Grid, Linked, view_grid
from byol_core.augment_study import Asked, Pairs


def draw(asked: Asked[Pairs], scene: Scene, link: Linked) -> None:
    """The nearest training images of both views of the image that was picked in the grid."""
    st.markdown("**Nearest training images**")
    if st.session_state.get(MODE, GRID) != GRID:
        st.caption("For the pairs in the grid: go back to it to see them.")
    elif asked.answer and asked.answer.near.size:
        _near(asked.answer, scene, link)
    elif asked.job.state == "failed":
        failed(asked, "pairs_again")
    else:
        waiting(asked, link.rest == scene.about)


def _near(found: Pairs, scene: Scene, link: Linked) -> None:
    place, picked = link.pick
    name = scene.pictures.names[place]
    picture = f"image {place + 1}" + (f", {formatting.plain(name)}" if name else "")
    st.caption(f"Of {picture}, view {picked + 1}; pick another view in the grid. {_looked_at(found)}")
    pixels = found.thumbnails[place].transpose(0, 1, 3, 4, 2).reshape(-1, *found.thumbnails.shape[-2:], 3)
    k = found.near.shape[2]
    cards = [
        Card(title, [_figure(found, place, view, j, view * k + j) for j in range(k)])
        for view, title in ((picked, f"View {picked + 1}"), (1 - picked, f"Its other view, {2 - picked}"))
    ]
    nothing = np.zeros((1, 1, 1, 3), np.uint8)
    view_grid(Grid(nothing, np.ascontiguousarray(pixels), cards, "near"), key="near")


def _figure(found: Pairs, place: int, view: int, j: int, at: int) -> Figure:
    label = int(found.labels[place, view, j])
    name = found.class_names[label] if 0 <= label < len(found.class_names) else f"image {found.near[place, view, j]}"
    return Figure(name, VIEWS, at, [("cosine", f"{found.near_cosine[place, view, j]:.2f}")])


def _looked_at(found: Pairs) -> str:
    if found.among == found.training:
        return ""
    return f"Searched among {found.among:,} of the {found.training:,} training images."
