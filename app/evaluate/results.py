"""One answer as dots beside everything that it is compared with, and all answers of a run in a table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.evaluate import charts, form
from app.evaluate import job as evaluate_job
from app.evaluate import labels as said
from app.shared import formatting, table
from app.widgets import live_chart
from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.summary import NOTATION, amount, within
from byol_core.runs.run import Run

_TABLE = "evaluate_answers"


def draw(run: Run, protocol: Protocol) -> None:
    """The answer to this question, or where it stands; below it what else was asked of this run."""
    job = jobs.job(run.folder, protocol)
    judged = jobs.result(run.folder, protocol) if job.state == "ready" else None
    if judged is None:
        evaluate_job.panel(run, protocol, job, "result")
    else:
        answer(judged)
        evaluate_job.progress([(run, protocol)], [job.state])  # somebody else may evaluate it again
    others(run, protocol)


def answer(judged: Judged) -> None:
    """Dots, what they mean, and how each was come by."""
    st.markdown(words_of(judged))
    figure = charts.dots(judged)
    live_chart.live_chart(figure, key="evaluate-dots", alt=_alt(judged))
    st.caption(
        f"{_bar(judged)} All use the same labels and the same test images, which were not used to choose anything."
    )
    for row in judged.scores:
        if row.missing:
            st.caption(f"{said.SUBJECTS[row.subject]}: {formatting.plain(row.missing)}")
    with st.expander("What was chosen in each split", icon=":material/rule:"):
        _choices(judged)
    st.caption(
        f"{formatting.plain(said.set_name(judged.data))} · {formatting.duration(judged.seconds)} on "
        f"{formatting.plain(judged.device)} · byol-lab {formatting.plain(judged.version)}"
    )


def _bar(judged: Judged) -> str:
    if judged.draws("trained") > 1:
        ours = judged.figure("trained")
        alone = f" The choice of test images alone gives {within(ours)} for this run." if ours else ""
        return f"A dot is one draw of the labels, the diamond their mean with a bar of one standard deviation.{alone}"
    return (
        "A dot is one split, the diamond their mean with its 95 % interval: how far chance in the choice of the "
        f"{formatting.count(judged.tested)} test images may have moved it."
    )


def words_of(judged: Judged) -> str:
    """What it means; a sentence in place of a result came from elsewhere, and is no markup."""
    ours = judged.of("trained")
    return said.meaning(judged) if ours and ours.accuracies else formatting.plain(said.meaning(judged))


def _alt(judged: Judged) -> str:
    return "Accuracy: " + ", ".join(
        f"{said.SUBJECTS[row.subject]} {said.score(judged, row.subject)}" for row in judged.scores
    )


def _choices(judged: Judged) -> None:
    rows = [
        (said.SUBJECTS[row.subject], split + 1, accuracy, row.chosen[split] if split < len(row.chosen) else "")
        for row in judged.scores
        for split, accuracy in enumerate(row.accuracies)
    ]
    names = ("Of", "Split", "Accuracy", "Chosen without using the test images")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    named = {name: list(column) for name, column in zip(names, columns, strict=True)}
    config = {"Accuracy": st.column_config.NumberColumn(format="%.3f")}
    table.draw(named, "chosen", height="content", column_config=config, alt="What was chosen in each split")


# All that was asked of this run


def others(run: Run, protocol: Protocol) -> None:
    """Answers that are there already, to be opened; and what waits, runs, failed or was stopped."""
    found, asked = jobs.answers(run.folder), jobs.asked(run.folder)
    beside = [(question, job) for question, job in asked if question != protocol]
    if beside:
        _asked(run, beside)
    if found:
        st.markdown("**Results so far**")
        st.caption(f"For the run's current weights. Choose a row to open it. {NOTATION}")
        table.draw(
            _lines(found),
            "answers",
            key=_TABLE,
            on_select=lambda: _open(found),
            selection_mode="single-row",
            height="content" if len(found) <= 10 else 400,
            alt="Results so far",
        )


def _lines(found: Sequence[Judged]) -> dict[str, list[str]]:
    return {
        "Method": [said.TITLES[judged.protocol.method] for judged in found],
        "Labels": [amount(judged.protocol.labels) for judged in found],
        "This run": [said.score(judged, "trained") for judged in found],
        "From scratch": [said.score(judged, "scratch") for judged in found],
        "Untrained": [said.score(judged, "untrained") for judged in found],
        "Test images": [formatting.count(judged.tested) for judged in found],
        "Images": [said.set_name(judged.data) for judged in found],
        "Splits": [str(judged.protocol.splits) for judged in found],
        "Settings": [said.numbers(judged.protocol) for judged in found],
    }


def _open(found: Sequence[Judged]) -> None:
    """Ask what the chosen line answers."""
    chosen = st.session_state[_TABLE]["selection"]["rows"]
    if chosen and chosen[0] < len(found):
        form.put(found[chosen[0]].protocol)


def _asked(run: Run, asked: Sequence[tuple[Protocol, jobs.Job]]) -> None:
    st.markdown("**Other evaluations of this run**")
    waiting = [(run, protocol) for protocol, job in asked if job.state in evaluate_job.BUSY]
    for protocol, job in asked:
        looks = {"failed": (":material/error:", "red"), "stopped": (":material/pause_circle:", "orange")}
        icon, color = looks.get(job.state, (":material/schedule:", "blue"))
        why = f": {formatting.told(job.message)}" if job.state == "failed" else ""
        st.markdown(f":{color}[{icon} {job.state.capitalize()}] {formatting.plain(said.asked(protocol))}{why}")
    over = [(run, protocol) for protocol, job in asked if job.state not in evaluate_job.BUSY]
    shown = waiting or over
    evaluate_job.progress(shown, [job.state for protocol, job in asked if (run, protocol) in shown])
    with st.container(horizontal=True):
        if waiting:
            label = "Stop all of these" if len(waiting) > 1 else "Stop"
            evaluate_job.stop_button(waiting, key="others_stop", label=label)
        if over:
            evaluate_job.clear_button(over, key="others_clear")
