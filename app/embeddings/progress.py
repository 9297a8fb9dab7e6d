"""What the page waits for: a map that is being made, the next evaluation of a run at work, an image to be placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.embeddings import data, placement, timeline, view
from app.embeddings.choices import COMPUTE, folder
from app.embeddings.timeline import Shown
from app.embeddings.view import Subject, Wish
from app.shared import access, formatting, polling, state
from app.shared.language import _, listing, n_
from app.widgets.embedding_map.status import Status, map_status
from byol_core import embeddings
from byol_core.errors import LabError
from byol_core.jobs import Job
from byol_core.runs.run import Run

Pair = tuple[Subject, Shown]
TROUBLE, STATUS = "map_again", "map-status"
_TELLING = 0.25  # of the work: before that, much of the time went into loading and compiling


def again(subject: Subject, wish: Wish) -> Callable[[], None] | None:
    """Have what could not be made tried again, for a teacher; a callback."""
    if not access.is_teacher():
        return None

    def act() -> None:
        with state.said_later(TROUBLE):
            access.require(COMPUTE)
            first, home = subject.evaluation().step, state.store().home
            embeddings.retry(home, subject.snapshot, wish.space, wish.settings, first=first, whole=wish.whole)

    return act


def trouble() -> None:
    """Why it could not even be tried again."""
    if sentence := st.session_state.pop(TROUBLE, ""):
        st.error(sentence, icon=":material/error:")


def every(subjects: Sequence[Subject], wish: Wish, key: str) -> None:
    """The switch that has the maps of all evaluations of a large set made, so that they play as a film."""
    many = max(len(subject.steps) for subject in subjects)
    if many < 2 or wish.settings.method == "PCA":
        return
    if max(len(subject.snapshot) for subject in subjects) <= timeline.MOST_UNASKED or not access.is_teacher():
        return
    st.toggle(
        n_("Map all {n} evaluation", "Map all {n} evaluations", many),
        key=key,
        help=_("Each of them takes as long as this one did; they appear under the map one by one."),
    )


def for_first(run: Run) -> None:
    """Look again until the run has something to map; one that is over may be resumed."""
    drawn = formatting.busy(run)

    @polling.live(slow=1.0 if drawn else polling.IDLE)
    def look() -> None:
        if (_evaluations(run), _goes_on(run)) != (0, drawn):
            st.rerun()

    look()


def watch(pairs: Sequence[Pair], wish: Wish) -> None:
    """Look again until there is something new to draw, then redraw the page."""
    drawn = [_signs(subject, wish, shown) for subject, shown in pairs]
    waits = [shown.job for subject, shown in pairs if shown.job and shown.job.state in timeline.WAITING]
    active = (
        bool(waits) or any(formatting.busy(subject.run) for subject, shown in pairs) or placement.waits(pairs, wish)
    )
    active = active or any(_looks_for_links(subject, wish) for subject, shown in pairs)

    @polling.live(slow=1.0 if active else polling.IDLE)
    def look() -> None:
        try:
            now = [(subject, subject.shown(wish)) for subject, before in pairs]
            changed = [_signs(subject, wish, shown) for subject, shown in now] != drawn
        except LabError:  # the run was deleted, or its files were: the page says it
            now, changed = [], True
        if changed:
            st.rerun()
        said = {subject.key: status(subject, wish, shown) for subject, shown in now}
        map_status({key: one for key, one in said.items() if one}, key=STATUS)

    look()


def _looks_for_links(subject: Subject, wish: Wish) -> bool:
    return access.is_teacher() and len(subject.snapshot) > 1 and not view.links_are_there(subject, wish)


def status(subject: Subject, wish: Wish, shown: Shown) -> Status | None:
    """What is said on a map: how far the one is that was asked for, or why there is none; None when it is there."""
    job, method = shown.job, wish.settings.method
    if job is None:
        return None
    if job.state not in timeline.WAITING:
        return Status(listing([formatting.told(job.message), _("PCA is shown.")], "sentences"), failed=True)
    made, many = timeline.made(shown.film), len(subject.steps)
    if shown.film.at(subject.evaluation().step) is not None and shown.method == method:
        words = _("{made} of {n} maps through time are made", made=made, n=many)
        return Status(words, (made + job.share) / many)
    meanwhile = [] if shown.method == method else [_("PCA is shown meanwhile.")]
    words = listing([_doing(job, method), *meanwhile], "sentences")
    return Status(words, job.share if job.state == "running" else None)


def _doing(job: Job, method: str) -> str:
    """What goes on until the map is there, in a sentence."""
    if job.state == "absent" and job.message:
        return formatting.told(job.message)
    if job.state != "running":
        return _("{method} waits for its turn.", method=method)
    doing = formatting.told(job.message)
    if job.seconds_left and job.seconds_left >= 1 and job.share >= _TELLING:
        left = formatting.duration(job.seconds_left)
        return _("{method} is being made. {doing}, about {left} left.", method=method, doing=doing, left=left)
    return _("{method} is being made. {doing}.", method=method, doing=doing)


def _signs(subject: Subject, wish: Wish, shown: Shown) -> tuple[object, ...]:
    """All that a change of which is worth a new drawing."""
    job = shown.job.state if shown.job else ""
    open_ones = job in timeline.WAITING
    return (
        _evaluations(subject.run),
        _goes_on(subject.run),
        shown.method,
        timeline.made(shown.film),
        tuple(shown.film.failed),
        open_ones or job,
        view.links_are_there(subject, wish),
        placement.stands(subject, wish, shown),
    )


def _evaluations(run: Run) -> int:
    snapshot = data.probe_of(folder(run))
    return len(snapshot.evaluations) if snapshot else 0


def _goes_on(run: Run) -> bool:
    return formatting.busy(state.store().get(run.run_id))
