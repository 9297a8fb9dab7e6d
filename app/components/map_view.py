"""One map with its notes, and what the page knows of it: which run, which evaluation, what is pinned and selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app import access, state
from app.components import map_columns, map_data, map_films, map_notes, words
from app.components.embedding_map import Asked, MapState, Sheets, embedding_map, map_state
from app.components.map_films import Shown
from byol_core.embed import Evaluation, MapSettings, Probe
from byol_core.embed.fields import Field
from byol_core.errors import LabError
from byol_core.runs.model import Run

NEIGHBOURS = 9
LINK = "embeddings"


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
    probe: Probe
    parameter: str
    name: str

    @property
    def key(self) -> str:
        """A map of its own for each run: what is pinned or hidden belongs to it."""
        return f"map-{self.run.run_id}"

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of its evaluations."""
        return tuple(one.step for one in self.probe.evaluations)

    def state(self) -> MapState:
        """What was pinned, selected and looked at."""
        return map_state(self.key, len(self.probe), self.steps)

    def evaluation(self) -> Evaluation:
        """The one that is looked at; the newest until another one was chosen."""
        self._adopt()
        step = self.state().step
        self._tell(step)
        return self.probe.evaluations[-1] if step is None else self.probe.evaluation(step)

    def _adopt(self) -> None:
        """Begin at the evaluation in the address."""
        asked = st.query_params.get(self.parameter, "")
        if self.key in st.session_state or not asked.isdecimal():
            return
        if int(asked) in self.steps[:-1]:
            st.session_state[self.key] = {"step": int(asked)}

    def _tell(self, step: int | None) -> None:
        """The address follows."""
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
        return map_films.shown(home, self.probe, self.evaluation(), wish.space, wish.settings, whole=wish.whole)


def in_colour(subject: Subject, space: str, name: str) -> Field:
    """What the points are coloured by; where this map does not have it, their classes, and it is said."""
    try:
        return _in_colour(subject, space, name)
    except LabError as error:
        st.caption(f":material/palette: {words.plain(str(error))} Coloured by class meanwhile.")
        return _in_colour(subject, space, "class" if subject.probe.labelled else map_data.PLAIN)


def _in_colour(subject: Subject, space: str, name: str) -> Field:
    if name.startswith(map_columns.PREFIX):
        return map_columns.field(subject.probe, name)
    home, evaluation = state.store().home, subject.evaluation()
    return map_data.field(home, subject.probe, evaluation, space, name, ask=access.is_teacher())


def draw(
    subject: Subject,
    wish: Wish,
    shown: Shown,
    found: Field,
    pin: int | None,
    asked: Asked | None,
    *,
    small: bool,
    link: bool,
) -> None:
    """The map with its slider; the notes come apart. ``link``: with the other maps of the page."""
    probe, evaluation = subject.probe, subject.evaluation()
    near, _ = map_data.nearest(probe, evaluation, wish.space, pin, NEIGHBOURS)
    with st.container(gap=None):  # what brings its files takes no room
        embedding_map(
            map_data.frames(probe, shown.film, wish.space),
            current=evaluation.step,
            ids=probe.ids,
            labels=probe.classes,
            class_names=probe.class_names if probe.labelled else (),
            colours=map_data.colours(found),
            near=_links(subject, wish),
            sheets=_pictures(probe),
            pinned_near=near,
            asked=asked,
            link=LINK if link else None,
            revision=f"{wish.space}-{shown.method}",
            label=f"{shown.method} map of {map_notes.images(probe)} of the run {subject.name}",
            key=subject.key,
            height=480 if small else 560,
        )
    if found.note and found.name != "class":
        st.caption(f"Colour: {found.note}")


def _links(subject: Subject, wish: Wish) -> map_data.Ids | None:
    """The neighbours of every point, where they are there."""
    home, evaluation = state.store().home, subject.evaluation()
    return map_data.links(home, subject.probe, evaluation, wish.space, ask=access.is_teacher())


def links_are_there(subject: Subject, wish: Wish) -> bool:
    """Whether the neighbours of every point are known."""
    return _links(subject, wish) is not None


def _pictures(probe: Probe) -> Sheets | None:
    """The pictures behind the points; a sentence when they are lost."""
    try:
        return map_data.sheets(probe)
    except LabError as error:
        st.warning(f"{words.plain(str(error))} The points are shown without them.", icon=":material/hide_image:")
        return None


def notes(subject: Subject, wish: Wish, shown: Shown) -> None:
    """What is needed to read the map."""
    probe, evaluation = subject.probe, subject.evaluation()
    numbers = map_data.vectors(probe, evaluation, wish.space).shape[1]
    st.caption(map_notes.how(shown, evaluation.step, wish.settings))
    map_notes.numbers(probe, evaluation, shown)
    map_notes.curve(subject.run, state.store(), probe, evaluation)
    st.caption(map_notes.what(probe, evaluation, wish.space, numbers))


def pins(subjects: Sequence[Subject], linked: bool) -> list[int | None]:
    """The pinned point of each map: of linked maps the same picture, where only one of them has a pin."""
    own = [subject.state().pinned for subject in subjects]
    if not linked or len(own) < 2 or all(pin is not None for pin in own):
        return own
    rows = [s.probe.indices[pin] for s, pin in zip(subjects, own, strict=True) if pin is not None]
    return [_place(s.probe, rows[0]) if rows and pin is None else pin for s, pin in zip(subjects, own, strict=True)]


def _place(probe: Probe, row: int) -> int | None:
    """At which place of a map a row of the set lies."""
    return probe.indices.index(row) if row in probe.indices else None
