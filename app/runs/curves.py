"""The curves of runs: brought to the browser as they grow, and drawn so that a viewer's zoom outlives new data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from app.runs import spread
from app.shared import address, charts, formatting, objectives
from app.widgets import live_chart
from byol_core.config.method import WITH_TARGET
from byol_core.embeddings import read_snapshot
from byol_core.errors import LabError
from byol_core.evaluation.intervals import FEW, wilson
from byol_core.health.signs import ALARM, SIGNS
from byol_core.runs import accuracies
from byol_core.runs.run import LIVE, Run
from byol_core.runs.store import RunStore

SPREADS = tuple(spread.KEYS.values())
KEYS = ("loss", "knn_accuracy", *SPREADS, "cross_view_cosine", "learning_rate", "tau")
BASELINES = {"knn_untrained": "untrained (validation)", "knn_pixels": "raw pixels (validation)"}
# Of a long curve that a page opens with; what it grows by comes whole.
MOST_POINTS = 600
AXES, LOG = get_args(charts.Axis), {"x": "log x", "y": "log y"}

Ends = Mapping[str, charts.Point]  # the last point of each curve that is there


def curve_id(run: Run, key: str) -> str:
    """A curve's name in the browser; another attempt, which took back some of it, is another curve."""
    return f"{run.run_id}/{run.attempt}/{key}"


def ends(run: Run, store: RunStore, keys: Sequence[str]) -> dict[str, charts.Point]:
    """The last point of each of these curves that the run has."""
    return {key: last for key in keys if (last := store.latest(run.run_id, key)) is not None}


def feed(runs: Sequence[Run], store: RunStore, keys: Sequence[str]) -> set[str]:
    """Bring the new points of these curves to the browser; says of which of them there were any."""
    had = live_chart.had()
    parts: dict[str, tuple[int, Sequence[charts.Point]]] = {}
    grown = set()
    for run in runs:
        after = {key: had.get(curve_id(run, key), -1) for key in keys}
        fresh = {} if _delivered(run, store, after) else store.curves(run.run_id, after, max_points=MOST_POINTS)
        for key, step in after.items():
            points = fresh.get(key, ())
            parts[curve_id(run, key)] = (step, points)
            grown |= {key} if points else set()
    live_chart.send(parts)
    return grown


def _delivered(run: Run, store: RunStore, had: Mapping[str, int]) -> bool:
    """Whether the run is over, and the browser said that it has all of these curves."""
    if formatting.busy(run):
        return False
    last = _last_steps(run.run_id, run.attempt, run.state, tuple(had), store)
    return all(had[key] >= last[key] for key in had)


@st.cache_data(max_entries=1024, show_spinner=False)
def _last_steps(run_id: str, attempt: int, state: str, keys: tuple[str, ...], _store: RunStore) -> dict[str, int]:
    """Where the curves of a run that is over end; -1 where there is none."""
    return {key: last[0] if (last := _store.latest(run_id, key)) else -1 for key in keys}


