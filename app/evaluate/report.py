"""A closer look at one answer: a table of its classes, the confusion matrix, the worst mistakes, curves, calibration.

It is about the run's own encoder in the first split; the other splits give the spread and no images.
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
from app.shared.language import N_, _, current, listing, tell
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
_NAMES = {"macro avg": N_("Mean over classes"), "weighted avg": N_("Mean over images")}


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
    with st.spinner(_("Counting …"), show_time=False):
        made = _report(jobs.key(run.folder, protocol), judged.seconds, judged, found)
    shelf = evaluate_pictures.shelf(run, judged, found)
    _head(run, judged, made, shelf)
    _table(made)
    confusion.draw(made, found, shelf)
    _mistakes(made, shelf)
    _curves(made)
    evaluate_job.progress([(run, protocol)], [job.state])


def _lost(run: Run, protocol: Protocol) -> None:
    sentence = _("The predictions for each image were not kept with this result, or are damaged.")
    st.warning(sentence, icon=":material/broken_image:")
    evaluate_job.anew_button([(run, protocol)], key="report_anew")
    evaluate_job.progress([(run, protocol)], ["ready"])


# Once for all viewers; the seconds tell an answer from one that was made again.
@st.cache_resource(max_entries=32, show_spinner=False)
def _report(key: str, seconds: float, _judged: Judged, _found: Predictions) -> Report:
    return report.report(_judged, _found)


def _head(run: Run, judged: Judged, made: Report, shelf: Shelf | None) -> None:
    st.markdown(_about(judged.protocol))
    with st.grid(4, min_column_width=150):
        st.metric(
            _("Accuracy (test)"),
            formatting.number(made.accuracy),
            formatting.below(made.figure),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help=listing(
                [_("On the {images}.", images=formatting.images(made.figure)), tell(formatting.INTERVAL_HELP)],
                "sentences",
            ),
        )
        st.metric(
            _("Balanced accuracy"),
            formatting.number(made.balanced_accuracy),
            border=True,
            height="stretch",
            help=_("The mean over the classes: a class with few images counts as much as one with many."),
        )
        st.metric(_("Test images"), formatting.count(made.tested), border=True, height="stretch")
        st.metric(_("Mistakes"), formatting.count(made.mistaken), border=True, height="stretch")
    _downloads(run, judged, made, shelf)


def _about(protocol: Protocol) -> str:
    """What the report is about."""
    question = formatting.plain(said.asked(protocol))
    if protocol.splits == 1:
        return _("{question}: the run's own encoder.", question=question)
    first_of = said.splits(protocol.splits)
    return _("{question}: the run's own encoder, the first of {splits}.", question=question, splits=first_of)


def _downloads(run: Run, judged: Judged, made: Report, shelf: Shelf | None) -> None:
    """Files that are made once somebody opens this."""
    popover = st.popover(_("Download the report"), icon=":material/download:", key="report_files", on_change="rerun")
    if not popover.open:
        return
    stem = re.sub(r"[^\w.=-]+", "-", f"{run.name}-{judged.protocol.method}-{judged.protocol.labels}").strip("-.")
    key = jobs.key(run.folder, judged.protocol)
    with popover, st.spinner(_("Writing the report …"), show_time=False):
        page, text = _files(key, judged.seconds, run.name, shelf is not None, current(), shelf, judged, made)
    with popover:
        for label, content, ending, mime in (
            (_("HTML, with images"), page, "html", "text/html"),
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
        st.caption(_("The HTML opens anywhere, without a network."))


@st.cache_data(max_entries=16, show_spinner=False)
def _files(
    key: str, seconds: float, name: str, pictured: bool, lang: str, _shelf: Shelf | None, _judged: Judged, _made: Report
) -> tuple[str, str]:
    from byol_core.evaluation import html

    seen = [one.row for one in _made.mistakes]
    pictures = {row: picture for row in seen if _shelf and (picture := _shelf.picture(row)) is not None}
    return html.html(_made, _judged, name, pictures, lang), report.to_json(_made, _judged, name)


def _table(made: Report) -> None:
    st.header(_("Classes"))
    rows = [*made.table, *made.averages]
    shares: dict[str, list[object]] = {
        _("Class precision"): [row.precision for row in rows],
        _("Class recall"): [row.recall for row in rows],
        "F1": [row.f1 for row in rows],
    }
    columns: dict[str, list[object]] = {
        _("Class"): [tell(_NAMES.get(row.name, row.name)) if row in made.averages else row.name for row in rows],
        **shares,
        _("Test images"): [row.support for row in rows],
    }
    bars = {name: st.column_config.ProgressColumn(format="%.3f", min_value=0.0, max_value=1.0) for name in shares}
    height: Literal["content"] | int = "content" if len(rows) <= 14 else 480
    alt = _("Precision, recall and F1 of each class")
    table.draw(columns, "classes", height=height, column_config=bars, alt=alt)
    fewest = min((row.support for row in made.table if row.support), default=0)
    about = _(
        "Precision: of the images assigned to a class, how many belong. Recall: of those that belong, how many were "
        "found. F1 is their harmonic mean."
    )
    st.caption(listing(filter(None, (about, _class_chance(fewest))), "sentences"))


def _class_chance(fewest: int) -> str:
    """How little a class of few test images tells."""
    if not fewest:
        return ""
    low, high = wilson(0.8 * fewest, fewest)
    return _(
        "A recall of 0.80 on {images} images, the smallest class here, means [{low:.2f}, {high:.2f}].",
        images=formatting.count(fewest),
        low=low,
        high=high,
    )


def _mistakes(made: Report, shelf: Shelf | None) -> None:
    st.header(_("The worst mistakes"))
    if not made.mistakes:
        st.markdown(_("There are none."))
        return
    st.caption(_("Wrong with the highest confidence. The prediction is in orange, under the true class."))
    evaluate_pictures.grid(shelf, made.mistakes[: confusion.MOST_PICTURES], made.classes, both=True)


# Curves


def _curves(made: Report) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header(_("Precision and recall"))
        _precision_recall(made)
    with right:
        st.header(_("Calibration"))
        bins = [
            (one.confidence, one.accuracy, one.count)
            for one in made.calibration
            if one.confidence is not None and one.accuracy is not None
        ]
        figure = charts.calibration(bins)
        alt = _("Calibration error {error:.3f}", error=made.calibration_error)
        live_chart.live_chart(figure, key="calibration", alt=alt)
        st.caption(
            _(
                "Expected calibration error {error:.3f}: how far, on average, its confidence is away from its "
                "accuracy. Below the line it is overconfident, above underconfident; larger dots are more images.",
                error=made.calibration_error,
            )
        )


def _precision_recall(made: Report) -> None:
    known = sorted(
        (curve for curve in made.curves if curve.average_precision is not None),
        key=lambda curve: curve.average_precision or 0.0,
    )
    if not known:
        st.caption(_("No class has test images that belong to it and others that do not."))
        return
    by_name = {curve.name: curve for curve in known}
    chosen = st.multiselect(
        _("Classes"),
        list(by_name),
        default=list(by_name)[:FIRST_CURVES],
        max_selections=MOST_CURVES,
        key=CLASSES,
        help=_("The classes it recognizes worst come first."),
    )
    shown = [by_name[name] for name in chosen]
    lines = [
        (
            made.classes.index(curve.name),
            _("{name}, AP {value:.2f}", name=curve.name, value=curve.average_precision),
            curve.recall,
            curve.precision,
        )
        for curve in shown
    ]
    figure = charts.precision_recall(lines, revision=f"pr-{'-'.join(chosen)}")
    alt = _("; ").join(name for _number, name, *_rest in lines) or _("No class")
    live_chart.live_chart(figure, key="precision-recall", alt=alt)
    areas = [curve.roc_auc for curve in known if curve.roc_auc is not None]
    st.caption(
        _(
            "AP, the average precision, is the area under such a curve. Area under the ROC curve, mean over classes: "
            "{area}.",
            area=formatting.number(sum(areas) / len(areas) if areas else None),
        )
    )
