"""The Runs page: the list; one run opened by ``?run=ID``; several laid over each other by ``?compare=ID,ID``."""

import streamlit as st

from app.runs import compare, run_page, runs_list
from app.shared import formatting, state
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
            complaints.append(str(error))
        else:
            found[run.run_id] = run
    if complaints:
        more = f" {len(complaints) - 1} more cannot be opened either." if len(complaints) > 1 else ""
        st.warning(formatting.plain(complaints[0]) + more, icon=":material/link_off:")
    if len(distinct) > MOST_RUNS:
        st.warning(f"The address names {len(distinct)} runs; the first {MOST_RUNS} are compared.")
    return list(found.values())


compared = named(st.query_params.get("compare", "").split(","))
opened = named(st.query_params.get_all("run")[:1]) if not compared else []
if compared:
    compare.draw(compared)
elif opened:
    run_page.draw(opened[0])
else:
    runs_list.draw()
