"""The Runs page: all runs in a table; one of them opened by ``?run=ID`` with live curves, log, settings and actions."""

import streamlit as st

from app import state
from app.components import curves, health, run_actions, run_table, run_view, words
from byol_core.errors import LabError
from byol_core.health import signs
from byol_core.runs import folder
from byol_core.runs.model import Run

# While something happens, a page looks again this often; while nothing does, never.
SECONDS = 1.5
LOG_LINES = 200

store = state.store()


def back() -> None:
    """Close the opened run."""
    st.query_params.pop("run", None)


def opened() -> Run | None:
    """The run of the address; a sentence when there is no such run."""
    ref = st.query_params.get("run")
    if not ref:
        return None
    try:
        return store.get(ref)
    except LabError as error:
        st.warning(str(error), icon=":material/link_off:")
        return None


def again(run: Run) -> Run:
    """The run as it is now; the whole page is drawn anew when its state changed, or when it is gone."""
    try:
        now = store.get(run.run_id)
    except LabError:
        st.rerun()
    if (now.state, now.stop_requested) != (run.state, run.stop_requested):
        st.rerun()
    return now


def show_table() -> None:
    """The list of runs."""
    st.title("Runs")
    first = store.runs()

    @st.fragment(run_every=SECONDS if any(map(words.busy, first)) else None)
    @state.in_words()
    def table() -> None:
        runs = store.runs()
        if any(map(words.busy, first)) != any(map(words.busy, runs)):
            st.rerun()
        chosen = run_table.draw(runs, store.sparkline([run.run_id for run in runs]))
        if chosen:
            del st.session_state["run_table"]
            st.switch_page("views/runs.py", query_params={"run": chosen})

    if first:
        st.markdown("Click on a run to open it.")
        table()
    else:
        nothing_here()


def nothing_here() -> None:
    """No run yet."""
    with st.container(border=True, horizontal_alignment="center", vertical_alignment="center", height=260):
        st.subheader("No run yet", anchor=False, text_alignment="center")
        st.markdown(
            "A run is one training: its settings, its curves and what it learned. Start one, and it appears here.",
            text_alignment="center",
        )
        if st.button("Set up a training", type="primary", icon=":material/model_training:", key="to_train"):
            st.switch_page("views/train.py")


def show_run(run: Run) -> None:
    """One run."""
    st.button("All runs", icon=":material/arrow_back:", type="tertiary", on_click=back, key="back")
    st.title(words.plain(run.name))
    if notice := st.session_state.pop("runs_notice", ""):
        st.warning(notice)
    pulse = SECONDS if words.busy(run) else None

    @st.fragment(run_every=pulse)
    @state.in_words()
    def head() -> None:
        now = again(run)
        run_view.status(now, store.queue() if now.state == "queued" else [], opened=True)
        found = curves.of(now, store)
        run_view.numbers(now, {key: points[-1][3] for key, points in found.points.items() if points})

    @st.fragment(run_every=pulse)
    @state.in_words()
    def drawn() -> None:
        curves.draw(run, curves.of(run, store), axis)

    @st.fragment(run_every=pulse)
    @state.in_words()
    def health_drawn() -> None:
        health.draw(run, curves.of(run, store, signs.keys(vectors)), axis, vectors)

    @st.fragment(run_every=pulse)
    @state.in_words()
    def log(lines: int) -> None:
        tail = folder.tail(run.folder, lines)
        if tail:
            st.code("\n".join(tail), language=None, height=420 if lines > 40 else None, wrap_lines=True)
        else:
            st.caption("Nothing is written yet.")

    head()
    run_actions.draw(run)
    if run.state == "failed":
        st.markdown("**The end of its log**")
        log(12)
    tabs = st.tabs(["Curves", "Health", "Log", "Settings"], key="show", on_change="rerun", bind="query-params")
    if tabs[0].open:
        with tabs[0]:
            axis = curves.axis_choice()
            drawn()
    if tabs[1].open:
        with tabs[1]:
            with st.container(horizontal=True):
                vectors = health.space_choice()
                axis = curves.axis_choice()
            health_drawn()
    if tabs[2].open:
        with tabs[2]:
            log(LOG_LINES)
    if tabs[3].open:
        with tabs[3]:
            run_view.settings(run)


run = opened()
if run is None:
    show_table()
else:
    show_run(run)
