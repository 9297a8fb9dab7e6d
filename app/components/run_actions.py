"""What can be done with a run: stop, resume, use its settings again, rename, delete."""

from __future__ import annotations

import streamlit as st

from app import draft, state
from app.components import words
from byol_core.errors import LabError
from byol_core.runs.model import LIVE, RESUMABLE, Run


def draw(run: Run) -> None:
    """The buttons that make sense in the run's state."""
    with st.container(horizontal=True, gap="small"):
        if run.state in (*LIVE, "queued"):
            st.button(
                "Stopping …" if run.stop_requested else "Stop",
                icon=":material/stop_circle:",
                key="stop",
                disabled=run.stop_requested,
                on_click=_do,
                args=("stop", run.run_id),
                help="It writes a checkpoint and ends; Resume goes on from there.",
            )
        if run.state in RESUMABLE:
            st.button(
                "Resume",
                type="secondary" if run.state == "failed" else "primary",
                icon=":material/resume:",
                key="resume",
                on_click=_do,
                args=("resume", run.run_id),
                help="Goes on from the last checkpoint.",
            )
        if (run.folder / "embeddings" / "probe.json").exists() and st.button(
            "Open the map",
            type="primary" if run.state == "finished" else "secondary",
            icon=":material/scatter_plot:",
            key="map",
        ):
            st.switch_page("views/embeddings.py", query_params={"run": run.run_id})
        if st.button(
            "Use in a new run", icon=":material/content_copy:", key="clone", help="Opens Train, set like this run."
        ):
            _to_train(run)
        if st.button("Rename", icon=":material/edit:", key="rename"):
            _rename(run)
        if st.button(
            "Delete",
            icon=":material/delete:",
            key="delete",
            disabled=run.state in LIVE,
            help="Stop it first." if run.state in LIVE else None,
        ):
            _delete(run)


def _do(verb: str, run_id: str) -> None:
    try:
        if verb == "stop":
            state.executor().stop(run_id)
        else:
            state.store().resume(run_id)
            state.executor().submit(run_id)
    except LabError as error:
        st.session_state["runs_notice"] = str(error)


def _to_train(run: Run) -> None:
    try:
        address = draft.of_run(run)
    except LabError as error:
        st.error(f"The settings of this run cannot be used any more. {error}")
        return
    st.switch_page("views/train.py", query_params=address)


@st.dialog("Rename the run", icon=":material/edit:")
def _rename(run: Run) -> None:
    name = st.text_input("Name", value=run.name, max_chars=120, key="new_name")
    if st.button("Rename", type="primary", key="rename_now"):
        try:
            state.store().rename(run.run_id, name)
        except LabError as error:
            st.error(str(error))
        else:
            st.rerun()


@st.dialog("Delete the run?", icon=":material/delete:")
def _delete(run: Run) -> None:
    st.markdown(f"**{words.plain(run.name)}**, its curves, its checkpoints and its encoder are removed for good.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", icon=":material/delete:", key="delete_now"):
            try:
                state.store().delete(run.run_id)
            except LabError as error:
                st.error(str(error))
            else:
                st.query_params.pop("run", None)
                st.rerun()
        if st.button("Keep it", key="keep"):
            st.rerun()
