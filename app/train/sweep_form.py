"""The sweep form of the Train page: up to three settings with several values each, and how many runs they make."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.shared import draft as drafts
from app.shared import formatting, forms
from app.shared.draft import Draft
from app.shared.language import _, listing, n_
from app.train import launch
from app.train.estimates import Estimate, estimates
from byol_core.config import RunConfig
from byol_core.errors import LabError
from byol_core.runs import sweep

MOST_SETTINGS = 3
# Which images there are is chosen above; the command line can sweep over them as well.
LEFT_OUT = ("data.source",)


def draw(draft: Draft) -> None:
    """A row for each setting, and an empty one for the next."""
    named = _("Sweep: several values, a run for each")
    if draft.grid:
        named = _("Sweep over {settings}", settings=listing(forms.spec(key).label for key in draft.grid))
    with st.expander(named, icon=":material/grid_view:", expanded=bool(draft.grid), key="setting:sweep"):
        st.caption(
            _(
                "Every combination of these values is trained, one run after the other, and all are compared as one. "
                "Give several seeds to see what is due to chance."
            )
        )
        rows = list(draft.grid.items())
        for place in range(min(len(rows) + 1, MOST_SETTINGS)):
            key, values = rows[place] if place < len(rows) else (None, "")
            _row(draft, place, key, values)


def _row(draft: Draft, place: int, key: str | None, values: str) -> None:
    at_key, at_values = _widgets(place)
    st.session_state.setdefault(at_key, key)
    st.session_state.setdefault(at_values, values)
    left, right = st.columns(2)
    shown: Any = {"label_visibility": "visible" if place == 0 else "collapsed"}
    left.selectbox(
        _("Setting"),
        [None, *sorted(_choices(draft, key), key=_named)],
        format_func=lambda chosen: _("None") if chosen is None else _named(chosen),
        key=at_key,
        placeholder=_("Choose a setting"),
        on_change=_changed,
        **shown,
    )
    right.text_input(
        _("Values"),
        key=at_values,
        placeholder=_("such as {values}", values=_example(draft, key)),
        help=_("With commas between them, each as in the form."),
        disabled=key is None,
        on_change=_changed,
        live="400ms",
        **shown,
    )


def _widgets(place: int) -> tuple[str, str]:
    return f"setting:sweep-key-{place}", f"setting:sweep-values-{place}"


def _choices(draft: Draft, own: str | None) -> list[str]:
    """The settings that the objective reads, each in one row at most."""
    objective = str(draft.value(forms.OBJECTIVE))
    known = [key for keys in forms.sections().values() for key in keys if key not in LEFT_OUT]
    free = [key for key in known if key not in draft.grid and forms.spec(key).read_by(objective)]
    return [*free, *([own] if own else [])]


def _named(key: str) -> str:
    return f"{forms.spec(key).label} · {key}"


def _example(draft: Draft, key: str | None) -> str:
    """Values that this setting could have."""
    if key is None:
        return "0, 1, 2"
    setting, value = forms.spec(key), draft.value(key)
    if setting.options:
        return ", ".join(forms.scalar(option) for option in setting.options[:3])
    if setting.kind == "switch":
        return "true, false"
    if isinstance(value, int):
        return f"{value}, {value + 1}, {value + 2}" if key == "seed" else f"{value}, {value * 2}"
    return f"{value / 2:g}, {value:g}" if isinstance(value, float) else forms.scalar(value)


def _changed() -> None:
    """Somebody moved a widget of the form: a row without a setting goes, and those below move up."""
    rows = [[st.session_state.get(name) for name in _widgets(place)] for place in range(MOST_SETTINGS)]
    drafts.touched().grid = {key: str(values or "") for key, values in rows if key}
    filled = [bool(key) for key, _ in rows]
    if filled != sorted(filled, reverse=True):  # else leave the text alone in which somebody may still be typing
        for name in (name for place in range(MOST_SETTINGS) for name in _widgets(place)):
            st.session_state.pop(name, None)


# What it comes to


def check(draft: Draft, config: RunConfig) -> tuple[list[dict[str, Any]], LabError | None]:
    """The settings of each run, or what is wrong; neither without a sweep."""
    try:
        grid = {key: sweep.parse_values(text) for key, text in draft.grid.items()}
        found = sweep.points(grid) if grid else []
        for point in found:
            if complaint := launch.problem(config.changed(**point)):
                return [], complaint
    except LabError as error:
        return [], error
    return found, None


def warn(config: RunConfig, points: list[dict[str, Any]]) -> None:
    """What the run with the largest batch will probably refuse."""
    launch.warn(config.changed(**max(points, key=lambda point: int(point.get("batch_size", 0)))))


def total(config: RunConfig, points: list[dict[str, Any]]) -> None:
    """How many runs, and how long they take together."""
    epochs = sum(float(point.get("epochs", config.epochs)) for point in points)
    answer = estimates().answer(config)
    if isinstance(answer, Estimate):
        sentence = n_(
            ":material/grid_view: **{n} run**, one after the other: about {duration} in all.",
            ":material/grid_view: **{n} runs**, one after the other: about {duration} in all.",
            len(points),
            duration=formatting.duration(answer.seconds * epochs / config.epochs),
        )
    else:
        sentence = n_(
            ":material/grid_view: **{n} run**, one after the other.",
            ":material/grid_view: **{n} runs**, one after the other.",
            len(points),
        )
    st.markdown(sentence)
