"""One map with its notes, and what the page knows of it: which run, which evaluation, what is pinned and selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.embeddings import choices, data, timeline, user_columns
from app.embeddings import notes as map_notes
from app.embeddings.timeline import Shown
from app.shared import access, formatting, state
from app.shared.language import _, listing, tell
from app.widgets.embedding_map import Asked, MapState, Sheets, decide, embedding_map, map_state
from byol_core.embeddings import Evaluation, MapSettings, Snapshot, width
from byol_core.embeddings.fields import Field
from byol_core.errors import LabError
from byol_core.runs.run import Run

NEIGHBORS = 9
LINK = "embeddings"
TROUBLE = "map_links_again"


@dataclass(frozen=True)
class Wish:
    """What the viewer chose to see, of each run on the page."""

    space: str
    settings: MapSettings
    whole: bool  # the maps of all evaluations


@dataclass(frozen=True)
class Subject:
    """A run on the page; ``parameter`` names its evaluation in the address, ``name`` tells it from another one."""

    run: Run
    snapshot: Snapshot
    parameter: str
    name: str

    @property
    def key(self) -> str:
        """A map of its own for each run: what is pinned or hidden belongs to it."""
        return f"map-{self.run.run_id}"

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of its evaluations."""
        return tuple(one.step for one in self.snapshot.evaluations)

    def state(self) -> MapState:
        """What was pinned, selected and looked at."""
        return map_state(self.key, len(self.snapshot), self.steps)

    def evaluation(self) -> Evaluation:
        """The one that is looked at; the newest until another one was chosen."""
        self._adopt()
        step = self.state().step
        self._tell(step)
        return self.snapshot.evaluations[-1] if step is None else self.snapshot.evaluation(step)

    def show_newest(self) -> None:
        """Look at the newest evaluation again."""
        decide(self.key, step=None)

    def _adopt(self) -> None:
        """Begin at the evaluation in the address."""
        asked = st.query_params.get(self.parameter, "")
        if self.key in st.session_state or not asked.isdecimal():
            return
        if int(asked) in self.steps[:-1]:
            decide(self.key, step=int(asked))

    def _tell(self, step: int | None) -> None:
        """Write the step into the address; None removes it."""
        told = None if step is None else str(step)
        if st.query_params.get(self.parameter) == told:
            return
        if told is None:
            st.query_params.pop(self.parameter, None)
        else:
            st.query_params[self.parameter] = told

    def shown(self, wish: Wish) -> Shown:
        """Its places as they are now."""
        home = state.store().home
        over, evaluation = not formatting.busy(self.run), self.evaluation()
        return timeline.shown(home, self.snapshot, evaluation, wish.space, wish.settings, whole=wish.whole, over=over)


def in_color(subject: Subject, space: str, name: str) -> tuple[Field, str]:
    """What the points are colored by; where this map does not have it, their classes, and why in a sentence."""
    try:
        return _in_color(subject, space, name), ""
    except LabError as error:
        other = _in_color(subject, space, "class" if subject.snapshot.labeled else data.PLAIN)
        return other, listing([formatting.told(error), _("Colored by class meanwhile.")], "sentences")


def _in_color(subject: Subject, space: str, name: str) -> Field:
    if name.startswith(user_columns.PREFIX):
        return user_columns.field(subject.snapshot, name)
    home, evaluation = state.store().home, subject.evaluation()
    return data.field(home, subject.snapshot, evaluation, space, name, ask=access.is_teacher())


def draw(
    subject: Subject,
    wish: Wish,
    shown: Shown,
    found: Field,
    pin: int | None,
    asked: Asked | None,
    *,
    again: Callable[[], None] | None,
    small: bool,
    link: bool,
) -> None:
    """The map with its slider; the notes come apart. ``link``: with the other maps of the page.

    What is said of it comes and goes below: a line above would have the browser rebuild the map.
    """
    snapshot, evaluation = subject.snapshot, subject.evaluation()
    near, *_distances = data.nearest(snapshot, evaluation, wish.space, pin, NEIGHBORS)
    own = subject.state().pinned is not None  # else the pin is that of the other map
    links, pictures = _links(subject, wish), _pictures(snapshot)
    with st.container(gap=None):  # what brings its files takes no room
        embedding_map(
            data.frames(snapshot, shown.film, wish.space),
            current=evaluation.step,
            ids=snapshot.ids,
            labels=snapshot.classes,
            class_names=snapshot.class_names if snapshot.labeled else (),
            colors=data.colors(found),
            near=None if isinstance(links, str) else links,
            sheets=None if isinstance(pictures, str) else pictures,
            pinned_near=near if own else (),
            linked_near=() if own else near,
            asked=asked,
            link=LINK if link else None,
            failed={step: tell(why) for step, why in shown.film.failed.items() if step != evaluation.step},
            again=again,
            revision=f"{wish.space}-{shown.method}",
            label=_(
                "{method} map of {images} of the run {name}",
                method=shown.method,
                images=map_notes.images(snapshot),
                name=subject.name,
            ),
            key=subject.key,
            height=480 if small else 560,
        )
    if isinstance(pictures, str):
        lost = [formatting.plain(tell(pictures)), _("The points are shown without them.")]
        st.warning(listing(lost, "sentences"), icon=":material/hide_image:")
    if found.note and found.name != "class":
        st.caption(_("Color: {note}", note=tell(found.note)))
    if isinstance(links, str):
        _without_links(subject, wish, links)


