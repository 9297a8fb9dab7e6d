"""From a field of the configuration to a widget: label, help, range and kind come from the field itself.

The settings of a form live apart from its widgets, as changes to a preset: so a setting whose widget is hidden keeps
its value, and the address of the page, the command line and the form always say the same.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import streamlit as st
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.shared.language import _, listing, tell
from app.shared.objectives import OBJECTIVES
from byol_core.config import RunConfig, all_keys, build, field_info, old_keys
from byol_core.config.parsing import parse_assignments
from byol_core.errors import InputError

Kind = Literal["switch", "choice", "several", "integer", "number", "slider", "text"]
# Up to this many short options stay in sight; more go into a list.
OPTIONS_IN_SIGHT = 3
OBJECTIVE = "method.objective"


@dataclass(frozen=True)
class Spec:
    """All that a widget needs to know of a setting."""

    key: str
    label: str
    help: str
    kind: Kind
    options: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    optional: bool = False
    expert: bool = False
    only: tuple[str, ...] = ()

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return self.kind == "choice" and len(self.options) == 1

    def read_by(self, objective: str) -> bool:
        """Whether the objective looks at this setting at all."""
        return not self.only or objective in self.only

    def option(self, value: Any) -> str:
        """An option as the list shows it."""
        return OBJECTIVES[value].title if self.key == OBJECTIVE and value in OBJECTIVES else str(value)


def spec(key: str) -> Spec:
    """The widget of a setting, read off its field."""
    field: FieldInfo = field_info(key)
    extra: dict[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    kind, optional, options = _kind(field.annotation)
    low, high = _limit(field, "ge", "gt"), _limit(field, "le", "lt")
    if kind == "number" and (low, high) == (0.0, 2.0) and not optional:
        kind = "slider"
    label, unit = tell(field.title or key), tell(extra.get("unit", ""))
    return Spec(
        key=key,
        label=_("{label} ({unit})", label=label, unit=unit) if unit else label,
        help=_help(key, tell(field.description or ""), tell(extra.get("source", "")), low, high),
        kind=kind,
        options=options,
        low=low,
        high=high,
        optional=optional,
        expert=bool(extra.get("expert")),
        only=tuple(extra.get("only", ())),
        step=0.05 if kind == "slider" else _step(kind, field.default, high),
    )


def _kind(annotation: Any) -> tuple[Kind, bool, tuple[Any, ...]]:
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        inner = [part for part in get_args(annotation) if part is not NoneType]
        optional, annotation = len(inner) < len(get_args(annotation)), inner[0]
    if get_origin(annotation) is Literal:
        return "choice", optional, get_args(annotation)
    if get_origin(annotation) is tuple:
        return "several", optional, get_args(get_args(annotation)[0])
    kinds: dict[Any, Kind] = {bool: "switch", int: "integer", float: "number"}
    return kinds.get(annotation, "text"), optional, ()


def _limit(field: FieldInfo, *names: str) -> float | None:
    for rule in field.metadata:
        for name in names:
            if (value := getattr(rule, name, None)) is not None:
                return float(value)
    return None


def _step(kind: Kind, default: Any, high: float | None) -> float | None:
    """A step of the size of the value: 0.01 for 0.06, 0.0001 for 0.0005, 0.001 for the 0.99 of a share."""
    if kind == "integer":
        return 1
    if kind != "number":
        return None
    size = float(default) if isinstance(default, int | float) and default else 0.1
    if high == 1.0 and size > 0.95:
        return 0.001
    return float(10.0 ** min(0, math.floor(math.log10(size))))


def _help(key: str, sentence: str, source: str, low: float | None, high: float | None) -> str:
    limits = ""
    if low is not None and high is not None:
        limits = _("From {low:g} to {high:g}.", low=low, high=high)
    elif low is not None:
        limits = _("At least {low:g}.", low=low)
    origin = _("Source: {source}.", source=source) if source else ""
    about = listing(filter(None, (limits, origin)), "sentences")
    return "\n\n".join(filter(None, (sentence, about, f"`{key}`")))


def sections() -> dict[str, tuple[str, ...]]:
    """The settings by section, in order; those of the run itself under ``""``."""
    groups: dict[str, list[str]] = {}
    for key in all_keys():
        section, dot, _name = key.rpartition(".")
        groups.setdefault(section if dot else "", []).append(key)
    return {section: tuple(keys) for section, keys in groups.items()}


def about(section: str) -> str:
    """The sentence of a section: what it is about."""
    model: Any = RunConfig.model_fields[section].annotation if section else RunConfig
    assert issubclass(model, BaseModel)
    return tell((model.__doc__ or "").strip())


def widget(setting: Spec, value: Any, changed: Callable[[str, Any], None], *, placeholder: str = "") -> None:
    """Draw the widget of a setting; ``changed(key, value)`` is told when somebody moves it."""
    state = f"setting:{setting.key}"
    st.session_state.setdefault(state, _shown(setting, value))
    common: dict[str, Any] = {
        "label": setting.label,
        "key": state,
        "help": setting.help,
        "on_change": lambda: changed(setting.key, _read(setting, st.session_state.get(state, value))),
    }
    if setting.kind == "switch":
        st.toggle(**common)
    elif setting.kind == "choice":
        _choice(setting, common)
    elif setting.kind == "several":
        st.multiselect(options=setting.options, placeholder=_("None"), **common)
    elif setting.kind == "slider":
        st.slider(min_value=setting.low, max_value=setting.high, step=setting.step, format="%.2f", **common)
    elif setting.kind == "text":
        st.text_input(live="400ms", **common)
    else:
        _number(setting, common, placeholder)


def _choice(setting: Spec, common: dict[str, Any]) -> None:
    if len(setting.options) <= OPTIONS_IN_SIGHT and not setting.optional and not setting.fixed:
        st.segmented_control(options=setting.options, required=True, **common)
    else:
        options = (None, *setting.options) if setting.optional else setting.options
        st.selectbox(options=options, disabled=setting.fixed, format_func=setting.option, **common)


def _number(setting: Spec, common: dict[str, Any], placeholder: str) -> None:
    cast: Callable[[float], float] = int if setting.kind == "integer" else float
    limits: dict[str, Any] = {
        "min_value": None if setting.low is None else cast(setting.low),
        "max_value": None if setting.high is None else cast(setting.high),
        "step": cast(setting.step or 1),
        "format": "%d" if setting.kind == "integer" else "%g",
        "value": None if setting.optional else "min",  # the value itself is in the session's state
    }
    st.number_input(placeholder=placeholder or None, **limits, **common)


def _shown(setting: Spec, value: Any) -> Any:
    if setting.kind == "several":  # an address may say it as text: runtime.trackers=mlflow
        return build({}, {setting.key: value}).flat()[setting.key]
    if value is None or setting.kind in ("switch", "choice", "text"):
        return value
    return int(value) if setting.kind == "integer" else float(value)


def _read(setting: Spec, value: Any) -> Any:
    return value.strip() if isinstance(value, str) and setting.kind == "text" else value


def forget_widgets() -> None:
    """Let every widget take its value from the settings again, after they changed from elsewhere."""
    for key in [key for key in st.session_state if str(key).startswith("setting:")]:
        del st.session_state[key]


def differences(flat: Mapping[str, Any], base: RunConfig) -> dict[str, Any]:
    """The settings that are not as in ``base``, by dotted key."""
    expected = base.flat()
    return {key: value for key, value in flat.items() if expected.get(key, NoneType) != value}


def scalar(value: Any) -> str:
    """A value as the command line and the address of the page write it; ``parse_assignments`` reads it back."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")


