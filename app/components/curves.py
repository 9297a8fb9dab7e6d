"""The curves of one run: read from the store as they grow, and drawn so that a viewer's zoom outlives new data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import get_args

import streamlit as st

from app import charts
from app.components import words
from app.components.live_chart import live_chart
from byol_core.embed import read_probe
from byol_core.errors import LabError
from byol_core.runs.model import LIVE, Run
from byol_core.runs.store import RunStore

KEYS = ("loss", "knn_accuracy", "std_ratio", "cross_view_cosine", "learning_rate", "tau")
MOST_POINTS = 600


@dataclass
class Curves:
    """What this browser tab has read of a run so far; each reading asks only for what is new."""

    run_id: str
    attempt: int
    points: dict[str, list[charts.Point]] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)

    def read(self, store: RunStore) -> None:
        """Add what was logged since the last time."""
        for key in KEYS:
            have = self.points.setdefault(key, [])
            have += store.series(self.run_id, key, after_step=have[-1][0] if have else -1, max_points=MOST_POINTS)
            if len(have) > 2 * MOST_POINTS:
                self.points[key] = store.series(self.run_id, key, max_points=MOST_POINTS)
        for key in ("knn_untrained", "knn_pixels"):
            if key not in self.baselines and (first := store.series(self.run_id, key, max_points=2)):
                self.baselines[key] = first[0][3]


def of(run: Run, store: RunStore) -> Curves:
    """The curves of a run, up to date; a new attempt is read afresh, because it took back what came after its start."""
    known = st.session_state.get("curves")
    if not isinstance(known, Curves) or (known.run_id, known.attempt) != (run.run_id, run.attempt):
        known = Curves(run.run_id, run.attempt)
        st.session_state["curves"] = known
    known.read(store)
    return known


def draw(run: Run, curves: Curves, axis: charts.Axis) -> None:
    """All curves of the run; where there is none, the spread takes the place of the accuracy."""
    if not any(curves.points.values()):
        _nothing_yet(run)
        return
    small = list(_SMALL)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        if reason := no_accuracy(run, curves):
            _single(run, curves, "std_ratio", axis, 230)
            st.caption(reason)
            small.remove("std_ratio")
        else:
            _accuracy(run, curves, axis)
    with right.container(border=True, height="stretch"):
        _single(run, curves, "loss", axis, 300)
    with st.grid(len(small), min_column_width=240, gap="medium"):
        for key in small:
            with st.container(border=True):
                _single(run, curves, key, axis, 190)


@dataclass(frozen=True)
class Look:
    """How a curve is called, explained and coloured."""

    title: str
    meaning: str
    colour: str


LOOKS = {
    "loss": Look(
        "Loss",
        "What is minimised: 0 when the other view is predicted exactly, about 4 for a blind guess, 8 at worst. "
        "A low loss alone proves nothing: a collapsed network has it too.",
        charts.AMBER,
    ),
    "std_ratio": Look(
        "Spread",
        "How evenly the representations spread over the sphere: near 1 is healthy, 0 means that all images "
        "look alike to the network (collapse).",
        charts.PETROL,
    ),
    "cross_view_cosine": Look(
        "Agreement of views",
        "Cosine between the two views of one image: 1 when they are represented alike.",
        charts.PLUM,
    ),
    "learning_rate": Look("Learning rate", "How large the steps of the optimiser are.", charts.BLUE),
    "tau": Look("Tau", "How much of the target network is kept at each step; 1 holds it still.", charts.BLUE),
}
_SMALL = ("std_ratio", "cross_view_cosine", "learning_rate", "tau")
_FEW = ("std_ratio", "cross_view_cosine")  # logged at evaluations only, so each point is marked


def _single(run: Run, curves: Curves, key: str, axis: charts.Axis, height: int) -> None:
    look, points = LOOKS[key], curves.points[key]
    st.markdown(f"**{look.title}**", help=look.meaning)
    if not points:
        st.caption("Not logged yet.")
        return
    figure = charts.curve(
        points,
        name=look.title,
        axis=axis,
        revision=f"{run.run_id}-{axis}",
        height=height,
        colour=look.colour,
        digits=".4g",
        from_zero=key == "std_ratio",
        markers=key in _FEW,
    )
    live_chart(figure, key=f"chart-{key}", alt=_alt(look.title, points))


def _accuracy(run: Run, curves: Curves, axis: charts.Axis) -> None:
    evaluation = run.config.get("evaluation", {})
    judged = f"k = {evaluation.get('k')}, T = {evaluation.get('temperature')}"
    st.markdown(
        "**kNN accuracy while learning**",
        help="Of held-out training images (validation), each is given the "
        f"class of its nearest neighbours in the learned representation ({judged}). The dashed lines are the "
        "same for the encoder before training and for raw pixels.",
    )
    points = curves.points["knn_accuracy"]
    if not points:
        st.caption("The first look at the held-out images comes soon." if run.state in LIVE else "Not judged yet.")
        return
    names = {"knn_untrained": "untrained encoder", "knn_pixels": "raw pixels"}
    levels = [charts.Level(names[key], value) for key, value in curves.baselines.items()]
    figure = charts.curve(
        points,
        name="validation kNN",
        axis=axis,
        levels=levels,
        revision=f"{run.run_id}-{axis}",
        height=300,
        markers=True,
    )
    live_chart(figure, key="chart-knn_accuracy", alt=_alt("kNN accuracy", points))


def no_accuracy(run: Run, curves: Curves) -> str:
    """Why the run was judged, and not by its accuracy; nothing when it was, or will be."""
    judged = bool(curves.points["std_ratio"]) or run.state == "finished"
    if not judged or curves.points["knn_accuracy"]:
        return ""
    if _labelled(run):
        share = run.config.get("data", {}).get("validation", 0.0)
        return (
            f"No training images are held out (data.validation is {share:g}), so there is no accuracy while it "
            "learns; the test figure comes at the end."
        )
    return (
        "These images have no labels, and kNN accuracy needs them. The run learns just the same: judge it by this "
        "spread, which should stay well above 0, and by its map."
    )


def _labelled(run: Run) -> bool:
    """Whether its images have labels, as its probe says."""
    if run.summary.get("knn_accuracy") is not None:
        return True
    with suppress(LabError):
        return read_probe(run.folder / "embeddings").labelled
    return False


def _nothing_yet(run: Run) -> None:
    with st.container(border=True, height=240, horizontal_alignment="center", vertical_alignment="center"):
        icon = words.LOOKS[run.state].icon
        waiting = run.state in ("queued", "starting", "running")
        text = "The curves begin with the first logged step." if waiting else "This run logged no step."
        st.markdown(f"{icon} {text}", width="content")


def _alt(name: str, points: Sequence[charts.Point]) -> str:
    return f"{name}: {points[0][3]:.3g} at first, {points[-1][3]:.3g} at step {points[-1][0]}"


def axis_choice() -> charts.Axis:
    """The horizontal axis that the viewer wants, kept in the address."""
    chosen = st.segmented_control(
        "Horizontal axis",
        get_args(charts.Axis),
        default="epoch",
        required=True,
        key="axis",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or "epoch"
