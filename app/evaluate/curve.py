"""Accuracy against the number of labels: what the pretraining saves, measured and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.evaluate import charts, job
from app.evaluate import labels as said
from app.evaluate.charts import COLORS
from app.shared import formatting, table
from app.shared.language import _, listing, n_, tell
from app.widgets import live_chart
from byol_core.data.catalog import find
from byol_core.evaluation import curve, jobs
from byol_core.evaluation.curve import Point, Series
from byol_core.evaluation.protocol import Judged, Method, Protocol, Subject
from byol_core.evaluation.summary import NOTATION, points
from byol_core.runs.run import Run


def draw(run: Run, question: Protocol) -> None:
    """The curve by the method of this question, with its splits, seed and images; its labels are all of a row."""
    protocols = _protocols(run, question)
    found = curve.points(run.folder, protocols)
    states = {point.protocol: point.job.state if point.job else "ready" for point in found}
    lines = curve.series(found)
    beside = _scratch(run, question, lines)
    if lines:
        _chart(run, question.method, lines, beside)
        _table(question.method, found)
    else:
        _nothing_yet(run, question, protocols)
    _failed(found)
    _buttons(run, states, bool(lines), job.has_no_labels(run, question))
    job.progress([(run, protocol) for protocol in states], list(states.values()))


def _protocols(run: Run, question: Protocol, method: Method | None = None) -> list[Protocol]:
    return curve.protocols_of_curve(
        method or question.method,
        splits=question.splits,
        seed=question.seed,
        per_class=_per_class(run, question),
        data=question.data,
        k=question.k,
        temperature=question.temperature,
    )


def _per_class(run: Run, question: Protocol) -> int | None:
    """At most how many labeled training images a class has; None where that is not known beforehand."""
    if whole := jobs.result(run.folder, question.model_copy(update={"labels": "all"})):
        return whole.labeled // max(1, len(whole.classes))
    data = run.config.get("data", {})
    entry = find(question.data or str(data.get("source", "")))
    if entry is None or not entry.classes:
        return None
    return int(min(entry.train_images, data.get("limit") or entry.train_images)) // entry.classes


def _scratch(run: Run, question: Protocol, lines: Sequence[Series]) -> Series | None:
    """What training from scratch reaches with the same labels, where fine-tuning was measured as well."""
    if question.method == "finetune" or not lines:
        return None
    tuned = curve.series(curve.points(run.folder, _protocols(run, question, "finetune")))
    return next((line for line in tuned if line.subject == "scratch"), None)


def _chart(run: Run, method: Method, lines: Sequence[Series], beside: Series | None) -> None:
    ours = _("{subject} ({method})", subject=said.subject("trained"), method=said.title(method))
    drawn = [_line(ours if line.subject == "trained" else said.subject(line.subject), line) for line in lines]
    if beside:
        drawn.append(_line(said.subject("scratch"), beside))
    figure = charts.labels(drawn, revision=f"labels-{run.run_id}-{method}")
    live_chart.live_chart(figure, key="label-curve", alt=_("; ").join(map(_read_out, drawn)))
    st.caption(
        _(
            "Mean over the draws of the labels, with a band of one standard deviation; for all labels or a single "
            "draw, the 95 % interval for the choice of the test images. The axis is logarithmic."
        )
    )
    if not beside and not any(line.subject == "scratch" for line in lines):
        st.caption(
            _("Choose *Fine-tuning* to measure training from scratch with the same labels; it is then drawn here too.")
        )


def _read_out(line: charts.Curve) -> str:
    """A line of the chart for whoever cannot see it."""
    points = [_("{score} with {labeled}", score=at.told, labeled=at.labeled) for at in line.points]
    return _("{label}: {value}", label=line.name, value=listing(points, "comma"))


def _line(name: str, line: Series) -> charts.Curve:
    points = tuple(
        charts.Point(labeled, mean, *band, said.score(judged, line.subject))
        for labeled, mean, band, judged in zip(line.labeled, line.mean, line.bands, line.answers, strict=True)
    )
    return charts.Curve(
        name,
        COLORS[line.subject],
        points,
        dashed=line.subject == "colour",
        symbol=charts.SYMBOLS[line.subject],
    )


def _table(method: Method, found: Sequence[Point]) -> None:
    """The numbers of the curve, and what the pretraining is worth at each of its points."""
    twin: Subject = "scratch" if method == "finetune" else "untrained"
    ready = [point.judged for point in found if point.judged]
    columns = {
        _("Labels"): [said.amount(judged.protocol.labels) for judged in ready],
        _("Images"): [formatting.count(judged.labeled) for judged in ready],
        said.subject("trained"): [said.score(judged, "trained") for judged in ready],
        said.subject(twin): [said.score(judged, twin) for judged in ready],
        _("Gain from pretraining"): [_worth(judged, twin) for judged in ready],
        _("Test images"): [formatting.count(judged.tested) for judged in ready],
    }
    table.draw(columns, "curve", height="content", alt=_("The numbers of the curve"))
    about = _("Gain from pretraining in points, with its interval on the same test images.")
    st.caption(listing([about, tell(NOTATION)], "sentences"))


def _worth(judged: Judged, twin: Subject) -> str:
    found = judged.gap(twin)
    if found is None:
        return "–"
    told = tell(points(found))
    return _("{points}, not clear", points=told) if found.outcome == "unclear" else told


def _nothing_yet(run: Run, question: Protocol, protocols: Sequence[Protocol]) -> None:
    with st.container(border=True):
        st.header(_("How many labels does pretraining save?"))
        if job.has_no_labels(run, question):
            st.markdown(tell(job.NO_LABELS))
            return
        plan = _(
            "{method} with {amounts} labels a class, {splits} each.",
            method=said.title(question.method),
            amounts=listing([_amount(protocol.labels) for protocol in protocols], "comma"),
            splits=said.splits(question.splits),
        )
        about = _("Points appear as they are ready; results that exist are not computed again.")
        st.markdown(listing([plan, about], "sentences"))


def _amount(labels: str) -> str:
    """A number of labels, or all that there are, in a row of such."""
    return _("all") if labels == "all" else labels


def _failed(found: Sequence[Point]) -> None:
    for point in found:
        if point.job and point.job.state == "failed":
            why = formatting.told(point.job.message)
            # A class with fewer images than this has no such point, which is no fault.
            color, icon = ("gray", "info") if point.job.setting == "labels" else ("red", "error")
            amount = _("With {labels}:", labels=said.amount(point.protocol.labels))
            st.caption(f":{color}[:material/{icon}: {amount}] {why}")


def _buttons(run: Run, states: Mapping[Protocol, str], drawn: bool, hopeless: bool) -> None:
    busy = [(run, protocol) for protocol, state in states.items() if state in job.BUSY]
    open_ones = [(run, protocol) for protocol, state in states.items() if state in ("absent", "stopped", "failed")]
    if not busy and (hopeless or not open_ones):
        return
    with st.container(horizontal=True):  # both stay where they are: a double click must not ask and stop
        job.button(
            _label(len(open_ones), drawn), open_ones, key="curve_start", idle=bool(busy) or not open_ones or hopeless
        )
        job.stop_button(busy, key="curve_stop", idle=not busy)


def _label(missing: int, drawn: bool) -> str:
    """What the button measures."""
    if not drawn:
        return _("Measure the curve")
    if missing < 2:
        return _("Measure the missing point")
    return n_("Measure the missing {n} point", "Measure the missing {n} points", missing)
