"""The row above the augmentation lab: which images, how large, how large their views, how many, and which draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.shared import access, address, sign_in
from app.shared import pictures as sources
from app.shared.language import N_, _, tell
from app.shared.pictures import SIZES, Pictures
from byol_core.config import field_info
from byol_core.config.presets import get

FIRST = get("classroom").config()
SET, UPLOAD, CAMERA = PLACES = ("set", "upload", "camera")
PLACE_TITLES = {SET: N_("Set"), UPLOAD: N_("Upload"), CAMERA: N_("Camera")}
SHOWN = (4, 8, 16)
LAST_DRAW = 9999
PHOTO = "photo"  # the key of what the camera took
# Sides of the views; 0 stands for the side of the images.
VIEW_SIZES = (24, *SIZES)
AS_THE_IMAGE = 0


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
        """The settings of a run that learns from these images."""
        source = {"data.source": self.source} if self.source else {}
        return source | {"data.image_size": self.size, "views.size": self.view}


def draw_again() -> None:
    """Another draw, which the address can bring back."""
    st.session_state["draw"] = (st.session_state["draw"] + 1) % (LAST_DRAW + 1)


def choose() -> Choice:
    """The row of controls above the grid."""
    with st.container(horizontal=True):
        place = _place() if access.is_teacher() else SET
        source = _set() if place == SET else ""
        size = st.selectbox(
            _("Resolution"),
            SIZES,
            SIZES.index(FIRST.data.image_size),
            key="size",
            bind="query-params",
            width=130,
            help=_("Height and width in pixels to which every image is resized, once."),
        )
        view = _view_size(size)
        shown = st.segmented_control(
            _("Shown"), SHOWN, default=SHOWN[1], required=True, key="shown", bind="query-params"
        )
        seed = _draw()
    return Choice(place, source, size, view, shown or SHOWN[1], seed)


def _place() -> str:
    """Where a teacher's images come from; all others look at sets."""
    with address.one_of("pictures", PLACES):
        place = st.segmented_control(
            _("Images from"), PLACES, format_func=lambda place: tell(PLACE_TITLES[place]), required=True, key="pictures"
        )
    return place or SET


def _view_size(size: int) -> int | None:
    """The side of the views, at most that of the images; None: the same. At first as the classroom preset has it."""
    options = [AS_THE_IMAGE, *(side for side in VIEW_SIZES if side <= size)]
    with address.one_of("view", options, FIRST.views.size or AS_THE_IMAGE, code=lambda side: str(side or "image")):
        chosen = st.selectbox(
            _("View size"),
            options,
            key="view",
            format_func=lambda side: str(side or _("as the image")),
            width=150,
            help=tell(field_info("views.size").json_schema_extra["sentence"]),
        )
    return chosen or None


def _set() -> str:
    """A set of the catalog, or a teacher's path of a folder or archive on this machine."""
    teacher = access.is_teacher()
    return str(
        st.selectbox(
            _("Set"),
            sources.names_of_sets(),
            key="set",
            bind="query-params",
            accept_new_options=teacher,
            width=260,
            help=_("Choose one, or type the path of a folder or archive of images on this machine.")
            if teacher
            else None,
        )
    )


def _draw() -> int:
    """The seed of the draw."""
    seed = st.number_input(
        _("Draw"),
        0,
        LAST_DRAW,
        key="draw",
        bind="query-params",
        width=130,
        help=_("The seed: the same number gives the same draw, so only what you move changes."),
    )
    with st.container(width="content", key="new_draw"):
        st.space("small")  # as high as the labels beside it, where it stands beside them: see page.css
        st.button(_("New draw"), icon=":material/casino:", on_click=draw_again)
    return seed


def load(choice: Choice) -> Pictures:
    """The chosen images; what cannot be shown is said."""
    found = sources.of_set(choice.source, choice.size) if choice.place == SET else _of_files(choice)
    for complaint in found.complaints:
        st.warning(tell(complaint), icon=":material/hide_image:")
    if found.complaints and not access.is_teacher():
        sign_in.link()
    return found


def _of_files(choice: Choice) -> Pictures:
    """The uploaded images, or the photo."""
    if choice.place == CAMERA:
        photo = st.camera_input(_("Take a photo"), key=PHOTO, width=420)
        return sources.of_files([(_("Your photo"), photo)] if photo else [], choice.size)
    files = st.file_uploader(
        _("Your images"),
        accept_multiple_files=True,
        key="files",
        help=_("They stay on this machine, and are gone when this page is closed."),
    )
    return sources.of_files([(file.name, file) for file in files], choice.size)
