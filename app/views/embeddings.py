"""The Embeddings page: a map of what a run has learned, with the pictures behind the points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import access, crowd, state
from app.components import map_data, map_panel, words
from app.components.compare_tables import unique_names
from app.components.embedding_map import Sheet, embedding_map, pinned
from byol_core.embed import SPACES, Evaluation, MapJob, Probe, UmapSettings, has_probe, read_probe
from byol_core.embed.probe import Matrix
from byol_core.errors import LabError
from byol_core.runs.model import Run

NEIGHBOURS = 9
PICKED = "embeddings_run"
METHODS = ("PCA", "UMAP")
SPACE_HELP = (
    "**Representation**: what the encoder makes of an image; training is for this.  \n"
    "**Projection**: after the projector, where the loss is computed.  \n"
    "**Raw pixels**: the image itself, to see what training added."
)
KNN_HELP = "On held-out training images, while the run learns. The run's final number is on the test images."
store = state.store()


def folder(run: Run) -> Path:
    """Where a run keeps its representations."""
    return run.folder / "embeddings"


def asked_for() -> str | None:
    """The id of the run in the address; a sentence when there is no such run."""
    ref = st.query_params.get("run")
    try:
        return store.get(ref).run_id if ref else None
    except LabError as error:
        st.warning(words.plain(str(error)), icon=":material/link_off:")
        return None


def pick_run(asked: str | None) -> Run | None:
    """Choose among the runs that have something to map, or will have; the address follows the choice."""
    mapped = {
        run.run_id: run for run in store.runs() if has_probe(folder(run)) or words.busy(run) or run.run_id == asked
    }
    if not mapped:
        return None
    newest = next((run_id for run_id, run in mapped.items() if has_probe(folder(run))), next(iter(mapped)))
    st.session_state[PICKED] = asked or newest

    def follow() -> None:
        st.query_params["run"] = st.session_state[PICKED]

    # Options of one label would be taken for each other.
    names = dict(zip(mapped, unique_names(list(mapped.values())), strict=True))

    def label(run_id: str) -> str:
        run = mapped[run_id]
        return f"{names[run_id]} · {words.data_name(run)} · {words.LOOKS[run.state].label.lower()}"

    chosen = st.selectbox("Run", list(mapped), key=PICKED, format_func=label, on_change=follow, width=340)
    return mapped[chosen]


def pick_evaluation(probe: Probe) -> Evaluation:
    """A slider over the evaluations; whoever looks at the newest goes on doing so when a newer one comes."""
    steps = [evaluation.step for evaluation in probe.evaluations]
    if len(steps) == 1:
        return probe.evaluations[0]
    if st.session_state.get("evaluation") in (None, st.session_state.get("newest_evaluation")):
        st.session_state["evaluation"] = steps[-1]
    st.session_state["newest_evaluation"] = steps[-1]
    chosen = st.select_slider(
        "Evaluation",
        steps,
        key="evaluation",
        format_func=names_of(probe).__getitem__,
        bind="query-params",
        help="At each evaluation the test images went through the network as it was. Drag to see it learn.",
    )
    return probe.evaluation(chosen)


def names_of(probe: Probe) -> dict[int, str]:
    """A name for the step of each evaluation; the address carries it, so no two may be the same."""
    names = {evaluation.step: f"epoch {round(evaluation.epoch, 2):g}" for evaluation in probe.evaluations}
    return names if len(set(names.values())) == len(names) else {step: f"step {step}" for step in names}


def pick_umap() -> UmapSettings:
    """What UMAP depends on, taken over on demand: each choice is a computation of its own."""
    usual = UmapSettings()
    with st.container(width="content"):
        st.space("small")  # as high as the labels beside it
        popover = st.popover("UMAP settings", icon=":material/tune:")
    with popover, st.form("umap", border=False):
        neighbours = st.slider(
            "Neighbours",
            2,
            100,
            usual.n_neighbors,
            key="neighbours",
            bind="query-params",
            help="Few show detail, many show the whole.",
        )
        distance = st.slider(
            "Minimum distance",
            0.0,
            0.99,
            usual.min_dist,
            0.01,
            key="min_dist",
            bind="query-params",
            help="How close points may lie: small values pack clusters tightly.",
        )
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            usual.seed,
            key="map_seed",
            bind="query-params",
            help="The same seed gives the same map; another one shows what is chance.",
        )
        teacher = access.is_teacher()
        why = None if teacher else access.refusal("compute maps with other settings")
        st.form_submit_button("Compute the map", type="primary", width="stretch", disabled=not teacher, help=why)
    return UmapSettings(neighbours, distance, seed)


def nothing_here() -> None:
    """No run has anything to show."""
    with st.container(border=True):
        st.subheader("No run to map yet")
        st.markdown(
            "Once a run has been evaluated for the first time, its test images appear here as points: "
            "those that the network finds alike lie close together."
        )
        if access.is_teacher():
            st.page_link("views/train.py", label="Start a training", icon=":material/model_training:")


def not_yet(run: Run) -> None:
    """The run has no evaluation to show."""
    with st.container(border=True):
        st.subheader("Nothing to map in this run yet" if words.busy(run) else "This run has nothing to map")
        if words.busy(run):
            st.markdown("The map appears after its first evaluation, within the first seconds of training.")
        else:
            st.markdown(f"It ended before its first evaluation. {words.plain(words.sentence(run))}")
        st.page_link(
            "views/runs.py", label="Open this run", icon=":material/monitoring:", query_params={"run": run.run_id}
        )


def watch(run: Run, evaluations: int, job: MapJob | None) -> None:
    """Look again until there is something new to draw, then draw the page anew; a run that is over may be resumed."""

    @crowd.live(slow=1.0 if job or words.busy(run) else crowd.IDLE)
    def look() -> None:
        try:
            now = len(read_probe(folder(run)).evaluations) if has_probe(folder(run)) else 0
            goes_on = words.busy(store.get(run.run_id))
        except LabError:
            now, goes_on = evaluations, False
        if (now, goes_on) != (evaluations, words.busy(run)):
            st.rerun()
        if job:
            follow_map(run)

    look()


def follow_map(run: Run) -> None:
    """How far the UMAP is; the page is drawn anew when it is over."""
    probe = read_probe(folder(run))
    _, job = map_data.umap(probe, *st.session_state["umap_of"])
    if job.state in ("ready", "failed"):
        st.rerun()
    st.progress(job.share, f"{words.plain(job.message)} … PCA meanwhile.")


@dataclass(frozen=True)
class Places:
    """Where the points lie, how to read that, and what is still to be waited for."""

    xy: Matrix
    note: str
    job: MapJob | None = None

    @property
    def method(self) -> str:
        """What is drawn, PCA while UMAP is being made."""
        return "UMAP" if self.note.startswith("UMAP") else "PCA"


def place(probe: Probe, evaluation: Evaluation, space: str, method: str, settings: UmapSettings) -> Places:
    """The places by the chosen method, or by PCA as long as they are not there."""
    projection = map_data.pca(probe, evaluation, space)
    job = None
    if method == "UMAP":
        retry = st.session_state.pop("umap_again", False)
        xy, job = map_data.umap(probe, evaluation, space, settings, retry=retry)
        if xy is not None:
            return Places(xy, map_panel.umap_note(settings))
    return Places(projection.xy, map_panel.pca_note(projection), job)


def show_failed(job: MapJob) -> None:
    """Why there is no UMAP."""

    def again() -> None:
        st.session_state["umap_again"] = True

    st.error(f"{words.plain(job.message)} PCA is shown.", icon=":material/error:")
    st.button("Try again", on_click=again, icon=":material/refresh:")


def show_progress(
    run: Run, probe: Probe, places: Places, evaluation: Evaluation, space: str, settings: UmapSettings
) -> None:
    """What the page waits for: a UMAP, or the next evaluation of a run at work."""
    job = places.job
    if job and job.state == "failed":
        show_failed(job)
        job = None
    if job:
        st.session_state["umap_of"] = (evaluation, space, settings)
    watch(run, len(probe.evaluations), job)


def draw(run: Run, probe: Probe, evaluation: Evaluation, space: str, places: Places) -> None:
    """The map with its legend and notes."""
    vectors = map_data.vectors(probe, evaluation, space)
    key = map_key(run)
    near, _ = map_data.neighbours(vectors, pinned(key, len(probe)), NEIGHBOURS)
    embedding_map(
        map_data.points(probe, places.xy),
        pictures(probe),
        near=near,
        revision=f"{space}-{places.method}",
        key=key,
        label=f"{places.method} map of {len(probe)} test images of the run {run.name}",
    )
    st.caption(f"{map_panel.note(probe, evaluation, space, vectors)}  \n{places.note}")


def map_key(run: Run) -> str:
    """A map of its own for each run: what is pinned or hidden belongs to it."""
    return f"map-{run.run_id}"


def pictures(probe: Probe) -> Sheet | None:
    """The pictures behind the points; a sentence when they are lost."""
    try:
        return map_data.sheet(probe)
    except LabError as error:
        st.warning(f"{words.plain(str(error))} The points are shown without them.", icon=":material/hide_image:")
        return None


def show_pinned(run: Run, probe: Probe, evaluation: Evaluation, space: str) -> None:
    """The pinned picture and those nearest to it, or how to pin one."""
    pin = pinned(map_key(run), len(probe))
    with st.container(border=True):
        if pin is None:
            map_panel.hint(probe)
        else:
            vectors = map_data.vectors(probe, evaluation, space)
            map_panel.picture(probe, pin, *map_data.neighbours(vectors, pin, NEIGHBOURS))


def explore(run: Run, probe: Probe, top: DeltaGenerator) -> None:
    """The map of a run with evaluations; ``top`` is the row of choices."""
    with top:
        space, method = pick_space(), pick_method()
        settings = pick_umap() if method == "UMAP" else UmapSettings()
    left, right = st.columns([7, 3], gap="medium")
    with right:
        evaluation = pick_evaluation(probe)
        if evaluation.knn_accuracy is not None:
            st.markdown(f"kNN accuracy at this evaluation: **{words.number(evaluation.knn_accuracy)}**", help=KNN_HELP)
    try:
        places = place(probe, evaluation, space, method, settings)
        with left:
            draw(run, probe, evaluation, space, places)
        with right:
            show_progress(run, probe, places, evaluation, space, settings)
            show_pinned(run, probe, evaluation, space)
    except LabError as error:
        left.error(words.plain(str(error)), icon=":material/broken_image:")


def pick_space() -> str:
    """Which vectors are mapped."""
    space = st.segmented_control(
        "What is mapped",
        SPACES,
        default=SPACES[0],
        format_func=map_panel.SPACE_TITLES.__getitem__,
        required=True,
        key="space",
        bind="query-params",
        help=SPACE_HELP,
    )
    return space or SPACES[0]


def pick_method() -> str:
    """How the vectors come to places."""
    method = st.segmented_control(
        "How",
        METHODS,
        default=METHODS[0],
        required=True,
        key="method",
        bind="query-params",
        help="PCA is there at once and keeps large distances; UMAP takes some seconds and shows neighbourhoods.",
    )
    return method or METHODS[0]


@st.fragment
@state.in_words()
def page() -> None:
    """Everything: a choice draws it anew without the rest of the app."""
    asked = asked_for()
    top = st.container(horizontal=True)
    with top:
        run = pick_run(asked)
    if run is None:
        nothing_here()
        return
    try:
        probe = read_probe(folder(run)) if has_probe(folder(run)) else None
    except LabError as error:
        st.error(words.plain(str(error)), icon=":material/broken_image:")
        return
    if probe and probe.evaluations:
        explore(run, probe, top)
        return
    not_yet(run)
    watch(run, 0, None)


st.title("Embeddings")
page()
