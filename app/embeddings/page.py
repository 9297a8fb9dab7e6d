"""The Embeddings page: maps of what runs have learned, through time and side by side, with the images behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.embeddings import (
    choices,
    data,
    placement,
    progress,
    selection,
    user_columns,
    view,
)
from app.embeddings import (
    files as map_files,
)
from app.embeddings import (
    panel as map_panel,
)
from app.embeddings.choices import folder
from app.embeddings.timeline import MOST_UNASKED, Shown
from app.embeddings.view import NEIGHBORS, Subject, Wish
from app.shared import access, address, formatting, state
from app.shared.language import _, listing
from app.shared.run_names import unique_names
from byol_core.embeddings.fields import Field
from byol_core.errors import LabError
from byol_core.runs.run import Run

if TYPE_CHECKING:
    from app.shared.streamlit_private import PopoverContainer

EVERY = "map_every_evaluation"
ONE, TWO, NOTES = "map_one", "map_two", "map_notes_"  # by which embedding_map.css knows them
Drawn = tuple[Subject, int | None, Shown, Field]
Selected = tuple[tuple[int, ...], str]


def nothing_here() -> None:
    """No run has anything to show."""
    with st.container(border=True):
        st.header(_("No run to map yet"))
        st.markdown(
            _(
                "Once a run has been evaluated for the first time, its test images appear here as points: "
                "those that the network finds similar lie close together."
            )
        )
        if access.is_teacher():
            st.page_link("train/page.py", label=_("Start a training"), icon=":material/model_training:")


def not_yet(run: Run) -> None:
    """The run has no evaluation to show."""
    with st.container(border=True):
        st.header(_("Nothing to map in this run yet") if formatting.busy(run) else _("This run has nothing to map"))
        if formatting.busy(run):
            st.markdown(_("The map appears after its first evaluation, within the first seconds of training."))
        else:
            why = formatting.plain(formatting.sentence(run))
            st.markdown(listing([_("It ended before its first evaluation."), why], "sentences"))
        st.page_link(
            "runs/page.py", label=_("Open this run"), icon=":material/monitoring:", query_params={"run": run.run_id}
        )


def beside(other: Run | None, name: str) -> list[Subject]:
    """The other run, when it can be shown; otherwise a sentence."""
    if other is None:
        return []
    try:
        snapshot = data.probe_of(folder(other))
    except LabError as error:
        said = _("{name}: {why}", name=formatting.plain(other.name), why=formatting.told(error))
        st.error(said, icon=":material/broken_image:")
        return []
    return [Subject(other, snapshot, choices.EVALUATIONS[1], name)] if snapshot else []


def choose(subject: Subject, top: DeltaGenerator) -> tuple[Wish, str, PopoverContainer]:
    """What of it, how, and in which colors; says also where the downloads go."""
    with top:
        space, method = choices.pick_space(), choices.pick_method()
        settings = choices.pick_settings(method)
        color = choices.pick_color(subject.snapshot, space)
        with st.container(width="content"):
            st.space("small")  # as high as the labels beside it
            popover = st.popover(_("Files"), icon=":material/folder_open:", key="map_files", on_change="rerun")
    whole = len(subject.snapshot) <= MOST_UNASKED or bool(st.session_state.get(EVERY))
    return Wish(space, settings, whole), color, popover


def files(
    popover: PopoverContainer, subjects: Sequence[Subject], wish: Wish, drawn: Sequence[tuple[Shown, Field]]
) -> None:
    """A table in, tables and folders out."""
    with popover:
        for subject, (shown, found) in zip(subjects, drawn, strict=True):
            if len(subjects) > 1:
                st.markdown(f"**{formatting.plain(subject.name)}**")
            map_files.buttons(subject.run, subject.snapshot, subject.evaluation(), wish.space, shown, found)
        map_files.explain()
        user_columns.upload(subjects[0].snapshot)


def maps(subjects: Sequence[Subject], wish: Wish, color: str, places: Sequence[DeltaGenerator]) -> list[Drawn]:
    """Each run's map in its place; a sentence in the place of one that cannot be drawn."""
    linked = view.linked(subjects)
    pins = view.pins(subjects, linked)
    drawn = []
    for subject, place, pin in zip(subjects, places, pins, strict=True):
        with place:
            if len(subjects) > 1:
                st.header(formatting.plain(subject.name))
            try:
                drawn.append(one_map(subject, wish, color, pin, len(subjects) > 1, linked))
            except LabError as error:
                st.error(formatting.told(error), icon=":material/broken_image:")
    return drawn


