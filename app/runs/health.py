"""The signs of health of one run: a live curve of each with its meaning, and the singular spectrum."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from app.runs import spread
from app.runs.curves import Ends, alarm_level, curve_id
from app.shared import address, charts, formatting
from app.shared.language import N_, _, listing, tell
from app.widgets.live_chart import live_chart
from byol_core.embeddings import has_snapshot, read_snapshot
from byol_core.embeddings.spectrum import read_spectrum
from byol_core.errors import LabError
from byol_core.health.signs import SIGNS, SPACES, Sign
from byol_core.runs.run import Run

ABOUT = {
    "representation": N_(
        "The encoder's output for an image: what is used in the end. Measured on the test images of the map, without "
        "labels."
    ),
    "projection": N_(
        "What the loss sees, after the projector. It can collapse while the representation stays useful. Measured on "
        "the test images of the map, without labels."
    ),
}
TITLES = {"representation": N_("Representation"), "projection": N_("Projection")}
_SPECTRUM_OF = {
    "representation": N_("Singular spectrum of the representation at step {step}"),
    "projection": N_("Singular spectrum of the projection at step {step}"),
}
_HEIGHT, _SPECTRUM_HEIGHT = 170, 280
Spectra = tuple[int, list[float], int, list[float]]  # step and shares, at the first and at the last evaluation


def space_choice(run: Run) -> str:
    """The vectors that the viewer wants to see, kept in the address; those that an alarm is about to begin with."""
    first = spread.space(run)
    with address.one_of("vectors", list(SPACES), first):
        chosen = st.segmented_control(
            _("Vectors"),
            list(SPACES),
            required=True,
            format_func=lambda space: tell(TITLES[space]),
            key="vectors",
            label_visibility="collapsed",
        )
    return chosen or first


def draw(run: Run, known: Ends, view: charts.View, space: str) -> None:
    """Every sign that was measured, then the spectrum, then what was not measured."""
    st.caption(tell(ABOUT[space]))
    measured = [sign for sign in SIGNS.values() if sign.key_of(space) in known]
    if not measured:
        _nothing(run)
        return
    with st.grid(4, min_column_width=270, gap="medium"):
        for sign in measured:
            with st.container(border=True, height="stretch"):
                _card(run, sign, known[sign.key_of(space)], view, space)
    _spectrum(run, space)
    if missing := [sign for sign in SIGNS.values() if sign not in measured]:
        st.caption(_why_missing(missing))


def _nothing(run: Run) -> None:
    with st.container(border=True, height=160, horizontal_alignment="center", vertical_alignment="center"):
        soon = _("The first evaluation on the test images comes soon.")
        st.markdown(soon if formatting.busy(run) else _("This run was not evaluated."), width="content")


def _card(run: Run, sign: Sign, last: charts.Point, view: charts.View, space: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{tell(sign.label)}**", help=_help(sign), width="content")
        st.markdown(_plain(last[3], sign.digits), width="content")
    figure = charts.curve(
        curve_id(run, sign.key_of(space)),
        name=tell(sign.label),
        view=view,
        levels=() if sign.level is None else alarm_level(sign.level),
        revision=f"{run.run_id}-{space}",
        height=_HEIGHT,
        digits=f".{sign.digits}f",
        from_zero=sign.from_zero,
        markers=True,
    )
    live_chart(figure, key=f"health-{sign.key}")
    said = {"zero": tell(sign.zero), "ideal": tell(sign.ideal), "alarm": tell(sign.alarm)}
    st.caption(_("**0** {zero}  \n**Ideal** {ideal}  \n**Alarm** {alarm}", **said))


def _plain(value: float, digits: int) -> str:
    """A number in fixed digits, for a card beside others; a dash for none. Never a minus before zeros."""
    return f"{round(value, digits) + 0.0:.{digits}f}" if math.isfinite(value) else "–"


def _help(sign: Sign) -> str:
    meaning = listing([tell(text) for text in (sign.sentence, sign.caveat) if text], "sentences")
    return _("{meaning}\n\nSource: {source}.", meaning=meaning, source=tell(sign.source))


def _why_missing(missing: list[Sign]) -> str:
    """Names of the signs that the run has no values of, and why."""
    if len(missing) == 1 and missing[0].key == "target_cosine":
        return _("There is no agreement with the target: this run has no second network beside the one that learns.")
    names = listing([tell(sign.label) for sign in missing], "comma")
    return _("Not measured in this run: {names}. Runs of an earlier release kept fewer signs.", names=names)


def _spectrum(run: Run, space: str) -> None:
    with st.container(border=True):
        st.markdown(
            _("**Singular spectrum**"),
            help=_(
                "The singular values of the centered vectors, largest first, as shares of the largest (arXiv "
                "2209.15007). It shows partial collapse, which one number cannot."
            ),
        )
        try:
            found = spectra(run.folder / "embeddings", space)
        except LabError as error:
            st.caption(formatting.told(error))
            return
        if found is None:
            soon = _("It appears after the first evaluation on the test images.")
            st.caption(soon if formatting.busy(run) else _("This run kept none: it was made by an earlier release."))
            return
        first, before, last, now = found
        if not any(now):
            st.caption(_("There is no spread left to draw: every image has the same vector."))
            return
        figure = charts.spectrum(
            now,
            before if first != last else None,
            names=(_("step {step}", step=last), _("step {step}", step=first)),
            revision=f"{run.run_id}-{space}",
            height=_SPECTRUM_HEIGHT,
        )
        live_chart(figure, key="health-spectrum", alt=_(_SPECTRUM_OF[space], step=last))
        st.caption(
            _(
                "**Ideal** A slow fall: many directions carry the spread.  \n**Alarm** A cliff: behind it no direction "
                "is used, which is dimensional collapse. It starts at 1 by definition, so it says nothing about the "
                "size."
            )
        )


def spectra(folder: Path, space: str) -> Spectra | None:
    """The spectra at the first and the last evaluation that kept one; None without. Read again when a file changes."""
    if not has_snapshot(folder):
        return None
    return _read_spectra(str(folder), space, (folder / "probe.json").stat().st_mtime_ns)


@st.cache_data(show_spinner=False, max_entries=64)
def _read_spectra(folder: str, space: str, changed: int) -> Spectra | None:
    snapshot = read_snapshot(Path(folder))
    ends = snapshot.evaluations[:1] + snapshot.evaluations[-1:]
    read = [(one.step, values) for one in ends if (values := read_spectrum(snapshot, one, space)) is not None]
    if not read:
        return None
    (first, before), (last, now) = read[0], read[-1]
    return first, before.tolist(), last, now.tolist()
