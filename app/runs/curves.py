"""The curves of runs: brought to the browser as they grow, and drawn so that a viewer's zoom outlives new data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from app.runs import spread
from app.shared import address, charts, formatting, objectives
from app.shared.language import N_, _, listing, n_, tell
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
BASELINES = {"knn_untrained": N_("untrained (validation)"), "knn_pixels": N_("raw pixels (validation)")}
# Of a long curve that a page opens with; what it grows by comes whole.
MOST_POINTS = 600
AXES: Mapping[charts.Axis, str] = {"epoch": N_("epoch"), "step": N_("step"), "time": N_("time")}
LOG = {"x": N_("log x"), "y": N_("log y")}

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
        with address.one_of("axis", list(AXES)):
            axis = st.segmented_control(
                _("Horizontal axis"),
                list(AXES),
                required=True,
                format_func=lambda axis: tell(AXES[axis]),
                key="axis",
            )
        with address.some_of("scale", list(LOG)):
            scale = st.pills(
                _("Scale"),
                list(LOG),
                selection_mode="multi",
                format_func=lambda scale: tell(LOG[scale]),
                key="scale",
            )
        smooth = st.slider(
            _("Smoothing"),
            0.0,
            0.99,
            0.0,
            0.01,
            key="smooth",
            bind="query-params",
            width=200,
            help=_(
                "A moving average; the share that it keeps from one point to the next. The measured values stay faint "
                "behind it."
            ),
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
    """How a curve is called, colored and explained: in a sentence, or as the sign of health that it is of."""

    title: str
    color: str
    meaning: str = ""
    sign: str = ""


LOOKS = {
    "loss": Look(N_("Loss"), charts.AMBER, N_("What is minimized.")),
    "std_ratio": Look(N_("Spread"), charts.PETROL, sign="std_ratio"),
    "projection_std_ratio": Look(N_("Projection spread"), charts.PETROL, sign="std_ratio"),
    "cross_view_cosine": Look(SIGNS["cross_view_cosine"].label, charts.PLUM, sign="cross_view_cosine"),
    "learning_rate": Look(N_("Learning rate"), charts.BLUE, N_("How large the steps of the optimizer are.")),
    "tau": Look(N_("Tau"), charts.BLUE, N_("How much of the target network is kept at each step; 1 freezes it.")),
}
_SMALL = ("cross_view_cosine", "learning_rate", "tau")
_FEW = (*SPREADS, "cross_view_cosine")  # logged at evaluations only, so each point is marked


def alarm_level(level: float = ALARM) -> tuple[charts.Level, ...]:
    """The line of a sign's alarm; that of the spread to begin with."""
    return (charts.Level(_("alarm"), level, charts.RED),)


def _meaning(look: Look) -> str:
    """A curve in a few sentences, for a tooltip."""
    if not look.sign:
        return tell(look.meaning)
    sign = SIGNS[look.sign]
    return _(
        "{sentence} At 0: {zero} Ideal: {ideal} Alarm: {alarm}",
        sentence=tell(sign.sentence),
        zero=tell(sign.zero),
        ideal=tell(sign.ideal),
        alarm=tell(sign.alarm),
    )


def _single(run: Run, known: Ends, key: str, view: charts.View, height: int) -> None:
    look = LOOKS[key]
    title = tell(look.title)
    st.markdown(f"**{title}**", help=tell(objectives.of_run(run).loss) if key == "loss" else _meaning(look))
    if key not in known:
        st.caption(_why_not(run, key))
        return
    figure = charts.curve(
        curve_id(run, key),
        name=title,
        view=view,
        revision=run.run_id,
        height=height,
        color=look.color,
        digits=".4g",
        from_zero=key in SPREADS,
        levels=alarm_level() if key in SPREADS else (),
        markers=key in _FEW,
    )
    live_chart.live_chart(figure, key=f"chart-{key}")