def one_map(subject: Subject, wish: Wish, color: str, pin: int | None, small: bool, linked: bool) -> Drawn:
    """One map and what is known of it."""
    shown = subject.shown(wish)
    found, why = view.in_color(subject, wish.space, color)
    asked, again = placement.star(subject, wish, shown), progress.again(subject, wish)
    view.draw(subject, wish, shown, found, pin, asked, again=again, small=small, link=linked)
    if why:
        st.caption(f":material/palette: {why}")
    return subject, pin, shown, found


def panel(subject: Subject, wish: Wish, pin: int | None, chosen: Selected, several: bool) -> None:
    """Beside or under a map: what is pinned and what is selected on it."""
    snapshot, evaluation = subject.snapshot, subject.evaluation()
    selected, owner = chosen
    if pin is None and not selected:
        if not several:
            with st.container(border=True):
                map_panel.hint(snapshot)
        return
    if pin is not None:
        with st.container(border=True):
            near, distances = data.nearest(snapshot, evaluation, wish.space, pin, NEIGHBORS)
            map_panel.picture(snapshot, pin, near, distances)
    if selected:
        selection.draw(snapshot, selected, subject.key, owner)


def explore(subjects: list[Subject], top: DeltaGenerator) -> None:
    """The maps of runs with evaluations; ``top`` is the row of choices."""
    wish, color, popover = choose(subjects[0], top)
    several = len(subjects) > 1
    with st.container(key=TWO if several else ONE):
        columns = st.columns(2, gap="medium") if several else st.columns([7, 3], gap="medium")
        drawn = maps(subjects, wish, color, columns[: len(subjects)])
        below = st.columns(2, gap="medium") if several else columns
        read(subjects, drawn, wish, below)
        with st.container() if several else below[1]:
            placement.draw([(subject, shown) for subject, _pin, shown, _color in drawn], wish)
        with below[0] if several else below[1]:
            progress.every(subjects, wish, EVERY)
    if popover.open:
        files(popover, [one[0] for one in drawn], wish, [one[2:] for one in drawn])
    progress.trouble()
    progress.watch([(subject, shown) for subject, _pin, shown, _color in drawn], wish)


def read(subjects: Sequence[Subject], drawn: Sequence[Drawn], wish: Wish, columns: Sequence[DeltaGenerator]) -> None:
    """What is pinned and selected, and what is needed to read the maps: of two maps after both, also on a phone."""
    several = len(subjects) > 1
    chosen = view.selections(subjects, view.linked(subjects))
    for subject, pin, shown, _color in drawn:
        place = columns[subjects.index(subject)]
        if several:
            place.markdown(f"**{formatting.plain(subject.name)}**")
        with place if several else columns[1]:
            panel(subject, wish, pin, chosen[subjects.index(subject)], several)
        with place, st.container(key=f"{NOTES}{subject.key}"):
            view.notes(subject, wish, shown)


@st.fragment
@state.in_words()
def page() -> None:
    """Everything: a choice redraws it without the rest of the app."""
    address.catch_up()
    choices.recall()
    asked, beside_asked = choices.asked_for(choices.RUN), choices.asked_for(choices.OTHER)
    runs = choices.mapped(asked, beside_asked)
    if not runs:
        nothing_here()
        return
    top = st.container(horizontal=True, gap="xsmall")
    with top:
        run = choices.pick_run(runs, asked)
        other = choices.pick_other(runs, run, beside_asked)
    choices.remember()
    try:
        snapshot = data.probe_of(folder(run))
    except LabError as error:
        st.error(formatting.told(error), icon=":material/broken_image:")
        return
    if snapshot is None:
        not_yet(run)
        progress.for_first(run)
        return
    names = unique_names([run, other] if other else [run])
    explore([Subject(run, snapshot, choices.EVALUATIONS[0], names[0]), *beside(other, names[-1])], top)


st.title(_("Embeddings"))
page()
