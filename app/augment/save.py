"""What becomes of the settings of the augmentation lab: a new run, a saved preset, or text to take along."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import count
from pathlib import PurePath

import streamlit as st

from app.augment import settings as lab_settings
from app.augment.choices import CAMERA, PHOTO, SET, Choice
from app.augment.modes import part_of
from app.augment.settings import Settings
from app.shared import access, formatting, sign_in, state
from app.shared.forms import scalar
from app.shared.language import _
from app.shared.pictures import KEPT, Pictures
from byol_core.config import view_presets
from byol_core.errors import InputError
from byol_core.system import paths

SAVE = "save views"
PHOTO_FILE = "photo.jpg"
NAME, DONE, TROUBLE = "views_name", "views_done", "views_trouble"
SAID = "views_said"  # what has become of them, to be said once the dialog is closed


def buttons(settings: Settings, choice: Choice, pictures: Pictures) -> None:
    """The two ways to keep what was tuned."""
    teacher = access.is_teacher()
    if said := st.session_state.pop(SAID, ""):
        st.toast(said, icon=":material/bookmark_added:")
    if not teacher:
        sign_in.ask("start runs")
    with st.container(horizontal=True):
        if teacher and st.button(_("Use in a new run"), icon=":material/model_training:", type="primary"):
            _to_train(settings, choice)
        if st.button(_("Save or copy"), icon=":material/bookmark:"):
            st.session_state.pop(DONE, None)
            dialog(settings, choice, pictures)


def _to_train(settings: Settings, choice: Choice) -> None:
    """Take the settings to the form of a new run, which has the name of saved views."""
    views = settings.views()
    values = {"preset": views.preset, "strength": views.strength, **settings.changed(views.preset)}
    address = {f"views.{name}": value for name, value in values.items()} | choice.data
    told = {key: scalar(value) for key, value in address.items()}
    st.switch_page("train/page.py", query_params=told | _named(settings))


def _named(settings: Settings) -> dict[str, str]:
    """What the run is called: as the views that were saved, if these are they or came from them."""
    if settings.recipe in view_presets.RECIPES:
        return {}
    as_saved = settings.values == lab_settings.strengths_of(settings.preset)
    return {"name": settings.recipe if as_saved else _("{views}, changed", views=settings.recipe)}


def dialog(settings: Settings, choice: Choice, pictures: Pictures) -> None:
    """Save them under a name, or take them as text; delete the preset that is looked at."""
    st.dialog(_("Save or copy these views"), width="large")(_in_dialog)(settings, choice, pictures)


@state.in_words()
def _in_dialog(settings: Settings, choice: Choice, pictures: Pictures) -> None:
    if st.session_state.pop(DONE, False):
        st.rerun()
    if access.is_teacher():
        _save(settings)
    else:
        sign_in.ask(SAVE)
    views = settings.views(choice.view)
    yaml, python, command = st.tabs(["YAML", "Python", _("Command")])
    with yaml:
        st.caption(_("The section of a run's settings, for `byol train --config views.yaml`."))
        st.code(view_presets.as_yaml(views), language="yaml")
    with python:
        st.caption(_("A program that makes exactly the views of the grid with the trainer's code."))
        _program(settings, choice, pictures)
    with command:
        _command(settings)


def _program(settings: Settings, choice: Choice, pictures: Pictures) -> None:
    if not len(pictures):
        sentence = _("There are no images yet: choose some, and the program appears here.")
        st.info(sentence, icon=":material/hide_image:")
        return
    _files(choice)
    st.code(program(settings, choice, pictures), language="python")


def program(settings: Settings, choice: Choice, pictures: Pictures) -> str:
    """Python that makes the views of the page of images that is looked at."""
    start, end = part_of(pictures, choice.shown)
    names = [PHOTO_FILE] if choice.place == CAMERA else distinct(pictures.names)
    return view_presets.as_python(
        settings.views(choice.view),
        seed=choice.seed,
        image_size=choice.size,
        source=choice.source,
        limit=KEPT,
        part=(start, end),
        files=() if choice.place == SET else names[start:end],
        copies=choice.shown if len(pictures) == 1 else 1,
    )


def distinct(names: Sequence[str]) -> list[str]:
    """The names of files, those that came before with a number: phones call every photo ``image.jpg``."""
    found: list[str] = []
    for name in names:
        path = PurePath(name)
        numbered = (f"{path.stem}-{number}{path.suffix}" for number in count(2))
        found.append(name if name not in found else next(one for one in numbered if one not in (*found, *names)))
    return found


def _files(choice: Choice) -> None:
    """How the program finds images that are of no set."""
    if choice.place == SET:
        return
    st.caption(_("Save the images next to the program, under the names that it uses."))
    photo = st.session_state.get(PHOTO)
    if choice.place == CAMERA and photo:
        st.download_button(_("Save the photo"), photo.getvalue(), PHOTO_FILE, icon=":material/download:")


def _command(settings: Settings) -> None:
    """How a terminal trains with these views."""
    if settings.recipe in view_presets.RECIPES or settings.values != lab_settings.strengths_of(settings.preset):
        st.caption(_("Save them first, and train with them by their name. Without a name:"))
        given = view_presets.settings(settings.views())
        parts = [f"--set {shlex.quote(f'views.{name}={scalar(value)}')}" for name, value in given.items()]
    else:
        st.caption(_("By the name under which they are saved in this home:"))
        parts = [f"--views {shlex.quote(settings.recipe)}"]
    st.code(" \\\n  ".join(["byol train --preset classroom", *parts]), language="bash")


def _save(settings: Settings) -> None:
    saved = settings.recipe not in view_presets.RECIPES
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usual = settings.recipe if saved else ""
        name = str(st.text_input(_("Name"), usual, max_chars=view_presets.LONGEST, key=NAME) or "").strip()
        taken = name if name in view_presets.names(paths.home()) else ""
        st.button(
            _("Overwrite") if taken else _("Save"),
            icon=":material/save:",
            type="primary",
            key="views_save",
            on_click=_keep,
            args=(settings, taken),
        )
        if saved:
            st.button(
                _("Delete '{views}'", views=formatting.plain(settings.recipe)),
                icon=":material/delete:",
                key="views_delete",
                on_click=_drop,
                args=(settings.recipe,),
            )
    if taken:
        st.caption(_("Views of that name exist and would be replaced."))
    if sentence := st.session_state.pop(TROUBLE, ""):
        st.error(sentence, icon=":material/error:")


def _keep(settings: Settings, taken: str) -> None:
    """Save, and look at what was saved; only what the button said may be overwritten, ``taken``. A callback."""
    with state.said_later(TROUBLE):
        access.require(SAVE)
        name = str(st.session_state.get(NAME) or "").strip()
        if not name:
            raise InputError("Give the views a name.")
        view_presets.save(paths.home(), name, settings.views(), overwrite=name == taken)
        _look_at(name, _("Saved as '{views}': it is among the presets now.", views=formatting.plain(name)))


def _drop(name: str) -> None:
    """Delete, and look at the recipe that it came from; a callback."""
    with state.said_later(TROUBLE):
        access.require(SAVE)
        recipe = lab_settings.preset(name).preset
        view_presets.delete(paths.home(), name)
        _look_at(recipe, _("'{views}' is deleted.", views=formatting.plain(name)))


def _look_at(name: str, said: str) -> None:
    lab_settings.look_at(name)
    st.session_state.update({DONE: True, SAID: said})
