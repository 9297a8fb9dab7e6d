"""Look up an image: it goes through the run's encoder and appears on the map, with the images nearest to it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.embeddings import panel
from app.embeddings.choices import COMPUTE
from app.embeddings.timeline import Shown
from app.embeddings.view import Subject, Wish
from app.shared import access, formatting, sign_in, state
from app.shared.image_source import UPLOAD
from app.shared.language import N_, _, listing, tell
from app.shared.pictures import MOST_FILE_BYTES
from app.widgets.embedding_map import Asked
from byol_core.embeddings import Snapshot, placement
from byol_core.embeddings.placement import Asked as Where
from byol_core.errors import LabError
from byol_core.jobs import Job
from byol_core.messages import Message

Picture = NDArray[np.uint8]  # (3, S, S)
UPLOADED, PHOTO, HOW = "map_picture", "map_photo", "map_picture_from"
TROUBLE = "map_place_again"
TYPES = ("png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff")
SOURCES = {"upload": N_("Upload"), "camera": N_("Camera")}
FIRST = "upload"
BUSY = ("absent", "waiting", "running")


@dataclass(frozen=True)
class Given:
    """What somebody brought: the image as the network sees it, or why it is none."""

    name: str
    picture: Picture | None
    complaint: str = ""


def given(size: int) -> Given | None:
    """The image of this session, cut square and resized as training would; None when there is none."""
    file = st.session_state.get(UPLOADED if st.session_state.get(HOW, FIRST) == FIRST else PHOTO)
    if file is None or not access.is_teacher():
        return None
    if file.size > MOST_FILE_BYTES:
        return Given(file.name, None, Message("It is larger than {most:.0f} MB.", most=MOST_FILE_BYTES / 2**20))
    return _decoded(file.file_id, size, file.name, file.getvalue())


@st.cache_resource(max_entries=64, show_spinner=False)
def _decoded(file_id: str, size: int, name: str, _content: bytes) -> Given:
    from byol_core.data import account_words
    from byol_core.data.decode import Unreadable, decode

    try:
        return Given(name, np.ascontiguousarray(decode(_content, size).transpose(2, 0, 1)))
    except Unreadable as error:
        why = account_words.reason(error.reason, error.kind)
        return Given(name, None, Message("It cannot be read: {why}.", why=why))


def placed(subject: Subject, wish: Wish, shown: Shown) -> Where | None:
    """Where the image lies on the map of the newest evaluation, or how far that is.

    None when there is no image, or not that map.
    """
    found, evaluation = given(subject.snapshot.image_size), subject.snapshot.evaluations[-1]
    if found is None or found.picture is None or evaluation.step not in shown.film.steps:
        return None
    settings, xy = replace(wish.settings, method=shown.method), shown.film.xy[shown.at(evaluation.step)]
    if np.isnan(xy[0, 0]):
        return None
    home, run = state.store().home, subject.run
    try:
        return placement.ask(home, subject.snapshot, run.folder, evaluation, wish.space, settings, found.picture, xy)
    except LabError as error:
        return Where(Job("failed", message=error.message), None, "")


def star(subject: Subject, wish: Wish, shown: Shown) -> Asked | None:
    """The same for the map: a star with lines to its nearest; earlier weights are not there to place it by."""
    if _earlier(subject):
        return None
    where, found = placed(subject, wish, shown), given(subject.snapshot.image_size)
    if where is None or where.placed is None or found is None or found.picture is None:
        return None
    near = [int(i) for i in where.placed.near]
    return Asked(where.placed.xy, near, _png(found.picture.tobytes(), found.picture.shape[1]), found.name)


@st.cache_data(max_entries=64, show_spinner=False)
def _png(pixels: bytes, size: int) -> bytes:
    from PIL import Image

    picture = np.frombuffer(pixels, np.uint8).reshape(3, size, size).transpose(1, 2, 0)
    packed = io.BytesIO()
    Image.fromarray(panel.enlarged(picture)).save(packed, "PNG")
    return packed.getvalue()


def stands(subject: Subject, wish: Wish, shown: Shown) -> str:
    """Where the placing stands, in a word."""
    where = placed(subject, wish, shown)
    if where is None:
        return ""
    return "open" if where.job.state in BUSY else f"{where.job.state} {where.key}"


def waits(pairs: Sequence[tuple[Subject, Shown]], wish: Wish) -> bool:
    """Whether an image is being placed."""
    return any(stands(subject, wish, shown) == "open" for subject, shown in pairs)


def draw(pairs: Sequence[tuple[Subject, Shown]], wish: Wish) -> None:
    """Where an image is given, and what became of it on each map."""
    with st.container(border=True):
        st.markdown(_("**Look up an image**"))
        _source()
        found = given(pairs[0][0].snapshot.image_size) if pairs else None
        if found and found.complaint:
            why = formatting.plain(tell(found.complaint))
            said = _("{name}: {why}", name=formatting.plain(found.name), why=why)
            st.error(said, icon=":material/broken_image:")
        elif found:
            for subject, shown in pairs:
                _answer(subject, wish, shown, several=len(pairs) > 1)


def _source() -> None:
    teacher = access.is_teacher()
    if not teacher:
        sign_in.ask(UPLOAD)
        return
    st.caption(_("Its place on the map and the images nearest to it, by the newest weights that the run has kept."))
    how = st.segmented_control(
        _("Source of the image"),
        list(SOURCES),
        default=FIRST,
        required=True,
        key=HOW,
        format_func=lambda source: tell(SOURCES[source]),
        label_visibility="collapsed",
    )
    if how != FIRST:
        st.camera_input(_("Take a photo"), key=PHOTO, label_visibility="collapsed")
    else:
        most = MOST_FILE_BYTES // 2**20
        st.file_uploader(_("An image"), list(TYPES), key=UPLOADED, label_visibility="collapsed", max_upload_size=most)


def _answer(subject: Subject, wish: Wish, shown: Shown, *, several: bool) -> None:
    if several:
        st.markdown(f"**{formatting.plain(subject.name)}**")
    where, found = placed(subject, wish, shown), given(subject.snapshot.image_size)
    if found is None or found.picture is None:
        return
    shape = found.picture.transpose(1, 2, 0)  # networks of other runs see it in another size
    st.image(panel.enlarged(shape), width=112, alt=_("{name}, as the network sees it", name=found.name))
    if _earlier(subject):
        _to_newest(subject)
    if where is None:
        return
    if where.placed is not None:
        what, how = _("The nearest images and their cosine distances in the full space."), tell(where.placed.note)
        st.caption(listing([what, formatting.plain(how)], "sentences"))
        near, distances = where.placed.near.tolist(), where.placed.distances.tolist()
        panel.neighbors(subject.snapshot, near, distances)
    elif where.job.state == "failed":
        _failed(subject, where)
    else:
        st.progress(min(max(where.job.share, 0.0), 1.0), formatting.told(where.job.message) or _("Placing the image"))


def _earlier(subject: Subject) -> bool:
    return subject.evaluation().step != subject.snapshot.evaluations[-1].step


def _to_newest(subject: Subject) -> None:
    """Why the image is not on the map, and the way to where it is."""
    st.info(_("The image is placed on the map of the newest evaluation: only those weights are saved."))
    st.button(
        _("Show the newest evaluation"),
        on_click=subject.show_newest,
        icon=":material/last_page:",
        key=f"{subject.key}-newest",
    )


def _failed(subject: Subject, where: Where) -> None:
    """Why it has no place; what was tried may be tried again."""
    st.error(formatting.told(where.job.message), icon=":material/error:")
    if where.key:
        st.button(
            _("Try again"),
            on_click=_again,
            args=(subject.snapshot, where.key),
            icon=":material/refresh:",
            key=f"{subject.key}-place-again",
        )
    if sentence := st.session_state.pop(TROUBLE, ""):
        st.error(sentence, icon=":material/error:")


def _again(snapshot: Snapshot, key: str) -> None:
    with state.said_later(TROUBLE):
        access.require(COMPUTE)
        placement.again(snapshot, key)