def view_choice() -> charts.View:
    """How the viewer wants to see curves, kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with address.one_of("axis", AXES):
            axis = st.segmented_control("Horizontal axis", AXES, required=True, key="axis")
        with address.some_of("scale", list(LOG)):
            scale = st.pills("Scale", list(LOG), selection_mode="multi", format_func=LOG.__getitem__, key="scale")
        smooth = st.slider(
            "Smoothing",
            0.0,
            0.99,
            0.0,
            0.01,
            key="smooth",
            bind="query-params",
            width=200,
            help="A moving average; the share that it keeps from one point to the next. What was measured stays faint "
            "behind it.",
        )
    return charts.View(axis or "epoch", float(smooth), "x" in scale, "y" in scale)


def draw(run: Run, known: Ends, view: charts.View) -> None:
    """All curves of the run; where there is no accuracy, the spread takes its place."""
    if not known:
        _nothing_yet(run)
        return
    spread_key = spread.key(run, known)
    small = [spread_key, *(key for key in _SMALL if key != "tau" or has_target(run))]
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        if reason := no_accuracy(run, known):
            _single(run, known, spread_key, view, 230)
            st.caption(reason)
            small.remove(spread_key)
        else:
            _accuracy(run, known, view)
    with right.container(border=True, height="stretch"):
        _single(run, known, "loss", view, 300)
    with st.grid(len(small), min_column_width=240, gap="medium"):
        for key in small:
            with st.container(border=True):
                _single(run, known, key, view, 190)


@dataclass(frozen=True)
class Look:
    """How a curve is called, explained and colored."""

    title: str
    meaning: str
    color: str


def _meaning(key: str) -> str:
    """A sign of health in a few sentences, for a tooltip."""
    sign = SIGNS[key]
    return f"{sign.sentence} At 0: {sign.zero} Ideal: {sign.ideal} Alarm: {sign.alarm}"


LOOKS = {
    "loss": Look("Loss", "What is minimized.", charts.AMBER),
    "std_ratio": Look("Spread", _meaning("std_ratio"), charts.PETROL),
    "projection_std_ratio": Look("Projection spread", _meaning("std_ratio"), charts.PETROL),
    "cross_view_cosine": Look(SIGNS["cross_view_cosine"].label, _meaning("cross_view_cosine"), charts.PLUM),
    "learning_rate": Look("Learning rate", "How large the steps of the optimizer are.", charts.BLUE),
    "tau": Look("Tau", "How much of the target network is kept at each step; 1 holds it still.", charts.BLUE),
}
_SMALL = ("cross_view_cosine", "learning_rate", "tau")
ALARM_LEVEL = (charts.Level("alarm", ALARM, charts.RED),)
_FEW = (*SPREADS, "cross_view_cosine")  # logged at evaluations only, so each point is marked


def _single(run: Run, known: Ends, key: str, view: charts.View, height: int) -> None:
    look = LOOKS[key]
    st.markdown(f"**{look.title}**", help=objectives.of_run(run).loss if key == "loss" else look.meaning)
    if key not in known:
        st.caption(_why_not(run, key))
        return
    figure = charts.curve(
        curve_id(run, key),
        name=look.title,
        view=view,
        revision=run.run_id,
        height=height,
        color=look.color,
        digits=".4g",
        from_zero=key in SPREADS,
        levels=ALARM_LEVEL if key in SPREADS else (),
        markers=key in _FEW,
    )
    live_chart.live_chart(figure, key=f"chart-{key}")


def _why_not(run: Run, key: str) -> str:
    """Why a run has no such curve."""
    if key == "tau" and (reason := _no_target(run)):
        return reason
    if formatting.busy(run):
        return "It comes with the first look at the test images." if key in _FEW else "It comes with the first steps."
    if key in _FEW:
        return "Not measured: the run ended before its first look at the test images."
    return "Not logged: the run ended before its first logged step."


def _no_target(run: Run) -> str:
    """Why nothing follows slowly in a run whose objective has a target as a rule."""
    method = run.config.get("method", {})
    if not method.get("stop_gradient", True):
        return "There is no tau: with the stop-gradient off, one network is on both sides of the loss."
    if method.get("tau_base") == 0 and method.get("tau_schedule") == "constant":
        return "There is no tau: at a constant 0 the target is the online network itself."
    return ""


def _accuracy(run: Run, known: Ends, view: charts.View) -> None:
    evaluation = run.config.get("evaluation", {})
    judged = f"k = {evaluation.get('k')}, T = {evaluation.get('temperature')}"
    images = accuracies.validation_images(run)
    st.markdown(
        f"**kNN while learning**, on {formatting.count(images) + ' ' if images else ''}validation images",
        help="Of held-out training images (validation, not the test images of the final figure), each is given the "
        f"class of its nearest neighbors in the learned representation ({judged}). The dashed lines are the "
        f"same for the encoder before training and for raw pixels.{_how_far(images)}",
    )
    if "knn_accuracy" not in known:
        st.caption(
            "The first evaluation on the validation images comes soon." if run.state in LIVE else "Not evaluated yet."
        )
        return
    figure = charts.curve(
        curve_id(run, "knn_accuracy"),
        name="validation kNN",
        view=view,
        levels=[charts.Level(name, known[key][3]) for key, name in BASELINES.items() if key in known],
        revision=run.run_id,
        height=300,
        markers=True,
    )
    live_chart.live_chart(figure, key="chart-knn_accuracy")


def _how_far(images: int | None) -> str:
    """How much of the curve's ups and downs may be chance."""
    if not images:
        return ""
    low, high = wilson(0.7 * images, images)
    few = ": too few to tell." if images < FEW else "."
    return f" At 0.70, {formatting.count(images)} images leave an interval of [{low:.2f}, {high:.2f}]{few}"


def no_accuracy(run: Run, known: Ends) -> str:
    """Why the run was judged, and not by its accuracy; nothing when it was, or will be."""
    judged = "std_ratio" in known or run.state == "finished"
    if not judged or "knn_accuracy" in known:
        return ""
    if _labeled(run):
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


def _labeled(run: Run) -> bool:
    """Whether its images have labels, as its probe says."""
    if run.summary.get("knn_accuracy") is not None:
        return True
    with suppress(LabError):
        return read_snapshot(run.folder / "embeddings").labeled
    return False


def _nothing_yet(run: Run) -> None:
    with st.container(border=True, height=240, horizontal_alignment="center", vertical_alignment="center"):
        icon = formatting.LOOKS[run.state].icon
        waiting = run.state in ("queued", "starting", "running")
        text = "The curves begin with the first logged step." if waiting else "This run logged no step."
        st.markdown(f"{icon} {text}", width="content")
