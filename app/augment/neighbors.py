"""What a model takes a view for: the training images nearest to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.augment.modes import GRID, MODE, Scene
from app.augment.waiting import failed, waiting
from app.shared import formatting
from app.shared.language import _, listing
from app.widgets.view_grid import VIEWS, Card, Figure, Grid, Linked, view_grid
from byol_core.augment_study import Asked, Pairs


def draw(asked: Asked[Pairs], scene: Scene, link: Linked) -> None:
    """The nearest training images of both views of the image that was picked in the grid."""
    st.markdown(_("**Nearest training images**"))
    if st.session_state.get(MODE, GRID) != GRID:
        st.caption(_("For the pairs in the grid: go back to it to see them."))
    elif asked.answer and asked.answer.near.size:
        _near(asked.answer, scene, link)
    elif asked.job.state == "failed":
        failed(asked, "pairs_again")
    else:
        waiting(asked, link.rest == scene.about)


def _near(found: Pairs, scene: Scene, link: Linked) -> None:
    place, picked = link.pick
    sentence = _whose(place + 1, scene.pictures.names[place], picked + 1)
    st.caption(listing(filter(None, (sentence, _looked_at(found))), "sentences"))
    pixels = found.thumbnails[place].transpose(0, 1, 3, 4, 2).reshape(-1, *found.thumbnails.shape[-2:], 3)
    k = found.near.shape[2]
    cards = [
        Card(title, [_figure(found, place, view, j, view * k + j) for j in range(k)])
        for view, title in (
            (picked, _("View {view}", view=picked + 1)),
            (1 - picked, _("Its other view, {view}", view=2 - picked)),
        )
    ]
    nothing = np.zeros((1, 1, 1, 3), np.uint8)
    view_grid(Grid(nothing, np.ascontiguousarray(pixels), cards, "near"), key="near")


def _whose(image: int, name: str, view: int) -> str:
    if not name:
        return _("Of image {image}, view {view}; pick another view in the grid.", image=image, view=view)
    return _(
        "Of image {image}, {name}, view {view}; pick another view in the grid.",
        image=image,
        name=formatting.plain(name),
        view=view,
    )


def _figure(found: Pairs, place: int, view: int, j: int, at: int) -> Figure:
    label = int(found.labels[place, view, j])
    known = 0 <= label < len(found.class_names)
    name = found.class_names[label] if known else _("image {number}", number=int(found.near[place, view, j]))
    return Figure(name, VIEWS, at, [(_("cosine"), f"{found.near_cosine[place, view, j]:.2f}")])


def _looked_at(found: Pairs) -> str:
    if found.among == found.training:
        return ""
    return _(
        "Searched among {among:,} of the {training:,} training images.", among=found.among, training=found.training
    )
