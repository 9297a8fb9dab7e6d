"""The Runs page: the list; one run opened by ``?run=ID``; several laid over each other by ``?compare=ID,ID``."""

import streamlit as st

from app import state
from app.components import compare, run_page, runs_list
from byol_core.errors import LabError
from byol_core.runs.model import Run


def named(refs: list[str]) -> list[Run]:
    """The runs that the address names, each once; a sentence for every one that is not there."""
    found: dict[str, Run] = {}
    for ref in refs:
        try:
            run = state.store().get(ref)
        except LabError as error:
            st.warning(str(error), icon=":material/link_off:")
        else:
            found[run.run_id] = run
    return list(found.values())


compared = named([ref for ref in st.query_params.get("compare", "").split(",") if ref])
opened = named([ref for ref in st.query_params.get_all("run")[:1] if ref]) if not compared else []
if compared:
    compare.draw(compared)
elif opened:
    run_page.draw(opened[0])
else:
    runs_list.draw()
