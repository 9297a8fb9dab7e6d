"""What the views do to a model: how alike it finds each pair, what it takes a view for, and a verdict with its reason.

Everything is asked of a process beside the page once nothing moved for a moment, and shown as it comes: the grid never
waits for it. A viewer sees the answers that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import streamlit as st

from app.augment import charts, neighbors
from app.augment import settings as lab_settings
from app.augment.choices import Choice
from app.augment.modes import GRID, MODE, Scene, part_of
from app.augment.waiting import TROUBLE, failed, waiting
from app.evaluate.job import judgeable
from app.shared import access, address, formatting, old_links, polling, state
from app.shared.language import N_, _, listing, tell
from app.shared.pictures import Pictures
from app.shared.run_names import unique_names
from app.widgets.live_chart import live_chart
from app.widgets.view_grid import Linked, linked, view_link
from byol_core import augment_study
from byol_core.augment_study import Asked, Curves, Judgment, Subject
from byol_core.augment_study.requests import NOTES, OFTEN
from byol_core.augment_study.verdict import Numbers, bounds_of
from byol_core.config import OPERATIONS
from byol_core.errors import LabError
from byol_core.jobs import Job
from byol_core.runs.run import Run

LINK, RUN, BEFORE = "view_link", "model", "before"
BUSY = ("waiting", "running")
# A page that waits for an answer looks so many times more often than one that follows a run.
QUICK = 0.4
LOOKS: dict[str, tuple[formatting.Color, str]] = {
    "too weak": ("orange", N_("Too weak")),
    "in range": ("green", N_("In range")),
    "too strong": ("red", N_("Too strong")),
    "unclear": ("gray", N_("Unclear")),
}
_LAST, _WAITED = "lab_last_verdict", "lab_waited_for"


def draw(pictures: Pictures, choice: Choice) -> None:
    """The whole part, under the grid."""
    st.header(_("Effect on the model"))
    if sentence := st.session_state.pop(TROUBLE, ""):
        st.error(sentence, icon=":material/error:")
    try:
        subject = _subject()
    except (LabError, OSError):  # the views need no home
        st.caption(_("The runs in this home cannot be read, so there is no model to use."))
        return
    if subject is None:
        st.caption(_("No run has weights yet: train one to see how similar it finds the two views of an image."))
        return
    settings = lab_settings.current()
    start = part_of(pictures, choice.shown)[0]
    part = pictures.part(start, choice.shown)
    scene = Scene(part, settings, choice)
    link = linked(LINK, len(part))
    at_rest = link.rest == scene.about
    asked = list(_ask(subject, scene, at_rest))
    if at_rest and access.is_teacher():
        _withdraw_others(asked)
    _tie(asked, scene, link)  # before what comes and goes, so that it stays in its place
    pairs, verdict, curves = asked
    judging, near = st.columns(2, gap="large")
    with judging:
        _verdict(verdict, subject, at_rest)
    with near:
        neighbors.draw(pairs, scene, link)
    _curves(curves, scene)


def _subject() -> Subject | None:
    """Choose whose representation it is: a run's, or the same network before training."""
    runs = [run for run in state.store().runs() if judgeable(run)]
    if not runs:
        return None
    titles = dict(zip([run.run_id for run in runs], unique_names(runs), strict=True))
    known: dict[str, Run] = {run.run_id: run for run in runs}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old_links.read_as(RUN, {title: run_id for run_id, title in titles.items()})
        with address.one_of(RUN, list(known)):
            chosen = st.selectbox(_("Model"), list(known), format_func=titles.__getitem__, key=RUN, width=260)
        before = st.toggle(
            _("Before training"),
            key=BEFORE,
            bind="query-params",
            help=_("The same network with the random initial weights of its seed."),
        )
    start = known[chosen].config.get("network", {}).get("pretrained")
    if before and start:
        weights = formatting.plain(str(start))
        st.caption(_("Random weights: this run itself started from those of {weights}.", weights=weights))
    return Subject(known[chosen].folder, before, titles[chosen])


def _ask(subject: Subject, scene: Scene, at_rest: bool) -> Iterator[Asked[Any]]:
    """The pairs, the verdict and the curves; the curves are begun when the others are there."""
    home, start, views = state.store().home, at_rest and access.is_teacher(), scene.views
    images, seed = scene.pictures.images, scene.choice.seed
    pairs = Asked[Any](Job("absent"), None)
    if st.session_state.get(MODE, GRID) == GRID:
        pairs = _noted(lambda start: augment_study.pairs(home, subject, images, views, seed, start=start), start)
    verdict = _noted(lambda start: augment_study.verdict(home, subject, views, start=start), start)
    idle = all(asked.job.state not in BUSY for asked in (pairs, verdict))
    yield pairs
    yield verdict
    yield _noted(lambda start: augment_study.curves(home, subject, views, start=start), start and idle)


def _noted(look: Callable[[bool], Asked[Any]], start: bool) -> Asked[Any]:
    """Look, and ask where nobody did; what this tab asked itself is noted, since it may withdraw no more than that."""
    there = look(False)
    if not start or there.job.state not in ("absent", "waiting"):
        return there
    asked = look(True)  # also what waits: asked again, it is the newest, and not dropped
    if there.job.state == "absent" and asked.key:
        st.session_state.setdefault(_WAITED, set()).add(asked.key)
    return asked


