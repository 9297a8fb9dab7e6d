"""The run that somebody is putting together: a preset and what they changed, kept in the address of the Train page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app.shared import forms
from byol_core.config import RunConfig, all_keys, build, presets
from byol_core.errors import InputError
from byol_core.runs.run import Run

FIRST_PRESET = "classroom"
# Parameters of the Train page that are no settings.
ABOUT_THE_FORM = ("preset", "name", "mode", "sweep")


@dataclass
class Draft:
    """A preset, the changes to it, and how the form is shown."""

    preset: str = FIRST_PRESET
    changes: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    expert: bool = False
    grid: dict[str, str] = field(default_factory=dict)  # of a sweep: the values of a setting, as somebody wrote them
    complaints: list[str] = field(default_factory=list)

    @property
    def base(self) -> RunConfig:
        """The settings of the preset, without changes."""
        return presets.get(self.preset).config()

    def value(self, key: str) -> Any:
        """A setting as it is now, right or wrong."""
        return self.changes[key] if key in self.changes else self.base.flat()[key]

    def change(self, key: str, value: Any) -> None:
        """Set one setting; one that is as in the preset is no change."""
        if value == self.base.flat()[key] and type(value) is type(self.base.flat()[key]):
            self.changes.pop(key, None)
        else:
            self.changes[key] = value

    def use_preset(self, name: str) -> None:
        """Start from another preset; the choice of images stays."""
        source = self.value("data.source")
        self.preset, self.changes = name, {}
        self.change("data.source", source)

    def config(self) -> RunConfig:
        """The whole configuration; InputError in one sentence when a setting is wrong."""
        return build(presets.get(self.preset).config().model_dump(mode="json"), self.changes)

    def address(self) -> dict[str, str]:
        """The parameters of the page's address that bring this draft back."""
        parts = {"preset": self.preset} | {key: forms.scalar(value) for key, value in self.changes.items()}
        parts |= {"sweep": "; ".join(f"{key}={values}" for key, values in self.grid.items())} if self.grid else {}
        return parts | ({"name": self.name} if self.name else {}) | ({"mode": "expert"} if self.expert else {})


def own(address: Mapping[str, str]) -> dict[str, str]:
    """The parameters that are meant for the Train page; other pages leave theirs in the address, without a dot."""
    known = (*ABOUT_THE_FORM, *all_keys())
    return {key: text for key, text in address.items() if key in known or "." in key}


def from_address(address: Mapping[str, str]) -> Draft:
    """The draft of an address; what is wrong in it is said, and left out."""
    draft = Draft(name=address.get("name", "")[:120], expert=address.get("mode") == "expert")
    changes, draft.complaints = forms.from_address(
        {key: text for key, text in own(address).items() if key not in ABOUT_THE_FORM}
    )
    draft.grid, wrong = forms.grid_from(address.get("sweep", ""))
    draft.complaints += wrong
    try:
        draft.preset = presets.get(address.get("preset", FIRST_PRESET)).name
    except InputError as error:
        draft.complaints.append(error.message)
    for key, value in changes.items():
        draft.change(key, value)
    return draft


def preset_of(run: Run) -> str:
    """The preset that a run came from, or the first one, from which its settings then differ more."""
    return run.preset if run.preset is not None and run.preset in presets.PRESETS else FIRST_PRESET


def of_run(run: Run, changes: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The address of the Train page that repeats a run, with some settings changed."""
    draft = Draft(preset=preset_of(run))
    settings = build(run.config, changes).flat()
    draft.changes = forms.differences(settings, draft.base)
    return draft.address()


def current() -> Draft:
    """The draft of this browser tab; an address that came from elsewhere (a link, the back button) replaces it.

    A browser that is told a new address while somebody types still sends the old one, so after a touch of a widget the
    address has no say.
    """
    address = own(st.query_params.to_dict())
    known: Draft | None = st.session_state.get("draft")
    touched = st.session_state.pop("draft_touched", False)
    foreign = bool(address) and not touched and address != st.session_state.get("draft_address")
    if known is None or foreign:
        known = from_address(address)
        st.session_state["draft"] = known
        forms.forget_widgets()
    return known


def touched() -> Draft:
    """The draft, for a widget that somebody just moved."""
    st.session_state["draft_touched"] = True
    draft: Draft = st.session_state.setdefault("draft", Draft())
    draft.complaints = []  # what was wrong in the address is no longer news
    return draft


def touch() -> None:
    """As :func:`touched`, for a widget of which the page itself reads the value."""
    touched()


def remember(draft: Draft) -> None:
    """Put the draft into the address of the page."""
    address = draft.address()
    st.session_state["draft_address"] = address
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)
