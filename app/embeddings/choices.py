"""The choices above the map: which run, beside which other one, what of it, how, and in which colors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import streamlit as st

from app.embeddings import data, user_columns
from app.shared import access, address, formatting, sign_in, state
from app.shared.language import N_, _, tell
from app.shared.run_names import unique_names
from byol_core.embeddings import METHODS, SPACES, MapSettings, Snapshot, fields, has_snapshot
from byol_core.errors import LabError
from byol_core.runs.run import Run

PICKED, BESIDE = "embeddings_run", "embeddings_beside"
LEFT = "embeddings_left"  # the runs that the address named when the page was left
# Their names in the address, and those of the evaluation that each shows.
RUN, OTHER = "run", "with"
EVALUATIONS = ("evaluation", "evaluation_with")
USUAL = "UMAP"  # what is shown first
COMPUTE = "compute maps with other settings"
SPACE_TITLES = {"representation": N_("Representation"), "projection": N_("Projection"), "pixels": N_("Pixels")}
SPACE_HELP = N_(
    "**Representation**: the encoder's output, which is what training is for.  \n"
    "**Projection**: the projector's output, where the loss is computed.  \n"
    "**Pixels**: the raw image itself, to see what training added."
)
METHOD_HELP = N_(
    "**PCA**: available at once; the two directions of largest variance, so large distances mean something.  \n"
    "**UMAP**, **t-SNE**: which images are neighbors; computed in the background, with PCA shown meanwhile.  \n"
    "**densMAP**: UMAP that preserves how dense neighborhoods are."
)


def folder(run: Run) -> Path:
    """Where a run keeps its representations."""
    return run.folder / "embeddings"


def recall() -> None:
    """Begin with the runs that stood here last, when the address names none."""
    if RUN in st.query_params or OTHER in st.query_params:
        return
    there = {run.run_id for run in state.store().runs()} if (left := st.session_state.get(LEFT)) else set()
    for name, run_id in (left or {}).items():
        if run_id in there:
            st.query_params[name] = run_id


def remember() -> None:
    """Keep which runs the address names: it is another one on the next page."""
    st.session_state[LEFT] = {name: st.query_params[name] for name in (RUN, OTHER) if name in st.query_params}


def asked_for(name: str) -> str | None:
    """The id of the run in the address; a sentence when there is no such run."""
    ref = st.query_params.get(name)
    try:
        return state.store().get(ref).run_id if ref else None
    except LabError as error:
        st.warning(formatting.plain(tell(error)), icon=":material/link_off:")
        return None


def mapped(*asked: str | None) -> dict[str, Run]:
    """The runs that have something to map, will have, or were asked for."""
    runs = state.store().runs()
    return {run.run_id: run for run in runs if has_snapshot(folder(run)) or formatting.busy(run) or run.run_id in asked}


def named(runs: Mapping[str, Run]) -> dict[str, str]:
    """A label for each; options of one label would be taken for each other."""
    names = dict(zip(runs, unique_names(list(runs.values())), strict=True))
    return {
        run_id: f"{names[run_id]} · {formatting.data_name(run)} · {tell(formatting.LOOKS[run.state].label)}"
        for run_id, run in runs.items()
    }


def pick_run(runs: Mapping[str, Run], asked: str | None) -> Run:
    """Choose one; the address follows the choice."""
    newest = next((run_id for run_id, run in runs.items() if has_snapshot(folder(run))), next(iter(runs)))
    st.session_state[PICKED] = before = asked or newest

    def follow() -> None:
        chosen = st.session_state[PICKED]
        address.write(**{RUN: chosen})
        if st.query_params.get(OTHER) == chosen:  # it stood beside this one: they change places
            address.write(**{OTHER: before})
        remember()

    label = named(runs).__getitem__
    return runs[st.selectbox(_("Run"), list(runs), key=PICKED, format_func=label, on_change=follow, width=205)]


def pick_other(runs: Mapping[str, Run], run: Run, asked: str | None) -> Run | None:
    """Choose one to stand beside it, or none; the address follows the choice."""
    others = {run_id: other for run_id, other in runs.items() if run_id != run.run_id and has_snapshot(folder(other))}
    st.session_state[BESIDE] = asked if asked in others else None

    def follow() -> None:
        address.write(**{OTHER: st.session_state[BESIDE]})
        remember()

    chosen = st.selectbox(
        _("Compare with"),
        list(others),
        index=None,
        key=BESIDE,
        format_func=named(others).__getitem__ if others else str,
        on_change=follow,
        width=125,
        placeholder=_("another run") if others else _("none yet"),
        disabled=not others,
        help=_("Two maps side by side. Where both show an image, pointing at it in one marks it in the other."),
    )
    return others[chosen] if chosen else None


def pick_space() -> str:
    """Which vectors are mapped."""
    with address.one_of("space", SPACES):
        space = st.segmented_control(
            _("What is mapped"),
            SPACES,
            format_func=lambda space: tell(SPACE_TITLES[space]),
            required=True,
            key="space",
            help=tell(SPACE_HELP),
        )
    return space or SPACES[0]


def pick_method() -> str:
    """How the vectors come to places."""
    method = st.segmented_control(
        _("Method"), METHODS, default=USUAL, required=True, key="method", bind="query-params", help=tell(METHOD_HELP)
    )
    return method or USUAL


def pick_settings(method: str) -> MapSettings:
    """What the method depends on, taken over on demand: each choice is a computation of its own."""
    usual = MapSettings(method=method)
    if method == "PCA":
        return usual
    with st.container(width="content"):
        st.space("small")  # as high as the labels beside it
        popover = st.popover(_("Settings"), icon=":material/tune:", key="map_settings")
    with popover, st.form("map_settings_form", border=False):
        settings = _tsne(usual) if method == "t-SNE" else _umap(usual)
        teacher = access.is_teacher()
        st.form_submit_button(_("Compute the map"), type="primary", width="stretch", disabled=not teacher)
        if not teacher:
            sign_in.ask(COMPUTE)
    return settings


def _umap(usual: MapSettings) -> MapSettings:
    neighbors = st.slider(
        _("Neighbors"),
        2,
        100,
        usual.neighbors,
        key="neighbors",
        bind="query-params",
        help=_("Few show detail, many show the overall structure."),
    )
    distance = st.slider(
        _("Minimum distance"),
        0.0,
        0.99,
        usual.min_dist,
        0.01,
        key="min_dist",
        bind="query-params",
        help=_("How close points may lie: small values pack clusters tightly."),
    )
    return MapSettings(usual.method, neighbors=neighbors, min_dist=distance, seed=_seed(usual))


def _tsne(usual: MapSettings) -> MapSettings:
    perplexity = st.slider(
        _("Perplexity"),
        5.0,
        100.0,
        usual.perplexity,
        1.0,
        key="perplexity",
        bind="query-params",
        help=_("About how many neighbors a point has. With few images less is used."),
    )
    return MapSettings(usual.method, perplexity=perplexity, seed=_seed(usual))


def _seed(usual: MapSettings) -> int:
    seed = st.number_input(
        _("Seed"),
        0,
        2**31 - 1,
        usual.seed,
        key="map_seed",
        bind="query-params",
        help=_("From the same start the same seed gives the same map; another one shows what is due to chance."),
    )
    return int(seed)


def pick_color(snapshot: Snapshot, space: str) -> str:
    """The name of what the points are colored by."""
    ours = {name: tell(title) for name, title in fields(snapshot, snapshot.evaluations[-1], space)}
    known = ours | user_columns.titles()
    if not snapshot.labeled:
        known = {data.PLAIN: _("Nothing")} | known
    with address.one_of("color", list(known)):
        return st.selectbox(
            _("Color by"),
            list(known),
            key="color",
            format_func=known.__getitem__,
            width=140,
            help=_(
                "Groups, each in a color of its own, or a number from low to high. *Files* takes columns of your own."
            ),
        )


def common(first: Snapshot, second: Snapshot) -> bool:
    """Whether both show images of the same set: the rows that both have are of the same class."""
    if first.source != second.source:
        return False
    rows, one, two = np.intersect1d(first.ids, second.ids, assume_unique=True, return_indices=True)
    return len(rows) > 0 and bool((first.classes[one] == second.classes[two]).all())
