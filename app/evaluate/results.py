"""One answer as dots beside everything that it is compared with, and all answers of a run in a table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.evaluate import charts, form
from app.evaluate import job as evaluate_job
from app.evaluate import labels as said
from app.shared import formatting, table
from app.shared.language import N_, _, listing, tell
from app.widgets import live_chart
from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.evaluation.summary import NOTATION, within
from byol_core.runs.run import Run

_TABLE = "evaluate_answers"
_STATES = {
    "waiting": N_("Waiting"),
    "running": N_("Being evaluated"),
    "failed": N_("Failed"),
    "stopped": N_("Stopped"),
}


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
    same = _("All use the same labels and the same test images, which were not used to choose anything.")
    st.caption(listing([*_bar(judged), same], "sentences"))
    for row in judged.scores:
        if row.missing:
            name, why = said.subject(row.subject), formatting.plain(row.missing)
            st.caption(_("{label}: {value}", label=name, value=why))
    with st.expander(_("What was chosen in each split"), icon=":material/rule:"):
        _choices(judged)
    st.caption(
        _(
            "{data} · {time} on {device} · byol-lab {version}",
            data=formatting.plain(said.set_name(judged.data)),
            time=formatting.duration(judged.seconds),
            device=formatting.plain(judged.device),
            version=formatting.plain(judged.version),
        )
    )


def _bar(judged: Judged) -> list[str]:
    """What the marks are, in sentences."""
    if judged.draws("trained") < 2:
        return [
            _(
                "A dot is one split, the diamond their mean with its 95 % interval: how far chance in the choice of "
                "the {tested} test images may have moved it.",
                tested=formatting.count(judged.tested),
            )
        ]
    marks = _("A dot is one draw of the labels, the diamond their mean with a bar of one standard deviation.")
    ours = judged.figure("trained")
    if ours is None:
        return [marks]
    alone = tell(within(ours))
    return [marks, _("The choice of test images alone gives {interval} for this run.", interval=alone)]


def words_of(judged: Judged) -> str:
    """What it means; a sentence in place of a result came from elsewhere, and is no markup."""
    ours = judged.of("trained")
    return said.meaning(judged) if ours and ours.accuracies else formatting.plain(said.meaning(judged))


def _alt(judged: Judged) -> str:
    scores = [
        _("{subject} {score}", subject=said.subject(row.subject), score=said.score(judged, row.subject))
        for row in judged.scores
    ]
    return _("Accuracy: {scores}", scores=listing(scores, "comma"))


def _choices(judged: Judged) -> None:
    rows = [
        (said.subject(row.subject), split + 1, accuracy, tell(row.choices[split]) if split < len(row.chosen) else "")
        for row in judged.scores
        for split, accuracy in enumerate(row.accuracies)
    ]
    names = (_("Of"), _("Split"), _("Accuracy"), _("Chosen without using the test images"))
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    named = {name: list(column) for name, column in zip(names, columns, strict=True)}
    config = {names[2]: st.column_config.NumberColumn(format="%.3f")}
    table.draw(named, "chosen", height="content", column_config=config, alt=_("What was chosen in each split"))


# All that was asked of this run


def others(run: Run, protocol: Protocol) -> None:
    """Answers that are there already, to be opened; and what waits, runs, failed or was stopped."""
    found, asked = jobs.answers(run.folder), jobs.asked(run.folder)
    beside = [(question, job) for question, job in asked if question != protocol]
    if beside:
        _asked(run, beside)
    if found:
        st.markdown(_("**Results so far**"))
        about = _("For the run's current weights. Choose a row to open it.")
        st.caption(listing([about, tell(NOTATION)], "sentences"))
        table.draw(
            _lines(found),
            "answers",
            key=_TABLE,
            on_select=lambda: _open(found),
            selection_mode="single-row",
            height="content" if len(found) <= 10 else 400,
            alt=_("Results so far"),
        )


def _lines(found: Sequence[Judged]) -> dict[str, list[str]]:
    return {
        _("Method"): [said.title(judged.protocol.method) for judged in found],
        _("Labels"): [said.amount(judged.protocol.labels) for judged in found],
        said.subject("trained"): [said.score(judged, "trained") for judged in found],
        said.subject("scratch"): [said.score(judged, "scratch") for judged in found],
        said.subject("untrained"): [said.score(judged, "untrained") for judged in found],
        _("Test images"): [formatting.count(judged.tested) for judged in found],
        _("Images"): [said.set_name(judged.data) for judged in found],
        _("Splits"): [str(judged.protocol.splits) for judged in found],
        _("Settings"): [said.numbers(judged.protocol) for judged in found],
    }


def _open(found: Sequence[Judged]) -> None:
    """Ask what the chosen line answers."""
    chosen = st.session_state[_TABLE]["selection"]["rows"]
    if chosen and chosen[0] < len(found):
        form.put(found[chosen[0]].protocol)


def _asked(run: Run, asked: Sequence[tuple[Protocol, jobs.Job]]) -> None:
    st.markdown(_("**Other evaluations of this run**"))
    waiting = [(run, protocol) for protocol, job in asked if job.state in evaluate_job.BUSY]
    for protocol, job in asked:
        looks = {"failed": (":material/error:", "red"), "stopped": (":material/pause_circle:", "orange")}
        icon, color = looks.get(job.state, (":material/schedule:", "blue"))
        told = formatting.plain(said.asked(protocol))
        if job.state == "failed":
            told = _("{label}: {value}", label=told, value=formatting.told(job.message))
        st.markdown(f":{color}[{icon} {tell(_STATES.get(job.state, job.state))}] {told}")
    over = [(run, protocol) for protocol, job in asked if job.state not in evaluate_job.BUSY]
    shown = waiting or over
    evaluate_job.progress(shown, [job.state for protocol, job in asked if (run, protocol) in shown])
    with st.container(horizontal=True):
        if waiting:
            label = _("Stop all of these") if len(waiting) > 1 else _("Stop")
            evaluate_job.stop_button(waiting, key="others_stop", label=label)
        if over:
            evaluate_job.clear_button(over, key="others_clear")
