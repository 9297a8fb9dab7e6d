"""What the views of a run will be where its images choose them: told before the run, measured on a button."""

from __future__ import annotations

import streamlit as st

from app.shared import access, formatting, state
from app.shared.language import _, tell
from byol_core.augment_fit import requests, words
from byol_core.augment_fit.choices import Choice, applied, is_open
from byol_core.config import RunConfig
from byol_core.training import fit_views

_ASKED = "views_fit_asked"


def foreseen(config: RunConfig) -> RunConfig:
    """The settings with the views that the images want, as far as that is known."""
    config = fit_views.known(config)
    chosen = measured(config)
    return applied(config, chosen) if chosen else config


def measured(config: RunConfig) -> tuple[Choice, ...] | None:
    """What was measured of these images before."""
    return requests.ask(state.store().home, config, start=False).choices if is_open(config) else None


def say(config: RunConfig) -> None:
    """The reasons, or that they are found at the start of the run; a teacher may have them now."""
    if not is_open(fit_views.known(config)):
        return
    before = measured(config)

    @st.fragment(run_every=None if before else 1.0)
    @state.in_words()
    def panel() -> None:
        asked = requests.ask(state.store().home, config, start=False)
        if asked.choices is not None:
            _reasons(asked.choices)
            if before is None:
                st.rerun()
            return
        if asked.job.state in ("waiting", "running"):
            st.caption(measuring(asked.job.message))
            return
        st.caption(_(":material/auto_fix_high: Which views suit these images is measured when the run starts."))
        if asked.job.state == "failed":
            st.caption(formatting.plain(tell(asked.job.message)))
        elif access.is_teacher() and st.button(_("Measure them now"), icon=":material/straighten:", key=_ASKED):
            access.require("measure images")
            requests.ask(state.store().home, config)
            st.rerun(scope="fragment")

    panel()


def measuring(phase: str) -> str:
    """How far the measurement is."""
    return _(
        ":material/hourglass: Measuring which views suit these images: {phase}",
        phase=tell(phase) if phase else _("waiting"),
    )


def _reasons(chosen: tuple[Choice, ...]) -> None:
    reasons = "  \n".join(tell(sentence) for sentence in words.sentences(chosen))
    st.caption(_(":material/auto_fix_high: Views fitted to this set:  \n{reasons}", reasons=reasons))
