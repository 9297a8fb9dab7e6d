"""Where questions stand: asked, waiting, running, stopped, failed; and the buttons that start, stop and try again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Literal

import streamlit as st

from app.evaluate import labels as said
from app.shared import access, formatting, polling, sign_in, state
from app.shared.language import N_, _, listing, tell
from byol_core.data.catalog import find
from byol_core.evaluation import jobs
from byol_core.evaluation.jobs import Job
from byol_core.evaluation.protocol import Protocol
from byol_core.runs import folder
from byol_core.runs.run import Run
from byol_core.weights import encoder_files

NOTICE = "evaluate_notice"
EVALUATE, STOP = "evaluate runs", "stop evaluations"
BUSY = ("waiting", "running")
Asked = tuple[Run, Protocol]  # one question to one run


def standing(questions: Sequence[Asked]) -> list[Job]:
    """Where each of them stands."""
    return [jobs.job(run.folder, protocol) for run, protocol in questions]


def begin(questions: Sequence[Asked]) -> None:
    """Have them answered, for a teacher; as a callback."""
    with state.said_later(NOTICE):
        access.require(EVALUATE)
        for run, protocol in questions:
            jobs.ask(state.store().home, run.folder, protocol)


def halt(questions: Sequence[Asked]) -> None:
    """Have those that are not answered yet not be answered, for a teacher; as a callback."""
    with state.said_later(NOTICE):
        access.require(STOP)
        for run, protocol in questions:
            jobs.stop(run.folder, protocol)


def anew(questions: Sequence[Asked]) -> None:
    """Throw these answers away and ask again, for a teacher; as a callback."""
    with state.said_later(NOTICE):
        access.require(EVALUATE)
        forget(questions)
        begin(questions)


def forget(questions: Sequence[Asked]) -> None:
    """Take away what is known of them, for a teacher; as a callback."""
    with state.said_later(NOTICE):
        access.require(STOP)
        for run, protocol in questions:
            jobs.forget(run.folder, protocol)


def notice() -> None:
    """What went wrong in the last click."""
    if sentence := st.session_state.pop(NOTICE, ""):
        st.error(sentence, icon=":material/error:")


def button(
    label: str, questions: Sequence[Asked], *, key: str, icon: str = ":material/play_arrow:", idle: bool = False
) -> None:
    """The button that asks; ``idle``: now there is nothing to ask."""
    _button(label, icon, key, EVALUATE, begin, questions, primary=True, idle=idle)


def stop_button(questions: Sequence[Asked], *, key: str, label: str = "", idle: bool = False) -> None:
    """The button that stops; ``idle``: now there is nothing to stop."""
    _button(label or _("Stop"), ":material/stop_circle:", key, STOP, halt, questions, idle=idle)


def anew_button(questions: Sequence[Asked], *, key: str) -> None:
    """The button that throws answers away and asks again."""
    _button(_("Evaluate again"), ":material/refresh:", key, EVALUATE, anew, questions)


def clear_button(questions: Sequence[Asked], *, key: str) -> None:
    """The button that takes away what failed or was stopped."""
    _button(_("Clear failed and stopped ones"), ":material/clear_all:", key, STOP, forget, questions)


def _button(
    label: str,
    icon: str,
    key: str,
    doing: str,
    act: Callable[[Sequence[Asked]], None],
    questions: Sequence[Asked],
    *,
    primary: bool = False,
    idle: bool = False,
) -> None:
    """A button for teachers; everybody else is told once, where it asks something, who may."""
    if access.is_teacher():
        look: Literal["primary", "secondary"] = "primary" if primary else "secondary"
        st.button(label, type=look, icon=icon, key=key, disabled=idle, on_click=act, args=(questions,))
    elif primary and not idle:
        sign_in.ask(doing)


def panel(run: Run, protocol: Protocol, job: Job, key: str) -> None:
    """What stands in the place of an answer that is not there."""
    question = [(run, protocol)]
    if job.state == "failed":
        st.error(formatting.told(job.message), title=_("There is no result"), icon=":material/error:")
        button(_("Try again"), question, key=f"{key}_again", icon=":material/refresh:")
    else:
        _open_panel(run, protocol, job, key)
    if job.state not in BUSY:  # somebody else may ask
        progress(question, [job.state])


def _open_panel(run: Run, protocol: Protocol, job: Job, key: str) -> None:
    """What was not asked, is worked on, or was stopped."""
    question = [(run, protocol)]
    with st.container(border=True):
        st.header({"stopped": _("Stopped"), "absent": _("Not evaluated yet")}.get(job.state, _("Being evaluated")))
        st.markdown(_("{question}.", question=formatting.plain(said.asked(protocol))))
        if job.state in BUSY:
            progress(question, [job.state])
            stop_button(question, key=f"{key}_stop")
        elif has_no_labels(run, protocol):
            st.markdown(tell(NO_LABELS))
        else:
            if access.is_teacher():
                st.caption(_("It runs in the background, one evaluation after another; you can close the tab."))
            label = _("Start again") if job.state == "stopped" else _("Evaluate")
            button(label, question, key=f"{key}_start")


NO_LABELS = N_(
    "These images have no labels, so nothing can be counted as right or wrong. Choose other images under *Settings*, "
    "train on a folder with a subfolder for each class, or on an .npz with labels. The map needs none."
)


def has_no_labels(run: Run, protocol: Protocol) -> bool:
    """Whether it is known beforehand that there is nothing to evaluate with."""
    source = protocol.data or str(run.config.get("data", {}).get("source", ""))
    if entry := find(source):
        return not entry.classes
    judged = formatting.results(run)
    if protocol.data or judged.get("stopped"):  # a stopped run was not evaluated, labels or not
        return False
    return "knn_accuracy" in judged and judged["knn_accuracy"] is None


def progress(questions: Sequence[Asked], states: Sequence[str]) -> None:
    """How far they are, looked at again and again; the page is redrawn when one of them changes its state.

    ``states``: those that the page was drawn from; an answer that came since is a change as well.
    """
    drawn = list(states)

    @polling.live(slow=1.0 if set(drawn) & set(BUSY) else polling.IDLE)
    def look() -> None:
        now = standing(questions)
        if [job.state for job in now] != drawn:
            st.rerun()
        if set(drawn) & set(BUSY):
            st.progress(share(now), formatting.plain(told(now)))

    look()


def share(found: Sequence[Job]) -> float:
    """How much of all is done, 0 to 1."""
    parts = [1.0 if job.state == "ready" else min(max(job.share, 0.0), 1.0) for job in found]
    return fmean(parts) if parts else 0.0


def told(found: Sequence[Job]) -> str:
    """Where they stand in one line."""
    at_work = next((job for job in found if job.state == "running"), None)
    doing = at_work or next((job for job in found if job.state == "waiting"), None)
    sentence = tell(doing.message if doing else "") or _("Waits for its turn")
    if at_work and at_work.seconds_left is not None and at_work.seconds_left >= 1:
        left = formatting.duration(at_work.seconds_left)
        sentence = _("{doing}, about {time} left", doing=sentence, time=left)
    if len(found) > 1:
        ready = sum(job.state == "ready" for job in found)
        return listing([_("{ready} of {all} ready.", ready=ready, all=len(found)), sentence], "sentences")
    return sentence


def judgeable(run: Run) -> bool:
    """Whether there are weights that stay as they are; a look at the names of files, because runs may be many."""
    if formatting.busy(run):
        return False
    return (run.folder / encoder_files.ENCODER).is_file() or folder.checkpoint_step(run.folder) is not None
