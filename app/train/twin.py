"""A recipe that is there to be broken: the same run with one switch turned is a button away, and compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from app.shared import access, formatting, forms, state
from app.shared.language import N_, _, listing, tell
from app.train import launch
from byol_core.config import RunConfig, build, presets
from byol_core.errors import InputError, LabError
from byol_core.runs import compare
from byol_core.runs.run import Run

LABEL, ICON = N_("Start the broken twin"), ":material/science_off:"


def breaks(preset: str | None, config: RunConfig) -> Mapping[str, Any]:
    """The settings that break a run of this preset; none where one is changed already, or where nothing is to break."""
    if preset is None or preset not in presets.PRESETS:
        return {}
    twin, usual, now = presets.get(preset).twin, presets.get(preset).config().flat(), config.flat()
    return twin if all(now[key] == usual[key] for key in twin) else {}


def said(changes: Mapping[str, Any]) -> str:
    """Changes of settings in words, such as ``Stop-gradient off``."""
    parts = [
        _("{setting} {value}", setting=forms.spec(key).label, value=formatting.setting(value))
        for key, value in changes.items()
    ]
    return listing(parts, "comma")


def on_form(config: RunConfig, preset: str) -> None:
    """On the form of such a preset, the button that starts the broken one."""
    changes = breaks(preset, config)
    if not changes or not st.button(tell(LABEL), icon=ICON, key="twin", width="stretch", help=_help(changes)):
        return
    try:
        run_id = launch.start(config.changed(**changes), "", preset)
    except LabError as error:
        st.error(formatting.plain(tell(error)))
    else:
        st.switch_page("runs/page.py", query_params={"run": run_id})


def of_run(run: Run) -> None:
    """On the page of such a run: compare it with its twin, or start that one."""
    lesson = presets.PRESETS.get(run.preset or "")
    if not lesson or not lesson.twin:
        return
    if others := twins(run, state.store().runs(archived=None), lesson.twin):
        if st.button(_("Compare with its twin"), icon=":material/compare_arrows:", key="twin"):
            _compare(run.run_id, others[0].run_id)
        return
    changes: Mapping[str, Any] = {}
    with suppress(InputError):  # settings of another release
        changes = breaks(run.preset, build(run.config))
    if changes and access.is_teacher() and st.button(tell(LABEL), icon=ICON, key="twin", help=_help(changes)):
        try:
            _compare(run.run_id, _start(run, changes))
        except LabError as error:
            st.error(formatting.plain(tell(error)))


def twins(run: Run, runs: Sequence[Run], twin: Mapping[str, Any]) -> list[Run]:
    """The runs, newest first, that differ from this one in the switches of the twin alone."""
    alike = (other for other in runs if other.preset == run.preset and other.run_id != run.run_id)
    return [other for other in alike if set(compare.differences([run, other])) == set(twin)]


def _start(run: Run, changes: Mapping[str, Any]) -> str:
    access.require("start runs")
    made = state.store().clone(run.run_id, changes)
    state.executor().submit(made.run_id)
    return made.run_id


def _compare(*run_ids: str) -> None:
    st.switch_page("runs/page.py", query_params={"compare": ",".join(run_ids)})


def _help(changes: Mapping[str, Any]) -> str:
    return _(
        "The same run with one switch flipped ({changes}): watch its projections fall to a single point.",
        changes=said(changes),
    )
