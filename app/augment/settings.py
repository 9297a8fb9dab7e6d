"""The settings of the views in the augmentation lab: a preset, and where the sliders stand.

The address carries every setting, under other names than the Train page's ``views.strength``: Streamlit takes the
parameters that belong to a page's widgets away when that page is left, so the same names would never arrive there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.shared.formatting import plain
from app.shared.language import N_, _, tell
from app.widgets.strengths import strength
from app.widgets.view_sliders import Slider, moved, view_sliders
from byol_core.config import OPERATIONS, ViewsConfig, field_info, view_presets
from byol_core.config.presets import get
from byol_core.errors import LabError
from byol_core.system import paths

FIRST = get("classroom").config().views
GROUPS = {
    "": ("strength",),
    N_("Place"): ("crop", "flip_horizontal", "flip_vertical", "rotation", "translation"),
    N_("Color"): ("brightness", "contrast", "saturation", "hue", "grayscale", "solarize"),
    N_("Detail"): ("blur", "noise", "cutout"),
}
NAMES = ("strength", *OPERATIONS)
NEXT = "views_next"  # the preset to look at from the next drawing on
RECIPE, SLIDERS, START, NOTICE = "recipe", "sliders", "views_start", "views_notice"
LAST = "views_last"  # what the sliders of this tab said last: their own state goes with the page


@dataclass(frozen=True)
class Start:
    """Where the page put the sliders; another ``revision`` puts them there again."""

    revision: int
    values: dict[str, float]


@dataclass(frozen=True)
class Settings:
    """The views as they are now: the preset's name, its views, where each slider stands, the sliders' message, and how
    often the page has put them somewhere."""

    recipe: str
    preset: ViewsConfig
    values: dict[str, float]
    serial: int = 0
    revision: int = 0

    @property
    def frame(self) -> tuple[Any, ...]:
        """Where the sliders set out from, wherever they stand now."""
        return self.recipe, self.preset.model_dump(), self.revision

    def views(self, size: int | None = None) -> ViewsConfig:
        """As a run takes them, with the side of the views."""
        return ViewsConfig(
            preset=self.preset.preset, strength=self.values["strength"], size=size, **self.changed(self.preset.preset)
        )

    def changed(self, recipe: str) -> dict[str, Any]:
        """The operations that are not as the recipe says; all of them where a run would choose what is left out."""
        usual = strengths_of(ViewsConfig(preset=recipe))
        moved = {name: self.values[name] for name in OPERATIONS if self.values[name] != usual[name]}
        return {name: self.values[name] for name in OPERATIONS} if moved and recipe == "auto" else moved


def strengths_of(views: ViewsConfig) -> dict[str, float]:
    """Where views put every slider."""
    from byol_core.augment import preset_strengths

    given = {name: value for name in OPERATIONS if (value := getattr(views, name)) is not None}
    return {"strength": views.strength, **preset_strengths(views.preset), **given}


def names() -> list[str]:
    """The recipes, then what was saved in this home."""
    return [*view_presets.RECIPES, *view_presets.names(paths.home())]


def preset(name: str) -> ViewsConfig:
    """The views of a preset; what cannot be read is said once, and the first recipe stands in."""
    try:
        return view_presets.load(paths.home(), name)
    except LabError as error:
        st.session_state[NOTICE] = plain(tell(error))
        return FIRST


def preset_chosen() -> None:
    """Put every slider to what the chosen preset says; a callback."""
    put(strengths_of(preset(st.session_state[RECIPE])))


def put(values: dict[str, float]) -> None:
    """Move the sliders of this tab."""
    known = st.session_state.get(START)
    st.session_state[START] = Start(known.revision + 1 if known else 0, values)


def look_at(name: str) -> None:
    """Choose a preset for the page that is drawn next.

    Not at once: what the browser says meanwhile, as when it looks for an answer, still has the old choice in it.
    """
    st.session_state[NEXT] = name


def _turn() -> None:
    if name := st.session_state.pop(NEXT, ""):
        st.session_state[RECIPE] = name
        preset_chosen()


def current() -> Settings:
    """The settings of this tab; at first those of the address, else those that it had when the page was left."""
    name = str(st.session_state.get(RECIPE) or FIRST.preset)
    views = preset(name)
    if SLIDERS not in st.session_state:  # the page was just opened: its widgets have no state yet
        put(strengths_of(views) | (_addressed() or _left(name)))
    start: Start = st.session_state[START]
    found = moved(SLIDERS, NAMES, start.revision)
    values, serial = (found.values, found.serial) if found else (start.values, 0)
    settings = Settings(name, views, values, serial, start.revision)
    st.session_state[LAST] = (name, settings.values)
    return settings


def _left(name: str) -> dict[str, float]:
    """Where the sliders stood when this tab left the page with that preset."""
    last, values = st.session_state.get(LAST, ("", {}))
    return dict(values) if last == name else {}


def _addressed() -> dict[str, float]:
    read = {name: strength(st.query_params.get(name)) for name in NAMES}
    return {name: value for name, value in read.items() if value is not None}


def pick() -> Settings:
    """Draw the preset and the sliders."""
    _turn()
    options = names()
    st.selectbox(
        _("Preset"),
        options,
        options.index(FIRST.preset),
        key=RECIPE,
        bind="query-params",
        on_change=preset_chosen,
        help=_("A recipe for both views, built in or saved here; it sets where every slider starts."),
    )
    settings = current()
    if sentence := st.session_state.pop(NOTICE, ""):
        st.warning(sentence, icon=":material/warning:")
    st.caption(reason(settings))
    usual = strengths_of(settings.preset)
    view_sliders(
        {
            tell(title): [_slider(name, settings.values[name], usual[name]) for name in group]
            for title, group in GROUPS.items()
        },
        revision=st.session_state[START].revision,
        key=SLIDERS,
    )
    return settings


def title(name: str) -> str:
    """The operation as people read it."""
    return tell(field_info(f"views.{name}").title or name)


def _slider(name: str, value: float, usual: float) -> Slider:
    """A strength from 0 to 2, named and explained as in the configuration."""
    field = field_info(f"views.{name}")
    return Slider(name, title(name), tell(field.json_schema_extra["sentence"]), value, usual)


def reason(settings: Settings) -> str:
    """Why one would take the preset."""
    from byol_core.augment.policy import RECIPES

    if settings.recipe in RECIPES:
        return tell(RECIPES[settings.recipe].reason)
    return _("Saved here, from the recipe '{recipe}'.", recipe=settings.preset.preset)