def from_address(address: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The settings among the parameters of a page's address, and a sentence for each that is not one."""
    changes: dict[str, Any] = {}
    complaints: list[str] = []
    for key, text in address.items():
        try:
            change = parse_assignments([f"{key}={text}"])
            build({}, change)  # a value out of range would break the widget that shows it
            changes |= change
        except InputError as error:
            complaints.append(error.message)
    return changes, complaints


def grid_from(text: str) -> tuple[dict[str, str], list[str]]:
    """The sweep in an address, ``views.strength=0.3, 0.6; seed=0, 1``, and a sentence for what is wrong in it."""
    grid: dict[str, str] = {}
    complaints: list[str] = []
    for part in filter(None, map(str.strip, text.split(";"))):
        key, _equals, values = part.partition("=")
        try:
            field_info(key.strip())
            grid[old_keys.current(key.strip())] = values.strip()
        except InputError as error:
            complaints.append(error.message)
    return grid, complaints


def command(preset: str, changes: Mapping[str, Any], name: str = "", grid: Mapping[str, str] = {}) -> str:
    """The ``byol train`` command that repeats a run, or the ``byol sweep`` of a grid, one setting a line."""
    parts = [f"byol {'sweep' if grid else 'train'} --preset {shlex.quote(preset)}"]
    if "data.source" in changes:
        parts.append(f"--data {shlex.quote(str(changes['data.source']))}")
    parts += [
        f"--set {shlex.quote(f'{key}={scalar(value)}')}" for key, value in changes.items() if key != "data.source"
    ]
    parts += [f"--grid {shlex.quote(f'{key}={values}'.replace(', ', ','))}" for key, values in grid.items()]
    if name:
        parts.append(f"--name {shlex.quote(name)}")
    return " \\\n  ".join(parts) if len(parts) > 2 else " ".join(parts)
