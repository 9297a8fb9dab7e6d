"""The Augment page: what the two views of an image look like, made by the code that feeds the trainer.

The address carries every setting, under other names than the Train page's ``views.strength``: Streamlit takes the
parameters that belong to a page's widgets away when that page is left, so the same names would never arrive there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st

from app import access, state
from app.components import pictures as sources
from app.components.pictures import SIZES, Pictures
from app.components.view_grid import view_grid
from app.forms import scalar
from byol_core.config import OPERATIONS, ViewPreset, ViewsConfig, field_info
from byol_core.presets import get

FIRST = get("classroom").config()
SET, UPLOAD, CAMERA = PLACES = ("Set", "Upload", "Camera")
GROUPS = {
    "Place": ("crop", "flip_horizontal", "flip_vertical", "rotation", "translation"),
    "Colour": ("brightness", "contrast", "saturation", "hue", "greyscale", "solarise"),
    "Detail": ("blur", "noise", "cutout"),
}
SHOWN = (4, 8, 16)
LAST_DRAW = 9999
# Sides of the views; 0 stands for the side of the images.
VIEW_SIZES = (24, *SIZES)
AS_THE_IMAGE = 0


def strengths_of(preset: str) -> dict[str, float]:
    """What the preset does, operation by operation."""
    from byol_core.augment import preset_strengths

    return preset_strengths(preset)


def preset_chosen() -> None:
    """Put every operation to what the chosen preset says."""
    for operation, strength in strengths_of(st.session_state["recipe"]).items():
        st.session_state[operation] = strength


def draw_again() -> None:
    """Another draw, which the address can bring back."""
    st.session_state["draw"] = (st.session_state["draw"] + 1) % (LAST_DRAW + 1)


@dataclass(frozen=True)
class Choice:
    """What is looked at: from where, how large, how large its views, how many, and the seed of the draw."""

    place: str
    source: str
    size: int
    view: int | None
    shown: int
    seed: int

    @property
    def data(self) -> dict[str, Any]:
        """The settings of a run that learns from these pictures."""
        source = {"data.source": self.source} if self.source else {}
        return source | {"data.image_size": self.size, "views.size": self.view}


def choose() -> Choice:
    """The row above everything."""
    with st.container(horizontal=True):
        place = pick_place() if access.is_teacher() else SET
        source = pick_set() if place == SET else ""
        size = st.selectbox(
            "Resolution",
            SIZES,
            SIZES.index(FIRST.data.image_size),
            key="size",
            bind="query-params",
            width=130,
            help="Height and width in pixels to which every picture is resized, once.",
        )
        view = pick_view_size(size)
        shown = st.segmented_control("Shown", SHOWN, default=SHOWN[1], required=True, key="shown", bind="query-params")
        seed = pick_draw()
    return Choice(place, source, size, view, shown or SHOWN[1], seed)


def pick_place() -> str:
    """Where a teacher's pictures come from; all others look at sets."""
    place = st.segmented_control(
        "Pictures from", PLACES, default=SET, required=True, key="pictures", bind="query-params"
    )
    return place or SET


def pick_view_size(size: int) -> int | None:
    """The side of the views, at most that of the images; None: the same. At first as the classroom preset has it."""
    options = [AS_THE_IMAGE, *(side for side in VIEW_SIZES if side <= size)]
    chosen = st.selectbox(
        "View size",
        options,
        options.index(FIRST.views.size or AS_THE_IMAGE),
        key="view",
        bind="query-params",
        format_func=lambda side: str(side or "as the image"),
        width=150,
        help=field_info("views.size").description.replace(" Empty: the image size.", ""),
    )
    return chosen or None


def load(choice: Choice) -> Pictures:
    """The chosen pictures; what cannot be shown is said."""
    found = sources.of_set(choice.source, choice.size) if choice.place == SET else of_files(choice)
    for complaint in found.complaints:
        st.warning(complaint, icon=":material/hide_image:")
    return found


def pick_set() -> str:
    """A set of the catalog, or a teacher's path of a folder or archive on this machine."""
    teacher = access.is_teacher()
    return str(
        st.selectbox(
            "Set",
            sources.names_of_sets(),
            key="set",
            bind="query-params",
            accept_new_options=teacher,
            width=260,
            help="Choose one, or type the path of a folder or archive of images on this machine." if teacher else None,
        )
    )


