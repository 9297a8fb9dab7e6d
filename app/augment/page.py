"""The Augment page: what the two views of an image look like, made by the code that feeds the trainer, and what they
do to a representation.
"""

from __future__ import annotations

import streamlit as st

from app.augment import choices, fitted, modes, save
from app.augment import model as lab_model
from app.augment import settings as lab_settings
from app.augment.choices import Choice
from app.shared import state
from app.shared.language import _
from app.shared.pictures import Pictures


def no_pictures() -> None:
    """What to do when there is nothing to show."""
    with st.container(border=True):
        st.markdown(_("**No images yet**"))
        st.caption(_("Choose a set, upload some images, or take a photo: their views appear here."))


@st.fragment
@state.in_words()
def workbench(pictures: Pictures, choice: Choice) -> None:
    """The sliders and what they do: a movement redraws this part and nothing else."""
    controls, views = st.columns([3, 7], gap="large")
    with controls:
        settings = lab_settings.pick()
        save.buttons(settings, choice, pictures)
        fitted.draw(settings, choice, pictures)
    with views:
        mode = modes.pick_mode()
        if len(pictures):
            modes.show(mode, pictures, settings, choice)
        else:
            no_pictures()


@st.fragment
@state.in_words()
def model(pictures: Pictures, choice: Choice) -> None:
    """What the views do to a model, apart from the grid, which never waits for it."""
    lab_model.draw(pictures, choice)


@st.fragment
@state.in_words()
def page() -> None:
    """Everything: a choice redraws it without the rest of the app."""
    choice = choices.choose()
    pictures = choices.load(choice)
    workbench(pictures, choice)
    if len(pictures):
        model(pictures, choice)


st.title(_("Augment"))
st.markdown(
    _(
        "BYOL learns to predict one random view of an image from another. Here they are as the network gets them: "
        "move a slider and see what stays recognizable."
    )
)
page()
