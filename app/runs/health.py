"""The signs of health of one run: a live curve of each with its meaning, and the singular spectrum."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from app.runs import spread
from app.runs.curves import Ends, curve_id
from app.shared import address, charts, formatting
from app.widgets.live_chart import live_chart
from byol_core.embeddings import has_snapshot, read_snapshot
from byol_core.embeddings.spectrum import read_spectrum
from byol_core.errors import LabError
from byol_core.health.signs import SIGNS, SPACES, Sign
from byol_core.runs.run import Run

ABOUT = {
    "representation": "What the encoder makes of a picture: what is used in the end.",
    "projection": "What the loss sees, behind the projector. It can collapse while the representation stays useful.",
}
_HEIGHT, _SPECTRUM_HEIGHT = 170, 280
Spectra = tuple[int, list[float], int, list[float]]  # step and shares, at the first and at the last evaluation


def space_choice(run: Run) -> str:
    """The vectors that the viewer wants to judge, kept in the address; those that an alarm is about to begin with."""
    first = spread.space(run)
    with address.one_of("vectors", list(SPACES), first):
        chosen = st.segmented_control(
            "Vectors",
            list(SPACES),
            required=True,
            format_func=str.capitalize,
            key="vectors",
            label_visibility="collapsed",
        )
    return chosen or first


def draw(run: Run, known: Ends, view: charts.View, space: str) -> None:
    """Every sign that was measured, then the spectrum, then what was not measured."""
    st.caption(f"{ABOUT[space]} Measured on the test images of the map, without labels.")
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
        soon = "The first look at the test images comes soon."
        st.markdown(soon if formatting.busy(run) else "This run was not looked at.", width="content")


def _card(run: Run, sign: Sign, last: charts.Point, view: charts.View, space: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{sign.label}**", help=_help(sign), width="content")
        st.markdown(_plain(last[3], sign.digits), width="content")
    figure = charts.curve(
        curve_id(run, sign.key_of(space)),
        name=sign.label,
        view=view,
        levels=[] if sign.level is None else [charts.Level("alarm", sign.level, charts.RED)],
        revision=f"{run.run_id}-{space}",
        height=_HEIGHT,
        digits=f".{sign.digits}f",
        from_zero=sign.from_zero,
        markers=True,
    )
    live_chart(figure, key=f"health-{sign.key}")
    st.caption(f"**0** {sign.zero}  \n**Ideal** {sign.ideal}  \n**Alarm** {sign.alarm}")


def _plain(value: float, digits: int) -> str:
    """A number in fixed digits, for a card beside others; a dash for none. Never a minus before zeros."""
    return f"{round(value, digits) + 0.0:.{digits}f}" if math.isfinite(value) else "–"


def _help(sign: Sign) -> str:
    caveat = f" {sign.caveat}" if sign.caveat else ""
    return f"{sign.sentence}{caveat}\n\nSource: {sign.source}."


def _why_missing(missing: list[Sign]) -> str:
    """Names of the signs that the run has no values of, and why."""
    if len(missing) == 1 and missing[0].key == "target_cosine":
        return "There is no agreement with the target: this run has no second network beside the one that learns."
    names = ", ".join(sign.label for sign in missing)
    return f"Not measured in this run: {names}. Runs of an earlier release kept fewer signs."


def _spectrum(run: Run, space: str) -> None:
    with st.container(border=True):
        st.markdown(
            "**Singular spectrum**",
            help="The singular values of the centered vectors, largest first, as shares of the largest (arXiv "
            "2209.15007). It shows partial collapse, which one number cannot.",
        )
        try:
            found = spectra(run.folder / "embeddings", space)
        except LabError as error:
            st.caption(formatting.told(error))
            return
        if found is None:
            soon = "It comes with the first look at the test images."
            st.caption(soon if formatting.busy(run) else "This run kept none: it was made by an earlier release.")
            return
        first, before, last, now = found
        if not any(now):
            st.caption("There is no spread left to draw: every image has the same vector.")
            return
        figure = charts.spectrum(
            now,
            before if first != last else None,
            names=(f"step {last}", f"step {first}"),
            revision=f"{run.run_id}-{space}",
            height=_SPECTRUM_HEIGHT,
        )
        live_chart(figure, key="health-spectrum", alt=f"Singular spectrum of the {space} at step {last}")
        st.caption(
            "**Ideal** A slow fall: many directions carry the spread.  \n**Alarm** A cliff: behind it no direction is "
            "used, which is dimensional collapse. It starts at 1 by definition, so it says nothing of the size."
        )


def spectra(folder: Path, space: str) -> Spectra | None:
    """The spectra at the first and the last evaluation that kept one; None without. Read anew when a file changes."""
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