def of_files(choice: Choice) -> Pictures:
    """The uploaded pictures, or the photo."""
    if choice.place == CAMERA:
        photo = st.camera_input("Take a photo", key="photo", width=420)
        return sources.of_files([("Your photo", photo)] if photo else [], choice.size)
    files = st.file_uploader(
        "Your pictures",
        accept_multiple_files=True,
        key="files",
        help="They stay on this machine, and are gone when this page is closed.",
    )
    return sources.of_files([(file.name, file) for file in files], choice.size)


def pick_settings(size: int | None) -> tuple[ViewsConfig, dict[str, float]]:
    """The settings of the views, and those operations that are not as the preset says."""
    names = get_args(ViewPreset)
    preset = st.selectbox(
        "Preset",
        names,
        names.index(FIRST.views.preset),
        key="recipe",
        bind="query-params",
        on_change=preset_chosen,
        help="A recipe for both views; every operation starts as it says.",
    )
    st.caption(reason_of(preset))
    strength = slider("strength", FIRST.views.strength)
    usual = strengths_of(preset)
    values: dict[str, float] = {}
    for tab, group in zip(st.tabs(list(GROUPS)), GROUPS.values(), strict=True):
        with tab, st.grid(2, min_column_width=130, gap=("xsmall", "medium")):
            values |= {operation: slider(operation, usual[operation]) for operation in group}
    changed = {name: values[name] for name in OPERATIONS if values[name] != usual[name]}
    return ViewsConfig(preset=preset, strength=strength, size=size, **changed), changed


def reason_of(preset: str) -> str:
    """Why one would take it."""
    from byol_core.augment.policy import RECIPES

    return RECIPES[preset].reason


def slider(name: str, usual: float) -> float:
    """A strength from 0 to 2, named and explained as in the configuration."""
    field = field_info(f"views.{name}")
    value = st.slider(
        field.title,
        0.0,
        2.0,
        usual,
        0.05,
        key=name,
        bind="query-params",
        help=field.description.replace(" Empty: as the preset says.", ""),
    )
    return round(value, 2)


def pick_draw() -> int:
    """The seed of the draw."""
    seed = st.number_input(
        "Draw",
        0,
        LAST_DRAW,
        key="draw",
        bind="query-params",
        width=130,
        help="The seed: the same number gives the same draw, so only what you move changes.",
    )
    with st.container(width="content"):
        st.space("small")  # as high as the labels beside it
        st.button("New draw", icon=":material/casino:", on_click=draw_again)
    return seed


def show(pictures: Pictures, settings: ViewsConfig, choice: Choice) -> None:
    """The grid, and the pages of it when there are more pictures."""
    from app.components import view_maker

    pages = -(-len(pictures) // choice.shown)
    page = min(st.session_state.get("page", 1), pages)
    part = pictures.part((page - 1) * choice.shown, choice.shown)
    views = view_maker.make(part, settings, choice.seed)
    view_grid(views.originals, views.pixels, views.cards, key="views")
    if pages > 1:
        st.pagination(pages, key="page", bind="query-params")
    if len(pictures) == 1:
        st.caption(f"One picture, {choice.shown} draws.")


def use_in_run(settings: ViewsConfig, changed: dict[str, float], data: dict[str, Any]) -> None:
    """Take the settings to the form of a new run."""
    if not access.is_teacher():
        st.caption(f":material/lock: {access.refusal('start runs')}")
        return
    if not st.button("Use in a new run", icon=":material/model_training:", type="primary", width="stretch"):
        return
    values = {"preset": settings.preset, "strength": settings.strength, **changed}
    address = {f"views.{name}": value for name, value in values.items()} | data
    st.switch_page("views/train.py", query_params={key: scalar(value) for key, value in address.items()})


def no_pictures() -> None:
    """What to do when there is nothing to show."""
    with st.container(border=True):
        st.markdown("**No pictures yet**")
        st.caption("Choose a set, upload some pictures, or take a photo: their views appear here.")


@st.fragment
@state.in_words()
def page() -> None:
    """Everything: a slider draws it anew without the rest of the app."""
    choice = choose()
    pictures = load(choice)
    controls, grid = st.columns([3, 7], gap="large")
    with controls:
        settings, changed = pick_settings(choice.view)
        use_in_run(settings, changed, choice.data)
    with grid:
        if len(pictures):
            show(pictures, settings, choice)
        else:
            no_pictures()


st.title("Augment")
st.markdown(
    "BYOL learns to predict one random view of a picture from another. Here they are as the network gets them: move a "
    "slider and see what stays recognisable."
)
page()
