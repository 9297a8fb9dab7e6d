"""One run opened by ``?run=ID``: live curves, health, machine, log, settings, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.runs import curves, health, run_actions, run_notes, run_view, system
from app.shared import address, formatting, polling, state
from app.shared.language import N_, _, tell
from byol_core.errors import LabError
from byol_core.health import signs
from byol_core.runs import folder
from byol_core.runs.run import Run

LOG_LINES = 200
NUMBERS = ("loss", "knn_accuracy")
TABS = {
    "curves": N_("Curves"),
    "health": N_("Health"),
    "system": N_("System"),
    "log": N_("Log"),
    "settings": N_("Settings"),
}


def draw(run: Run) -> None:
    """The page of one run."""
    _title(run)
    if notice := st.session_state.pop("runs_notice", ""):
        st.warning(notice)
    live = formatting.busy(run)
    polling.live(slow=1.0 if live else polling.IDLE)(_head)(run)  # what is over may be resumed elsewhere
    run_view.images_warning(run)
    run_actions.draw(run)
    if run.state == "failed":
        st.markdown(_("**The end of its log**"))
        _log(run, 12)
    contents = {
        "curves": _curves_tab,
        "health": _health_tab,
        "system": _system_tab,
        "log": _log_tab,
        "settings": _settings_tab,
    }
    for code, tab in address.tabs("show", {code: tell(name) for code, name in TABS.items()}).items():
        if tab.open:
            with tab:
                contents[code](run, live)


def _title(run: Run) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.button(_("All runs"), icon=":material/arrow_back:", type="tertiary", on_click=_leave, key="back")
        if run.group:
            st.button(
                _("All of {sweep}", sweep=formatting.plain(run.group)),
                icon=":material/compare_arrows:",
                type="tertiary",
                on_click=_compare,
                args=[run.group],
                key="group",
            )
    st.title(formatting.plain(run.name))
    run_notes.draw(run)


def _leave() -> None:
    """Close this run and show the list of runs."""
    address.write(run=None)


def _compare(group: str) -> None:
    """From one run of a sweep to all of them."""
    runs = [run.run_id for run in reversed(state.store().runs(archived=None)) if run.group == group]
    address.write(run=None, compare=",".join(runs))


def _again(run: Run) -> Run:
    """The run as it is now; the whole page is redrawn when it stands otherwise, or is gone."""
    try:
        now = state.store().get(run.run_id)
    except LabError:
        st.rerun()
    if _stands(now) != _stands(run):
        st.rerun()
    return now


def _stands(run: Run) -> tuple[object, ...]:
    """What the whole page depends on; an alarm is seen in its charts."""
    return run.state, run.stop_requested, run.attempt, bool(run.alarm)


def _head(run: Run) -> None:
    store = state.store()
    now = _again(run)
    run_view.status(now, store.queue() if now.state == "queued" else [], opened=True)
    run_view.numbers(now, store.last_values(run.run_id, NUMBERS))


# Tabs


def _curves_tab(run: Run, live: bool) -> None:
    keys = (*curves.KEYS, *curves.BASELINES)
    known = curves.ends(run, state.store(), keys)
    view = curves.view_choice()
    curves.draw(run, known, view)
    _keep_fed(run, keys, known, live)


def _health_tab(run: Run, live: bool) -> None:
    space = health.space_choice(run)
    keys = signs.keys(space)
    view = curves.view_choice()

    def draw(known: curves.Ends) -> None:
        health.draw(run, known, view, space)

    _keep_drawn(run, keys, draw, live)


def _system_tab(run: Run, live: bool) -> None:
    view = curves.view_choice()

    def draw(known: curves.Ends) -> None:
        system.draw(run, known, view)

    _keep_drawn(run, system.KEYS, draw, live)


def _keep_fed(run: Run, keys: Sequence[str], known: curves.Ends, live: bool) -> None:
    """Bring new points to charts that stay as they are; where a curve begins, the page is redrawn with its chart."""

    @polling.live(live)
    def feed() -> None:
        if not curves.feed([run], state.store(), keys) <= set(known):
            st.rerun()

    feed()


def _keep_drawn(run: Run, keys: Sequence[str], draw: Callable[[curves.Ends], None], live: bool) -> None:
    """Draw cards with the newest values on them, and bring new points to their charts."""

    @polling.live(live)
    def cards() -> None:
        draw(curves.ends(run, state.store(), keys))
        curves.feed([run], state.store(), keys)

    cards()


def _log_tab(run: Run, live: bool) -> None:
    polling.live(live)(_log)(run, LOG_LINES)


def _log(run: Run, lines: int) -> None:
    tail = folder.tail(run.folder, lines)
    if tail:
        st.code("\n".join(tail), language=None, height=420 if lines > 40 else None, wrap_lines=True)
    else:
        st.caption(_("Nothing is written yet."))


def _settings_tab(run: Run, _live: bool) -> None:
    run_view.images(run)
    run_view.settings(run)
