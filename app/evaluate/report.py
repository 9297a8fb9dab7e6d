"""A closer look at one answer: a table of its classes, who is taken for whom, the worst mistakes, curves, calibration.

It is about the run's own encoder in the first split; the other splits give the spread and no pictures.
"""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from app.evaluate import charts, confusion
from app.evaluate import job as evaluate_job
from app.evaluate import labels as said
from app.evaluate import pictures as evaluate_pictures
from app.evaluate.pictures import Shelf
from app.shared import formatting, table
from app.widgets import live_chart
from byol_core.evaluation import jobs, report
from byol_core.evaluation.intervals import wilson
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.report import Report
from byol_core.evaluation.results import Predictions
from byol_core.runs.run import Run

CLASSES = "report_classes"
# More lines than this cannot be told apart; those of the classes that it knows worst are the first that one wants.
FIRST_CURVES, MOST_CURVES = 6, 12
_NAMES = {"macro avg": "Mean over classes", "weighted avg": "Mean over images"}


def draw(run: Run, protocol: Protocol) -> None:
    """The report of the answer to this question, or where the answer stands."""
    job = jobs.job(run.folder, protocol)
    judged = jobs.result(run.folder, protocol) if job.state == "ready" else None
    if judged is None:
        evaluate_job.panel(run, protocol, job, "report")
        return
    found = jobs.predictions(run.folder, protocol)
    if found is None or found.probabilities.shape[1] != len(judged.classes):
        _lost(run, protocol)
        return
    made = _report(jobs.key(run.folder, protocol), judged.seconds, judged, found)
    shelf = evaluate_pictures.shelf(run, judged, found)
    _head(run, judged, made, shelf)
    _table(made)
    confusion.draw(made, found, shelf)
    _mistakes(made, shelf)
    _curves(made)
    evaluate_job.progress([(run, protocol)], [job.state])


def _lost(run: Run, protocol: Protocol) -> None:
    st.warning(
        "What was said of each image was not kept with this answer, or is damaged.", icon=":material/broken_image:"
    )
    evaluate_job.anew_button([(run, protocol)], key="report_anew")
    evaluate_job.progress([(run, protocol)], ["ready"])


# Once for all who look on; the seconds tell an answer from one that was made anew.
@st.cache_resource(max_entries=32, show_spinner="Counting …")
def _report(key: str, seconds: float, _judged: Judged, _found: Predictions) -> Report:
    return report.report(_judged, _found)


def _head(run: Run, judged: Judged, made: Report, shelf: Shelf | None) -> None:
    several = f", the first of {said.splits(judged.protocol.splits)}" if judged.protocol.splits > 1 else ""
    st.markdown(f"{formatting.plain(said.asked(judged.protocol))}: the run's own encoder{several}.")
    with st.grid(4, min_column_width=150):
        st.metric(
            "Accuracy (test)",
            formatting.number(made.accuracy),
            formatting.below(made.figure),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help=f"On the {formatting.images(made.figure)}. {formatting.INTERVAL_HELP}",
        )
        st.metric(
            "Balanced accuracy",
            formatting.number(made.balanced_accuracy),
            border=True,
            height="stretch",
            help="The mean over the classes: a class with few images counts as much as one with many.",
        )
        st.metric("Test images", formatting.count(made.tested), border=True, height="stretch")
        st.metric("Mistakes", formatting.count(made.mistaken), border=True, height="stretch")
    _downloads(run, judged, made, shelf)


def _downloads(run: Run, judged: Judged, made: Report, shelf: Shelf | None) -> None:
    """Files that are made once somebody opens this."""
    popover = st.popover("Download the report", icon=":material/download:", key="report_files", on_change="rerun")
    if not popover.open:
        return
    stem = re.sub(r"[^\w.=-]+", "-", f"{run.name}-{judged.protocol.method}-{judged.protocol.labels}").strip("-.")
    page, text = _files(
        jobs.key(run.folder, judged.protocol), judged.seconds, run.name, shelf is not None, shelf, judged, made
    )
    with popover:
        for label, content, ending, mime in (
            ("HTML, with pictures", page, "html", "text/html"),
            ("JSON", text, "json", "application/json"),
        ):
            st.download_button(
                label,
                content,
                f"{stem}.{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
                key=f"report_{ending}",
            )
        st.caption("The HTML opens anywhere, without a network.")


