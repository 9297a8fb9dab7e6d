"""What the views do to a model: how alike it finds each pair, what it takes a view for, and a verdict with its reason.

Everything is asked of a process beside the page once nothing moved for a moment, and shown as it comes: the grid never
waits for it. Whoever only looks on sees the answers that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from app import access, crowd, state
from app.components import lab_charts, lab_neighbours, lab_settings, words
from app.components.compare_tables import unique_names
from app.components.evaluate_job import judgeable
from app.components.lab_choice import Choice
from app.components.lab_modes import GRID, MODE, Scene, part_of
from app.components.lab_waiting import TROUBLE, failed, waiting
from app.components.live_chart import live_chart
from app.components.pictures import Pictures
from app.components.view_grid import Linked, linked, view_link
from byol_core import lab
from byol_core.config import OPERATIONS
from byol_core.errors import LabError
from byol_core.lab import Asked, Curves, Judgement, Subject
from byol_core.lab.questions import NOTES
from byol_core.runs.model import Run
from byol_core.warm import Job

LINK, RUN, BEFORE = "view_link", "model", "before"
# A page that waits for an answer looks so many times more often than one that follows a run.
QUICK = 0.4
LOOKS: dict[str, tuple[words.Colour, str]] = {
    "too weak": ("orange", "Too weak"),
    "in range": ("green", "In range"),
    "too strong": ("red", "Too strong"),
    "unclear": ("gray", "Unclear"),
}
_LAST, _WAITED = "lab_last_verdict", "lab_waited_for"


def draw(pictures: Pictures, choice: Choice) -> None:
    """The whole part, under the grid."""
    st.subheader("What it does to the model")
    if sentence := st.session_state.pop(TROUBLE, ""):
        st.error(sentence, icon=":material/error:")
    try:
        subject = _subject()
    except (LabError, OSError):  # the views need no home
        st.caption("The runs of this home cannot be read, so no model can be asked.")
        return
    if subject is None:
        st.caption("No run has weights yet: train one, and see here how alike it finds the two views of a picture.")
        return
    settings = lab_settings.current()
    start, _ = part_of(pictures, choice.shown)
    part = pictures.part(start, choice.shown)
    scene = Scene(part, settings, choice)
    link = linked(LINK, len(part))
    at_rest = link.rest == scene.about
    asked = list(_ask(subject, scene, at_rest))
    _withdraw_others(asked if at_rest else [])
    _tie(asked, scene, link)  # before what comes and goes, so that it stays in its place
    pairs, verdict, curves = asked
    judging, near = st.columns(2, gap="large")
    with judging:
        _verdict(verdict, at_rest)
    with near:
        lab_neighbours.draw(pairs, scene, link)
    _curves(curves, scene)


def _subject() -> Subject | None:
    """Choose whose representation it is: a run's, or the same network before it learned."""
    runs = [run for run in state.store().runs() if judgeable(run)]
    if not runs:
        return None
    titles = dict(zip([run.run_id for run in runs], unique_names(runs), strict=True))
    known: dict[str, Run] = {run.run_id: run for run in runs}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Model", list(known), format_func=titles.__getitem__, key=RUN, bind="query-params", width=260
        )
        before = st.toggle(
            "Before it learned",
            key=BEFORE,
            bind="query-params",
            help="The same network with the weights that its training began with.",
        )
    return Subject(known[chosen].folder, before, titles[chosen])


def _ask(subject: Subject, scene: Scene, at_rest: bool) -> Iterator[Asked[Any]]:
    """The pairs, the verdict and the curves; the curves are begun when the others are there."""
    home, start, gone = state.store().home, at_rest and access.is_teacher(), Asked[Any](Job("absent"), None)
    whole = st.session_state.get(MODE, GRID) == GRID
    pairs = (
        lab.pairs(home, subject, scene.pictures.images, scene.views, scene.choice.seed, start=start) if whole else gone
    )
    verdict = lab.verdict(home, subject, scene.views, start=start)
    idle = all(asked.job.state not in ("waiting", "running") for asked in (pairs, verdict))
    yield pairs
    yield verdict
    yield lab.curves(home, subject, scene.views, start=start and idle)


def _withdraw_others(asked: Sequence[Asked[Any]]) -> None:
    """Nobody of this tab waits any more for what was asked about settings that are gone."""
    waiting = {each.key for each in asked if each.job.state in ("waiting", "running")}
    for key in st.session_state.get(_WAITED, set()) - waiting:
        if asked:
            lab.withdraw(state.store().home, key)
    if asked:
        st.session_state[_WAITED] = waiting


def _verdict(asked: Asked[Judgement], at_rest: bool) -> None:
    """Too weak, in range or too strong, and why; the last one stays, faded, while a new one is worked out."""
    st.markdown("**Verdict**")
    if asked.answer:
        st.session_state[_LAST] = asked.answer
        _said(asked.answer)
    elif asked.job.state == "failed":
        failed(asked, "verdict_again")
    else:
        last: Judgement | None = st.session_state.get(_LAST)
        if last:
            st.markdown(f":gray[Of the settings before: {LOOKS[last.verdict.level][1].lower()}.]")
        waiting(asked, at_rest)


def _said(found: Judgement) -> None:
    colour, title = LOOKS[found.verdict.level]
    st.badge(title, color=colour)
    reason = found.verdict.sentence.removeprefix(f"{title}: ")
    st.markdown(words.plain(reason[:1].upper() + reason[1:]))


def _curves(asked: Asked[Curves], scene: Scene) -> None:
    """A small line for every operation."""
    st.markdown("**What it does not mind**")
    st.caption(
        "Cosine between a test image and the image with this operation alone, against its strength (band: one standard "
        "deviation). 1: the model does not see it. Dotted: two different images. Amber: the strength in use."
    )
    if asked.job.state == "failed":
        failed(asked, "curves_again")
    elif not (asked.answer and asked.job.state == "ready"):
        waiting(asked)
    if asked.answer and (done := asked.answer.done):
        with st.grid(min_column_width=200, gap="small", key="invariance"):
            for operation in (name for name in OPERATIONS if name in done):
                _curve(asked.answer, operation, scene)


def _curve(found: Curves, operation: str, scene: Scene) -> None:
    now = min(2.0, scene.settings.values[operation] * scene.settings.values["strength"])
    mean, _ = found.of(operation)
    title, note = lab_settings.title(operation), NOTES.get(operation, "")
    alt = f"{title}: mean cosine {mean[0]:.2f} at strength 0, {mean[-1]:.2f} at 2; in use: {now:.2f}. {note}"
    live_chart(lab_charts.invariance(found, operation, now), key=f"invariance-{operation}", alt=alt)


def _tie(asked: Sequence[Asked[Any]], scene: Scene, link: Linked) -> None:
    """Bring the cosines to the cards of the grid, and look again while something is worked on."""
    pairs = asked[0].answer
    texts = [] if pairs is None else [f"Cosine of the views {value:.2f}" for value in pairs.cosine]
    busy = any(each.job.state in ("waiting", "running") for each in asked)
    follows = link.rest == scene.about and asked[2].job.state == "absent" and access.is_teacher() and not busy
    again = crowd.pulse(QUICK) if busy or follows else None
    view_link(scene.about if texts else "", texts, rest=link.rest, again=again, key=LINK)
