"""The Evaluate page: what a run is good for, by the protocols of the field, beside what it is to be compared with."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.evaluate import curve, form, job, results
from app.evaluate import report as evaluate_report
from app.evaluate import transfer as evaluate_transfer
from app.shared import access, address, formatting, state
from app.shared.language import N_, _, listing, tell
from app.shared.run_names import unique_names
from byol_core.errors import LabError
from byol_core.evaluation.protocol import Protocol
from byol_core.runs.run import Run

PICKED, PART = "evaluate_run", "part"
TABS = {"result": N_("Result"), "report": N_("Report"), "labels": N_("Few labels"), "transfer": N_("Transfer")}
store = state.store()


def asked_for() -> Run | None:
    """The run in the address; a sentence when there is no such run."""
    ref = st.query_params.get("run")
    try:
        return store.get(ref) if ref else None
    except LabError as error:
        st.warning(formatting.told(error), icon=":material/link_off:")
        return None


def pick_run(known: Mapping[str, Run], asked: Run | None) -> Run | None:
    """Choose among the runs that can be evaluated; the address follows the choice."""
    if not known:
        return None
    kept = st.session_state.get(PICKED)
    # A run that ends meanwhile does not take the place of the one that is looked at.
    st.session_state[PICKED] = asked.run_id if asked else kept if kept in known else next(iter(known))
    # Options of one label would be taken for each other.
    names = dict(zip(known, unique_names(list(known.values())), strict=True))

    def follow() -> None:
        address.write(run=st.session_state[PICKED])

    def label(run_id: str) -> str:
        run = known[run_id]
        return f"{names[run_id]} · {formatting.data_name(run)} · {tell(formatting.LOOKS[run.state].label)}"

    return known[st.selectbox(_("Run"), list(known), key=PICKED, format_func=label, on_change=follow, width=340)]


def nothing_here() -> None:
    """No run can be evaluated."""
    with st.container(border=True):
        st.header(_("No run to evaluate yet"))
        st.markdown(
            _(
                "Once a run has finished, or was stopped after a checkpoint, its encoder is evaluated here: how well "
                "the classes can be told by it, with how few labels, and on which other images."
            )
        )
        if access.is_teacher():
            st.page_link("train/page.py", label=_("Start a training"), icon=":material/model_training:")


def not_now(run: Run) -> None:
    """The chosen run has no weights that stay."""
    with st.container(border=True):
        if formatting.busy(run):
            st.header(_("This run has not ended yet"))
            st.markdown(_("Its encoder changes while it trains: stop it, or come back when it has finished."))
        else:
            st.header(_("This run has no encoder"))
            why = formatting.plain(formatting.sentence(run))
            st.markdown(listing([_("It ended before its first checkpoint."), why], "sentences"))
        link = {"run": run.run_id}
        st.page_link("runs/page.py", label=_("Open this run"), icon=":material/monitoring:", query_params=link)


def open_answer(run: Run, protocol: Protocol) -> None:
    """From a cell of the matrix to its answer; in a callback."""
    address.write(run=run.run_id)
    form.put(protocol)
    address.choose(PART, "result")


def explore(run: Run, known: Mapping[str, Run]) -> None:
    """The question and what is known about it."""
    form.begin_with(run)
    question = form.pick(run)
    job.notice()
    if question is None:
        return
    tabs = address.tabs(PART, {code: tell(name) for code, name in TABS.items()})
    if tabs["result"].open:
        with tabs["result"]:
            results.draw(run, question)
    elif tabs["report"].open:
        with tabs["report"]:
            evaluate_report.draw(run, question)
    elif tabs["labels"].open:
        with tabs["labels"]:
            curve.draw(run, question)
    elif tabs["transfer"].open:
        with tabs["transfer"]:
            judged = {run_id: each for run_id, each in known.items() if job.judgeable(each)}
            evaluate_transfer.draw(run, judged, question, open_answer)


st.title(_("Evaluate"))
asked = asked_for()
found = {run.run_id: run for run in store.runs() if job.judgeable(run)}
if asked:  # an archived one is not in the list
    found.setdefault(asked.run_id, asked)
chosen = pick_run(found, asked)
if chosen is None:
    nothing_here()
elif not job.judgeable(chosen):
    not_now(chosen)
else:
    explore(chosen, found)