@st.cache_data(max_entries=16, show_spinner="Writing the report …")
def _files(
    key: str, seconds: float, name: str, pictured: bool, _shelf: Shelf | None, _judged: Judged, _made: Report
) -> tuple[str, str]:
    from byol_core.evaluation import html

    seen = [one.row for one in _made.mistakes]
    pictures = {row: picture for row in seen if _shelf and (picture := _shelf.picture(row)) is not None}
    return html.html(_made, _judged, name, pictures), report.to_json(_made, _judged, name)


def _table(made: Report) -> None:
    st.header("Classes")
    rows = [*made.table, *made.averages]
    columns: dict[str, list[object]] = {
        "Class": [_NAMES.get(row.name, row.name) if row in made.averages else row.name for row in rows],
        "Precision": [row.precision for row in rows],
        "Recall": [row.recall for row in rows],
        "F1": [row.f1 for row in rows],
        "Test images": [row.support for row in rows],
    }
    bars = {
        name: st.column_config.ProgressColumn(format="%.3f", min_value=0.0, max_value=1.0)
        for name in ("Precision", "Recall", "F1")
    }
    height: Literal["content"] | int = "content" if len(rows) <= 14 else 480
    table.draw(columns, "classes", height=height, column_config=bars, alt="Precision, recall and F1 of each class")
    fewest = min((row.support for row in made.table if row.support), default=0)
    st.caption(
        "Precision: of the images that were called so, how many are. Recall: of those that are, how many were called "
        f"so. F1 is their harmonic mean. {_class_chance(fewest)}"
    )


def _class_chance(fewest: int) -> str:
    """How little a class of few test images tells."""
    if not fewest:
        return ""
    low, high = wilson(0.8 * fewest, fewest)
    smallest = f"{formatting.count(fewest)} images, the smallest class here"
    return f"A recall of 0.80 on {smallest}, means [{low:.2f}, {high:.2f}]."


def _mistakes(made: Report, shelf: Shelf | None) -> None:
    st.header("The worst mistakes")
    if not made.mistakes:
        st.markdown("There is none.")
        return
    st.caption("Wrong, and surest of it. What was said is in orange, under the true class.")
    evaluate_pictures.grid(shelf, made.mistakes[: confusion.MOST_PICTURES], made.classes, both=True)


# Curves


def _curves(made: Report) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Precision and recall")
        _precision_recall(made)
    with right:
        st.header("Calibration")
        bins = [
            (one.confidence, one.accuracy, one.count)
            for one in made.calibration
            if one.confidence is not None and one.accuracy is not None
        ]
        figure = charts.calibration(bins)
        live_chart.live_chart(figure, key="calibration", alt=f"Calibration error {made.calibration_error:.3f}")
        st.caption(
            f"Expected calibration error {made.calibration_error:.3f}: how far, on average, its confidence is from how "
            "often it is right. Below the dotted line it is too sure, above it too shy; larger dots are more images."
        )


def _precision_recall(made: Report) -> None:
    known = sorted(
        (curve for curve in made.curves if curve.average_precision is not None),
        key=lambda curve: curve.average_precision or 0.0,
    )
    if not known:
        st.caption("There is no class of which some test images are and some are not.")
        return
    by_name = {curve.name: curve for curve in known}
    chosen = st.multiselect(
        "Classes",
        list(by_name),
        default=list(by_name)[:FIRST_CURVES],
        max_selections=MOST_CURVES,
        key=CLASSES,
        help="Those that it knows worst come first.",
    )
    shown = [by_name[name] for name in chosen]
    lines = [
        (
            made.classes.index(curve.name),
            f"{curve.name}, AP {curve.average_precision:.2f}",
            curve.recall,
            curve.precision,
        )
        for curve in shown
    ]
    figure = charts.precision_recall(lines, revision=f"pr-{'-'.join(chosen)}")
    live_chart.live_chart(figure, key="precision-recall", alt="; ".join(name for _, name, _, _ in lines) or "No class")
    areas = [curve.roc_auc for curve in known if curve.roc_auc is not None]
    st.caption(
        "AP, the average precision, is the area under such a curve. Area under the ROC curve, mean over classes: "
        f"{formatting.number(sum(areas) / len(areas) if areas else None)}."
    )
