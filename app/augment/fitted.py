"""Views that the images choose: with the preset 'auto', the sliders go where the measures of the set put them, and each
reason stands beneath with an image before and after.

The measures are made beside the page; until they are there, the sliders stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.augment import settings as lab_settings
from app.augment.choices import SET, Choice
from app.augment.settings import Settings
from app.shared import access, formatting, state
from app.shared.language import _, tell
from app.shared.pictures import Pictures
from app.train import views_fit
from byol_core.augment_fit import requests, words
from byol_core.augment_fit.choices import Choice as Fitted
from byol_core.augment_fit.choices import Why, applied, is_open
from byol_core.config import OPERATIONS, RunConfig
from byol_core.config.presets import get
from byol_core.training import fit_views

Pixels = NDArray[np.uint8]
AUTO = "auto"
PLACED = "views_fitted"  # the images for which this tab's sliders were put
_SHOWN = 96  # pixels of an image beside its reason


def _gray(image: Pixels) -> Pixels:
    return np.repeat(image.mean(0, keepdims=True), 3, 0).astype(np.uint8)


def _middle(image: Pixels) -> Pixels:
    edge = image.shape[1] // 4
    return image[:, edge:-edge, edge:-edge]


# What is done to an image (3, s, s) to show what a reason is about.
AFTER: Mapping[Why, Callable[[Pixels], Pixels]] = {
    Why.MIRRORED_ALIKE: lambda image: image[:, :, ::-1],
    Why.MIRRORED_FOREIGN: lambda image: image[:, :, ::-1],
    Why.UPSIDE_DOWN_ALIKE: lambda image: image[:, ::-1],
    Why.UPSIDE_DOWN_FOREIGN: lambda image: image[:, ::-1],
    Why.COLOR_TELLS: _gray,
    Why.COLOR_FREE: _gray,
    Why.COLOR_ANY: _gray,
    Why.SUBJECT: _middle,
    Why.SCENE: _middle,
}


def draw(settings: Settings, choice: Choice, pictures: Pictures) -> None:
    """The reasons for these images, when the preset is 'auto'; nothing for another one."""
    if settings.recipe != AUTO or choice.place != SET or not len(pictures):
        return
    config = get("classroom").config().changed(**choice.data)
    if not is_open(fit_views.known(config)):
        sentence = _(
            "On the embedded set, auto is the recipe '{recipe}', which was found on it.",
            recipe=fit_views.ON_THE_EMBEDDED,
        )
        st.caption(sentence)
        return
    asked = requests.ask(state.store().home, config, start=access.is_teacher())
    if asked.choices is not None:
        _place(config, asked.choices)
        _reasons(asked.choices, pictures.images[0])
    elif asked.job.state == "failed":
        st.caption(formatting.plain(tell(asked.job.message)))
    elif asked.job.state in ("waiting", "running"):
        _wait(config)


@st.fragment(run_every=1.0)
@state.in_words()
def _wait(config: RunConfig) -> None:
    asked = requests.ask(state.store().home, config, start=False)
    if asked.job.state not in ("waiting", "running"):
        st.rerun()
    st.caption(views_fit.measuring(asked.job.message))


def _place(config: RunConfig, chosen: tuple[Fitted, ...]) -> None:
    """Put the sliders there, once for a set: whoever moves them afterwards has the last word."""
    about = (config.data.source, config.data.image_size)
    if st.session_state.get(PLACED) == about:
        return
    st.session_state[PLACED] = about
    views = applied(config.changed(**{"views.preset": AUTO}), chosen).views
    lab_settings.put({"strength": 1.0} | {name: getattr(views, name) for name in OPERATIONS})
    st.rerun()


def _reasons(chosen: tuple[Fitted, ...], image: Pixels) -> None:
    for choice in chosen:
        with st.container(horizontal=True, vertical_alignment="center"):
            if choice.why in AFTER:
                st.image([_shown(image), _shown(AFTER[choice.why](image))], width=_SHOWN)
            st.caption(tell(words.sentence(choice)))


def _shown(image: Pixels) -> Pixels:
    return np.ascontiguousarray(image.transpose(1, 2, 0))
