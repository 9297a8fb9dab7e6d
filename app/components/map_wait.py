"""What the page waits for: a map that is being made, the next evaluation of a run at work, a picture to be placed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import access, crowd, state
from app.components import map_ask, map_data, map_films, map_view, sign_in, words
from app.components.map_choices import COMPUTE, folder
from app.components.map_films import Shown
from app.components.map_view import Subject, Wish
from byol_core import embed
from byol_core.errors import LabError
from byol_core.runs.model import Run
from byol_core.warm import Job

Pair = tuple[Subject, Shown]


def failed(subject: Subject, wish: Wish, shown: Shown) -> None:
    """Why the map that was chosen is not there, and how to have it tried again."""
    job = shown.job
    if job is None or job.state != "failed":
        return

    def again() -> None:
        with state.said_later("map_again"):
            access.require(COMPUTE)
            first = subject.evaluation().step
            home = state.store().home
            embed.retry(home, subject.probe, wish.space, wish.settings, first=first, whole=wish.whole)

    st.error(f"{words.plain(job.message)} PCA is shown.", icon=":material/error:")
    if access.is_teacher():
        st.button("Try again", on_click=again, icon=":material/refresh:", key=f"{subject.key}-again")
    else:
        sign_in.link()
    if sentence := st.session_state.pop("map_again", ""):
        st.error(sentence, icon=":material/error:")


def every(subjects: Sequence[Subject], wish: Wish, key: str) -> None:
    """The switch that has the maps of all evaluations of a large set made, so that they play as a film."""
    many = max(len(subject.steps) for subject in subjects)
    if many < 2 or wish.settings.method == "PCA":
        return
    if max(len(subject.probe) for subject in subjects) <= map_films.MOST_UNASKED or not access.is_teacher():
        return
    st.toggle(
        f"Map all {many} evaluations",
        key=key,
        help="Each of them takes as long as this one did; they appear under the map one by one.",
    )


def for_first(run: Run) -> None:
    """Look again until the run has something to map; one that is over may be resumed."""
    drawn = words.busy(run)

    @crowd.live(slow=1.0 if drawn else crowd.IDLE)
    def look() -> None:
        if (_evaluations(run), _goes_on(run)) != (0, drawn):
            st.rerun()

    look()


def watch(pairs: Sequence[Pair], wish: Wish) -> None:
    """Look again until there is something new to draw, then draw the page anew."""
    drawn = [_signs(subject, wish, shown) for subject, shown in pairs]
    waits = [shown.job for _, shown in pairs if shown.job and shown.job.state in map_films.WAITING]
    active = bool(waits) or any(words.busy(subject.run) for subject, _ in pairs) or map_ask.waits(pairs, wish)
    active = active or any(_looks_for_links(subject, wish) for subject, _ in pairs)

    @crowd.live(slow=1.0 if active else crowd.IDLE)
    def look() -> None:
        try:
            now = [(subject, subject.shown(wish)) for subject, _ in pairs]
            changed = [_signs(subject, wish, shown) for subject, shown in now] != drawn
        except LabError:  # the run was deleted, or its files were: the page says it
            now, changed = [], True
        if changed:
            st.rerun()
        for subject, shown in now:
            if shown.job and shown.job.state in map_films.WAITING:
                _progress(subject, wish, shown, shown.job, named=len(pairs) > 1)

    look()


def _looks_for_links(subject: Subject, wish: Wish) -> bool:
    return access.is_teacher() and len(subject.probe) > 1 and not map_view.links_are_there(subject, wish)


def _progress(subject: Subject, wish: Wish, shown: Shown, job: Job, *, named: bool) -> None:
    """How far the map is that was asked for."""
    doing = words.plain(job.message) or "Waits for its turn"
    left = f", about {words.duration(job.seconds_left)} left" if job.seconds_left and job.seconds_left >= 1 else ""
    meanwhile = " … PCA meanwhile." if shown.method != wish.settings.method else ""
    who = f"{words.plain(subject.name)}: " if named else ""
    st.progress(min(max(job.share, 0.0), 1.0), f"{who}{doing}{left}{meanwhile}")


def _signs(subject: Subject, wish: Wish, shown: Shown) -> tuple[object, ...]:
    """All that a change of which is worth a new drawing."""
    job = shown.job.state if shown.job else ""
    open_ones = job in map_films.WAITING
    return (
        _evaluations(subject.run),
        _goes_on(subject.run),
        shown.method,
        map_films.made(shown.film),
        open_ones or job,
        map_view.links_are_there(subject, wish),
        map_ask.stands(subject, wish, shown),
    )


def _evaluations(run: Run) -> int:
    probe = map_data.probe_of(folder(run))
    return len(probe.evaluations) if probe else 0


def _goes_on(run: Run) -> bool:
    return words.busy(state.store().get(run.run_id))
