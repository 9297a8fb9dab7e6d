"""The Runs page: the list; one run opened by ``?run=ID``; several laid over each other by ``?compare=ID,ID``."""

import streamlit as st

from app.runs import compare, run_page, runs_list
from app.shared import formatting, state
from app.shared.language import listing, n_, tell
from byol_core.errors import LabError
from byol_core.runs.run import Run
from byol_core.runs.sweep import MOST_RUNS


def named(refs: list[str]) -> list[Run]:
    """The runs that the address names, each once; a sentence for those that are not there, or are too many."""
    found: dict[str, Run] = {}
    complaints: list[str] = []
    distinct = list(dict.fromkeys(filter(None, refs)))
    for ref in distinct[:MOST_RUNS]:
        try:
            run = state.store().get(ref)
        except LabError as error:
            complaints.append(formatting.plain(tell(error)))
        else:
            found[run.run_id] = run
    if complaints:
        said, more = complaints[:1], len(complaints) - 1
        if more:
            said.append(n_("{n} more cannot be opened either.", "{n} more cannot be opened either.", more))
        st.warning(listing(said, "sentences"), icon=":material/link_off:")
    if len(distinct) > MOST_RUNS:
        st.warning(
            n_(
                "The address names {n} run; the first {most} are compared.",
                "The address names {n} runs; the first {most} are compared.",
                len(distinct),
                most=MOST_RUNS,
            )
        )
    return list(found.values())


compared = named(st.query_params.get("compare", "").split(","))
opened = named(st.query_params.get_all("run")[:1]) if not compared else []
if compared:
    compare.draw(compared)
elif opened:
    run_page.draw(opened[0])
else:
    runs_list.draw()