def _links(subject: Subject, wish: Wish) -> data.Ids | str | None:
    """The neighbors of every point; None while they are looked for, a sentence when they could not be found."""
    home, evaluation = state.store().home, subject.evaluation()
    try:
        return data.links(home, subject.snapshot, evaluation, wish.space, ask=access.is_teacher())
    except LabError as error:
        return error.message


def _without_links(subject: Subject, wish: Wish, sentence: str) -> None:
    """Why a point that is hovered has no lines to its nearest, and how to have them looked for again."""
    st.caption(f":material/hub: {formatting.plain(tell(sentence))}")
    if access.is_teacher():
        st.button(
            _("Try again"),
            on_click=_links_again,
            args=(subject.snapshot, subject.evaluation(), wish.space),
            icon=":material/refresh:",
            key=f"{subject.key}-links-again",
        )
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(trouble, icon=":material/error:")


def _links_again(snapshot: Snapshot, evaluation: Evaluation, space: str) -> None:
    with state.said_later(TROUBLE):
        access.require(choices.COMPUTE)
        data.near_again(snapshot, evaluation, space)


def links_are_there(subject: Subject, wish: Wish) -> bool:
    """Whether there is nothing to wait for any more: the neighbors of every point are known, or cannot be found."""
    return _links(subject, wish) is not None


def _pictures(snapshot: Snapshot) -> Sheets | str:
    """The images behind the points; a sentence when they are lost."""
    try:
        return data.sheets(snapshot)
    except LabError as error:
        return error.message


def notes(subject: Subject, wish: Wish, shown: Shown) -> None:
    """What is needed to read the map."""
    snapshot, evaluation = subject.snapshot, subject.evaluation()
    numbers = width(snapshot, evaluation, wish.space)
    st.caption(map_notes.how(shown, evaluation.step, wish.settings))
    map_notes.numbers(evaluation, shown)
    map_notes.curve(subject.run, state.store(), snapshot, evaluation)
    st.caption(map_notes.what(snapshot, evaluation, wish.space, numbers))


def linked(subjects: Sequence[Subject]) -> bool:
    """Whether the maps of the page show images of one set."""
    return len(subjects) > 1 and choices.common(subjects[0].snapshot, subjects[1].snapshot)


def pins(subjects: Sequence[Subject], linked: bool) -> list[int | None]:
    """The pinned point of each map: of linked maps the same image, where only one of them has a pin."""
    own = [subject.state().pinned for subject in subjects]
    if not linked or len(own) < 2 or all(pin is not None for pin in own):
        return own
    rows = [s.snapshot.indices[pin] for s, pin in zip(subjects, own, strict=True) if pin is not None]
    return [_place(s.snapshot, rows[0]) if rows and pin is None else pin for s, pin in zip(subjects, own, strict=True)]


def selections(subjects: Sequence[Subject], linked: bool) -> list[tuple[tuple[int, ...], str]]:
    """What is selected on each map, and the key of the map where it was: of linked maps the same images."""
    own = [(subject.state().selected, subject.key) for subject in subjects]
    drawn = [at for at, (chosen, owner) in enumerate(own) if chosen]
    if not linked or len(drawn) != 1:
        return own
    chosen, owner = own[drawn[0]]
    rows = subjects[drawn[0]].snapshot.ids[list(chosen)]
    return [(tuple(np.flatnonzero(np.isin(subject.snapshot.ids, rows)).tolist()), owner) for subject in subjects]


def _place(snapshot: Snapshot, row: int) -> int | None:
    """At which place of a map a row of the set lies."""
    return snapshot.indices.index(row) if row in snapshot.indices else None
