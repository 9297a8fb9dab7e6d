"""The curves of one run: read from the store as they grow, and drawn so that a viewer's zoom outlives new data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import get_args

import streamlit as st

from app import charts, objectives
from app.components import words
from app.components.live_chart import live_chart
from byol_core.embed import read_probe
from byol_core.errors import LabError
from byol_core.health.signs import ALARM, SIGNS
from byol_core.runs.model import LIVE, Run
from byol_core.runs.store import RunStore
from byol_core.settings.method import WITH_TARGET

KEYS = ("loss", "knn_accuracy", "std_ratio", "cross_view_cosine", "learning_rate", "tau")
MOST_POINTS = 600


@dataclass
class Curves:
    """What this browser tab has read of a run so far; each reading asks only for what is new."""

    run_id: str
    attempt: int
    points: dict[str, list[charts.Point]] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)

    def read(self, store: RunStore, keys: Sequence[str] = KEYS) -> None:
        """Add what was logged since the last time, of these curves."""
        missing = [key for key in ("knn_untrained", "knn_pixels") if key not in self.baselines]
        after = {key: have[-1][0] if (have := self.points.get(key)) else -1 for key in keys}
        found = store.curves(self.run_id, after | dict.fromkeys(missing, -1), max_points=MOST_POINTS)
        for key in missing:
            if first := found.pop(key):
                self.baselines[key] = first[0][3]
        for key, new in found.items():
            have = self.points.setdefault(key, [])
            have += new
            if len(have) > 2 * MOST_POINTS:
                self.points[key] = store.series(self.run_id, key, max_points=MOST_POINTS)


def of(run: Run, store: RunStore, keys: Sequence[str] = KEYS) -> Curves:
    """Curves of a run, up to date; a new attempt is read afresh, because it took back what came after its start."""
    known = st.session_state.get("curves")
    if not isinstance(known, Curves) or (known.run_id, known.attempt) != (run.run_id, run.attempt):
        known = Curves(run.run_id, run.attempt)
        st.session_state["curves"] = known
    known.read(store, keys)
    return known


def draw(run: Run, curves: Curves, axis: charts.Axis) -> None:
    """All curves of the run; where there is none, the spread takes the place of the accuracy."""
    if not any(curves.points.values()):
        _nothing_yet(run)
        return
    small = [key for key in _SMALL if key != "tau" or has_target(run)]
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


def _meaning(key: str) -> str:
    """A sign of health in a few sentences, for a tooltip."""
    sign = SIGNS[key]
    return f"{sign.sentence} At 0: {sign.zero} Ideal: {sign.ideal} Alarm: {sign.alarm}"


LOOKS = {
    "loss": Look("Loss", "What is minimised.", charts.AMBER),
    "std_ratio": Look("Spread", _meaning("std_ratio"), charts.PETROL),
    "cross_view_cosine": Look(SIGNS["cross_view_cosine"].label, _meaning("cross_view_cosine"), charts.PLUM),
    "learning_rate": Look("Learning rate", "How large the steps of the optimiser are.", charts.BLUE),
    "tau": Look("Tau", "How much of the target network is kept at each step; 1 holds it still.", charts.BLUE),
}
_SMALL = ("std_ratio", "cross_view_cosine", "learning_rate", "tau")
_FEW = ("std_ratio", "cross_view_cosine")  # logged at evaluations only, so each point is marked


def _single(run: Run, curves: Curves, key: str, axis: charts.Axis, height: int) -> None:
    look, points = LOOKS[key], curves.points[key]
    st.markdown(f"**{look.title}**", help=objectives.of_run(run).loss if key == "loss" else look.meaning)
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
        levels=[charts.Level("alarm", ALARM, charts.RED)] if key == "std_ratio" else [],
        markers=key in _FEW,
    )
    live_chart(figure, key=f"chart-{key}", alt=alt(look.title, points))


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
    live_chart(figure, key="chart-knn_accuracy", alt=alt("kNN accuracy", points))


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


def has_target(run: Run) -> bool:
    """Whether its objective has a second network that follows the first."""
    return objectives.name_of(run) in WITH_TARGET


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


def alt(name: str, points: Sequence[charts.Point]) -> str:
    """What a chart shows, for those who do not see it."""
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
