"""What the encoder starts from: random weights, a run of this lab, or weights that somebody names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.shared import access, formatting, forms, state
from app.shared.language import _, tell
from byol_core.config import RunConfig, build
from byol_core.errors import InputError, LabError
from byol_core.evaluation.summary import accuracy
from byol_core.runs import accuracies
from byol_core.runs.run import Run
from byol_core.weights import sources

KEY, FREEZE = sources.KEY, "network.freeze"
STATE = f"setting:{KEY}"
USE_WEIGHTS = "start from weights by their path"
# Runs to choose from; an older one is named by its id.
MOST_RUNS = 200


def problem(config: RunConfig) -> InputError | None:
    """What to say when the encoder cannot start from what the settings name, as far as that can be told at once."""
    spec, home = config.network.pretrained, state.store().home
    if not spec:
        return None
    known = any(spec in (run.run_id, run.name) for run in _runs())
    if not known and not sources.is_hub(spec) and spec != sources.SHIPPED:
        if not access.is_teacher():  # a viewer must not learn what lies where on the disk
            return InputError(access.refusal(USE_WEIGHTS))
        if sources.find(spec, home) is None:
            return sources.refused(spec)
    return sources.mismatch(config, home)


def pick(value: str, changed: Callable[[str, Any], None]) -> None:
    """Draw the choice; ``changed`` is told of it, and of the network of a run that was chosen."""
    runs = {run.run_id: run for run in _runs()}
    options = list(dict.fromkeys(["", value, *runs]))
    st.session_state.setdefault(STATE, value)
    st.selectbox(
        forms.spec(KEY).label,
        options,
        key=STATE,
        format_func=lambda spec: _title(spec, runs),
        accept_new_options=True,
        help=forms.spec(KEY).help,
        on_change=lambda: _chosen(str(st.session_state.get(STATE) or "").strip(), runs, changed),
    )


def describe(value: str) -> None:
    """Say what the choice means; nothing where the weights are random, as ever."""
    if run := next((run for run in _runs() if run.run_id == value), None):
        sentence = _(
            "From the encoder of *{run}*; projector and predictor start from scratch.", run=formatting.plain(run.name)
        )
        st.caption(sentence)
    elif value:
        st.caption(_("The encoder starts from these weights; projector and predictor start from scratch."))


def _runs() -> list[Run]:
    """The runs that have learned something and whose folder is here, newest first."""
    store = state.store()
    return [run for run in store.runs(limit=MOST_RUNS) if run.step > 0 and store.is_here(run.run_id)]


def _title(spec: str, runs: dict[str, Run]) -> str:
    if not spec:
        return _("Random weights")
    if spec not in runs:
        return spec
    run = runs[spec]
    found = accuracies.at_end(run).get(accuracies.ACCURACY)
    named = f"{run.name} · {run.config.get('network', {}).get('encoder', '')}"
    return _("{run} · test kNN {accuracy}", run=named, accuracy=tell(accuracy(found))) if found else named


def _chosen(spec: str, runs: dict[str, Run], changed: Callable[[str, Any], None]) -> None:
    """The network becomes that of the weights: no other could take them."""
    spec = next((run.run_id for run in runs.values() if run.name == spec), spec)
    changed(KEY, spec)
    for key, value in _network(spec, runs).items():
        changed(f"network.{key}", value)
    forms.forget_widgets()


def _network(spec: str, runs: dict[str, Run]) -> dict[str, Any]:
    if spec in runs:
        try:
            config = build(runs[spec].config)
        except LabError:  # of another version
            return {}
        return sources.described(config.network, config.data.image_size)
    if spec == sources.SHIPPED or spec.partition(":")[2].partition(".")[0] in sources.RESNETS:
        return sources.network_of(spec) or {}
    return {}
