"""The queue: which runs wait, in which order and why, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.shared import access, formatting, polling, state
from app.shared.language import N_, _, n_, tell
from byol_core.runs import queue as queueing
from byol_core.runs.run import Run

PAGE = 5
_PROBLEM, _NUMBER = "queue_problem", "queue_page"
# What the menu of a waiting run offers, beside the two arrows.
_MENU = {
    "first": (":material/vertical_align_top:", N_("Move first")),
    "last": (":material/vertical_align_bottom:", N_("Move last")),
    "raise": (":material/keyboard_double_arrow_up:", N_("Raise priority")),
    "lower": (":material/keyboard_double_arrow_down:", N_("Lower priority")),
    "cancel": (":material/cancel:", N_("Cancel")),
}
# By what the arrows do: a word on them, and one where nothing is there to pass.
_MOVES = {
    "up": (N_("Move up."), N_("Move up: no other run of its priority is there.")),
    "down": (N_("Move down."), N_("Move down: no other run of its priority is there.")),
}


def draw() -> None:
    """The waiting runs, live; nothing while none waits."""
    waits = bool(state.store().queue())

    @polling.live(waits)
    def panel() -> None:
        queue = state.store().queue()
        if queue:
            _panel(queue)
        elif waits:
            st.rerun()

    panel()


def _panel(queue: Sequence[Run]) -> None:
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.warning(problem, icon=":material/error:")
    waiting = n_("Queue: {n} run waits", "Queue: {n} runs wait", len(queue))
    with st.expander(waiting, expanded=True, icon=":material/schedule:", key="queue"):
        last = -(-len(queue) // PAGE)
        number = min(int(st.session_state.get(_NUMBER) or 1), last)
        for at in range((number - 1) * PAGE, min(number * PAGE, len(queue))):
            _row(queue, at)
        if last > 1:
            st.session_state[_NUMBER] = number
            st.pagination(last, key=_NUMBER)


def _row(queue: Sequence[Run], at: int) -> None:
    run = queue[at]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"queue_{run.run_id}"):
        with st.container(width="stretch", gap=None):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                label = f"{at + 1}\\. {formatting.plain(run.name)}"
                if st.button(label, type="tertiary", key=f"open_{run.run_id}", help=_("Open this run.")):
                    st.switch_page("runs/page.py", query_params={"run": run.run_id})
                if run.priority:
                    said = _("priority {priority:+d}", priority=run.priority)
                    st.badge(said, color="violet" if run.priority > 0 else "gray")
            st.caption(formatting.plain(formatting.sentence(run, queue)))
        if access.is_teacher():
            _buttons(queue, at)


def _buttons(queue: Sequence[Run], at: int) -> None:
    """Up and down among the runs of its priority, and the rest in a menu."""
    run = queue[at]
    alike = [waiting.run_id for waiting in queue if waiting.priority == run.priority]
    for where, icon, end in (("up", "arrow_upward", alike[0]), ("down", "arrow_downward", alike[-1])):
        move, stay = _MOVES[where]
        st.button(
            f":material/{icon}:",
            key=f"{where}_{run.run_id}",
            help=tell(stay if run.run_id == end else move),
            disabled=run.run_id == end,
            on_click=_do,
            args=(queueing.move, run.run_id, where),
        )
    key = f"more_{run.run_id}"
    st.menu_button(
        ":material/more_horiz:",
        list(_MENU),
        format_func=lambda choice: f"{_MENU[choice][0]} {tell(_MENU[choice][1])}",
        key=key,
        help=_("More for this run"),
        on_click=_chosen,
        args=(key, run),
    )


def _chosen(key: str, run: Run) -> None:
    verbs: dict[str, tuple[Callable[..., object], tuple[object, ...]]] = {
        "first": (queueing.move, ("first",)),
        "last": (queueing.move, ("last",)),
        "raise": (queueing.set_priority, (run.priority + 1,)),
        "lower": (queueing.set_priority, (run.priority - 1,)),
        "cancel": (queueing.cancel, ()),
    }
    verb, arguments = verbs[st.session_state[key]]
    _do(verb, run.run_id, *arguments)


def _do(verb: Callable[..., object], run_id: str, *arguments: object) -> None:
    """Do it in the store; what goes wrong, as that the run has started meanwhile, becomes a sentence."""
    with state.said_later(_PROBLEM):
        access.require("change the queue")
        verb(state.store(), run_id, *arguments)