def _withdraw_others(asked: Sequence[Asked[Any]]) -> None:
    """Nobody of this tab waits any more for what it asked about settings that are gone."""
    mine: set[str] = st.session_state.get(_WAITED, set())
    waiting = {each.key for each in asked if each.job.state in BUSY}
    for key in mine - waiting:
        augment_study.withdraw(state.store().home, key)
    st.session_state[_WAITED] = mine & waiting


def _verdict(asked: Asked[Judgment], subject: Subject, at_rest: bool) -> None:
    """Too weak, in range or too strong, and why; the last one stays, faded, while a new one is worked out."""
    st.markdown(_("**Verdict**"))
    if asked.answer:
        st.session_state[_LAST] = (subject, asked.answer)
        _said(asked.answer)
    elif asked.job.state == "failed":
        failed(asked, "verdict_again")
    else:
        last: tuple[Subject, Judgment] | None = st.session_state.get(_LAST)
        if last and last[0] == subject:
            _said(last[1], old=True)
        waiting(asked, at_rest)


def _said(found: Judgment, old: bool = False) -> None:
    """The verdict and its reason; ``old``: that of the settings before, faded, in the same place."""
    color, title = LOOKS[found.verdict.level]
    level = tell(title)
    st.badge(_("{level}, with the settings before", level=level) if old else level, color="gray" if old else color)
    said = formatting.plain(tell(found.verdict.reason))
    st.markdown(f":gray[{said}]" if old else said)
    if found.verdict.level != "unclear":
        _scale(found.numbers, old)


def _scale(numbers: Numbers, old: bool) -> None:
    """Where the numbers lie, and where too strong and too weak begin."""
    bounds = bounds_of(numbers)
    alt = _(
        "What is left of the image: {retention:.2f}, too strong below {lost:g}. How similar the views are: "
        "{closeness:.2f}, too weak from {same:g} on.",
        retention=numbers.retention,
        lost=bounds.lost,
        closeness=numbers.closeness,
        same=bounds.same,
    )
    live_chart(charts.scale(numbers, old=old), key="verdict-scale", alt=alt, toolbar=False)
    sentence = _(
        "*What is left of the image*: too strong below {lost:g} (1: a view is as recognizable as the image itself; 0: "
        "no more than by chance). *How similar the views are*: too weak from {same:g} on (1: the model cannot tell "
        "them apart; 0: as different as two different images).",
        lost=bounds.lost,
        same=bounds.same,
    )
    st.caption(sentence)


def _curves(asked: Asked[Curves], scene: Scene) -> None:
    """A small line for every operation."""
    st.markdown(_("**What the model ignores (invariance)**"))
    st.caption(
        _(
            "Cosine between a test image and the image with this operation alone, against its strength (band: one "
            "standard deviation). 1: the model ignores it. Dotted: two different images. Amber: the strength in use."
        )
    )
    if asked.job.state == "failed":
        failed(asked, "curves_again")
    elif not (asked.answer and asked.job.state == "ready"):
        waiting(asked)
    if asked.answer and (done := asked.answer.done):
        st.caption(_averaged(asked.answer))
        with st.grid(min_column_width=165, gap="small", key="invariance"):
            for operation in (name for name in OPERATIONS if name in done):
                _curve(asked.answer, operation, scene)


def _averaged(found: Curves) -> str:
    """Over how many images, and which of them, the mean of each operation goes."""
    names = [lab_settings.title(name) for name in OPERATIONS if NOTES.get(name) == OFTEN]
    return _(
        "Means over {images:,} images. {operations} apply as often as their strength says, everything else to every "
        "image.",
        images=found.images,
        operations=listing(names),
    )


def _curve(found: Curves, operation: str, scene: Scene) -> None:
    now = min(2.0, scene.settings.values[operation] * scene.settings.values["strength"])
    mean = found.of(operation)[0]
    summary = _(
        "{operation}: mean cosine {none:.2f} at strength 0, {most:.2f} at 2; in use: {now:.2f}.",
        operation=lab_settings.title(operation),
        none=float(mean[0]),
        most=float(mean[-1]),
        now=now,
    )
    alt = listing(filter(None, (summary, tell(NOTES.get(operation, "")))), "sentences")
    live_chart(charts.invariance(found, operation, now), key=f"invariance-{operation}", alt=alt)


def _tie(asked: Sequence[Asked[Any]], scene: Scene, link: Linked) -> None:
    """Bring the cosines to the cards of the grid, and look again while something is worked on."""
    pairs = asked[0].answer
    texts = (
        [] if pairs is None else [_("Cosine of the views {value:.2f}", value=float(value)) for value in pairs.cosine]
    )
    busy = any(each.job.state in BUSY for each in asked)
    coming = asked[0].job.state in BUSY or (link.rest != scene.about and bool(asked[0].key))
    follows = link.rest == scene.about and asked[2].job.state == "absent" and access.is_teacher() and not busy
    again = polling.pulse(QUICK) if busy or follows else None
    about = scene.about if texts else ""
    view_link(about, texts, linked=link, again=again, key=LINK, coming=coming and not texts)