def _why_not(run: Run, key: str) -> str:
    """Why a run has no such curve."""
    if key == "tau" and (reason := _no_target(run)):
        return reason
    if formatting.busy(run):
        soon = _("It appears with the first steps.")
        return _("It appears after the first evaluation on the test images.") if key in _FEW else soon
    if key in _FEW:
        return _("Not measured: the run ended before its first evaluation.")
    return _("Not logged: the run ended before its first logged step.")


def _no_target(run: Run) -> str:
    """Why nothing follows slowly in a run whose objective has a target as a rule."""
    method = run.config.get("method", {})
    if not method.get("stop_gradient", True):
        return _("There is no tau: with the stop-gradient off, one network is on both sides of the loss.")
    if method.get("tau_base") == 0 and method.get("tau_schedule") == "constant":
        return _("There is no tau: at a constant 0 the target is the online network itself.")
    return ""


def _accuracy(run: Run, known: Ends, view: charts.View) -> None:
    images = accuracies.validation_images(run)
    st.markdown(_accuracy_title(images), help=_how_judged(run, images))
    if "knn_accuracy" not in known:
        soon = _("The first evaluation on the validation images comes soon.")
        st.caption(soon if run.state in LIVE else _("Not evaluated yet."))
        return
    figure = charts.curve(
        curve_id(run, "knn_accuracy"),
        name=_("validation kNN"),
        view=view,
        levels=[charts.Level(tell(name), known[key][3]) for key, name in BASELINES.items() if key in known],
        revision=run.run_id,
        height=300,
        markers=True,
    )
    live_chart.live_chart(figure, key="chart-knn_accuracy")


def _accuracy_title(images: int | None) -> str:
    if not images:
        return _("**kNN while learning**, on validation images")
    return n_(
        "**kNN while learning**, on {n} validation image",
        "**kNN while learning**, on {n} validation images",
        images,
        n=formatting.count(images),
    )


def _how_judged(run: Run, images: int | None) -> str:
    """What the curve is, for a tooltip."""
    evaluation = run.config.get("evaluation", {})
    what = _(
        "Of held-out training images (validation, not the test images of the final figure), each is given the class of "
        "its nearest neighbors in the learned representation (k = {k}, T = {temperature}). The dashed lines are the "
        "same for the encoder before training and for raw pixels.",
        k=evaluation.get("k"),
        temperature=evaluation.get("temperature"),
    )
    return listing([what, _how_far(images)], "sentences") if images else what


def _how_far(images: int) -> str:
    """How much of the curve's ups and downs may be chance."""
    low, high = wilson(0.7 * images, images)
    known = {"n": formatting.count(images), "low": low, "high": high}
    if images < FEW:
        return n_(
            "At 0.70, {n} image leaves an interval of [{low:.2f}, {high:.2f}]: too few to tell.",
            "At 0.70, {n} images leave an interval of [{low:.2f}, {high:.2f}]: too few to tell.",
            images,
            **known,
        )
    return n_(
        "At 0.70, {n} image leaves an interval of [{low:.2f}, {high:.2f}].",
        "At 0.70, {n} images leave an interval of [{low:.2f}, {high:.2f}].",
        images,
        **known,
    )


def no_accuracy(run: Run, known: Ends) -> str:
    """Why the run has no accuracy; nothing when it has one, or will have."""
    judged = "std_ratio" in known or run.state == "finished"
    if not judged or "knn_accuracy" in known:
        return ""
    if _labeled(run):
        share = run.config.get("data", {}).get("validation", 0.0)
        return _(
            "No training images are held out (data.validation is {share:g}), so there is no accuracy while it "
            "learns; the test figure comes at the end.",
            share=share,
        )
    return _(
        "These images have no labels, and kNN accuracy needs them. The run learns all the same: watch this spread, "
        "which should stay well above 0, and its map."
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
        text = _("The curves begin with the first logged step.") if waiting else _("This run logged no step.")
        st.markdown(f"{icon} {text}", width="content")
