"""Where an answer of a model stands: asked, worked on, failed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.shared import access, formatting, sign_in, state
from app.shared.language import _, tell
from byol_core.augment_study import Asked
from byol_core.augment_study.requests import retry

ASK = "ask a model"
TROUBLE = "lab_trouble"


def failed(asked: Asked[Any], key: str) -> None:
    """What went wrong in one sentence, and another try for a teacher."""
    st.error(formatting.told(asked.job.message), icon=":material/error:")
    if asked.key and access.is_teacher():
        st.button(_("Try again"), icon=":material/refresh:", key=key, on_click=_again, args=(asked.key,))


def _again(key: str) -> None:
    with state.said_later(TROUBLE):
        access.require(ASK)
        retry(state.store().home, key)


def waiting(asked: Asked[Any], at_rest: bool = True) -> None:
    """How far an answer is; for whoever may not ask, that nobody asked yet."""
    if asked.job.state in ("waiting", "running"):
        phase = tell(asked.job.message) or _("Waits for its turn")
        st.progress(min(max(asked.job.share, 0.0), 1.0), formatting.plain(phase))
    elif asked.answer is not None:
        if access.is_teacher():
            st.caption(_("Computed so far; the rest follows once the sliders are at rest."))
        else:
            st.caption(_("Computed so far; the rest follows once a teacher opens these settings."))
    elif not access.is_teacher():
        sign_in.ask(ASK, _("These settings have not been evaluated yet."))
    else:
        st.caption(_("Not evaluated yet.") if at_rest else _("Evaluated once the sliders are at rest."))
