"""The images that the Augment page works on: a few of a set, uploaded ones, or one from the camera."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from cachetools import LRUCache, cached
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from app.shared import access
from app.shared.image_source import UPLOAD, USE_PATHS
from app.shared.language import _, listing, tell
from byol_core.data import account_words
from byol_core.data.catalog import entries, find, load
from byol_core.data.entries import Entry
from byol_core.errors import LabError
from byol_core.messages import Message

if TYPE_CHECKING:
    from streamlit.typing import UploadedFile

# A set is thinned to about this many, a few of each class: enough to look at.
KEPT = 64
SETS = 6  # looked at last, shared by all sessions
# Uploaded images: so many, and so large each, are looked at.
MOST_FILES, MOST_FILE_BYTES = 64, 2**25
SIZES = (28, 32, 48, 64, 96, 128, 160, 224)


@dataclass(frozen=True)
class Pictures:
    """Images (n, 3, S, S) uint8 with a name or class each, and one sentence for each that could not be used.

    All sessions share them, so the sentences are messages, for ``tell`` to say.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    complaints: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def digest(self) -> str:
        """A name of the images, computed once: their views change with every movement of a slider, they do not."""
        return hashlib.sha256(np.ascontiguousarray(self.images).data).hexdigest()

    def part(self, start: int, count: int) -> Pictures:
        """Some of them; a single image is repeated, so that it is seen in several draws."""
        places = [0] * count if len(self) == 1 else range(start, min(start + count, len(self)))
        return Pictures(self.images[list(places)], tuple(self.names[i] for i in places), self.complaints)


def nothing(size: int, *complaints: str) -> Pictures:
    """An empty set of images."""
    return Pictures(np.zeros((0, 3, size, size), np.uint8), (), complaints)


def of_set(source: str, size: int) -> Pictures:
    """A few training images of each class of a set; asks before it downloads one, which only a teacher may."""
    entry, teacher = find(source), access.is_teacher()
    if not teacher and not (entry and is_here(entry, size)):
        return nothing(size, access.refusal("download sets" if entry else USE_PATHS))
    allowed = st.session_state.setdefault("sets_allowed", set())
    if teacher and entry and entry.download_mb and entry.name not in allowed:
        about = _(
            "{size} MB to download on first use. License: {license}.",
            size=entry.download_mb,
            license=tell(entry.license),
        )
        st.caption(listing([tell(entry.sentence), about], "sentences"))
        st.button(_("Load these images"), icon=":material/download:", on_click=allowed.add, args=(entry.name,))
        return nothing(size)
    try:
        return _watched(source, size)
    except LabError as error:
        return nothing(size, error.message)


@cached(LRUCache(SETS), lock=Lock())  # with Streamlit's cache it could not show its progress
def _watched(source: str, size: int) -> Pictures:
    bar = st.empty()
    try:
        return _load(source, size, reporter(bar))
    finally:
        bar.empty()


def is_here(entry: Entry, size: int) -> bool:
    """Whether the images of a named set are on this machine."""
    if not entry.download_mb:
        return True
    from byol_core.data.remote import is_here

    return is_here(entry, size)


def reporter(bar: DeltaGenerator) -> Callable[[str, float], None]:
    """A function that shows how much is done."""

    def report(what: str, share: float) -> None:
        bar.progress(min(share, 1.0), tell(what))

    return report


def _load(source: str, size: int, progress: Callable[[str, float], None]) -> Pictures:
    from byol_core.data.remote import no_downloads

    with nullcontext() if access.is_teacher() else no_downloads():
        found = load(source, size, limit=KEPT, progress=progress)
    chosen = found.train[:KEPT]
    labels = [-1] * len(chosen) if found.labels is None else found.labels[chosen].tolist()
    names = tuple(found.class_names[label] if label >= 0 else "" for label in labels)
    complaints = tuple(map(account_words.left_out, found.account.left_out[:3]))
    return Pictures(found.images[chosen].numpy(), names, complaints)


def of_files(files: Sequence[tuple[str, UploadedFile]], size: int) -> Pictures:
    """A teacher's images by name, cut square and resized as training would; each one that is none is named."""
    from byol_core.data.decode import Unreadable

    if files and not access.is_teacher():
        return nothing(size, access.refusal(UPLOAD))
    images, names, complaints = [], [], []
    if len(files) > MOST_FILES:
        complaints.append(Message("Only the first {most} of the {n} images are shown.", most=MOST_FILES, n=len(files)))
    for name, file in files[:MOST_FILES]:
        if file.size > MOST_FILE_BYTES:
            most = MOST_FILE_BYTES / 2**20
            complaints.append(Message("{name} is not shown: larger than {most:.0f} MB.", name=name, most=most))
            continue
        try:
            images.append(_decoded(file.file_id, size, file.getvalue()))
            names.append(name)
        except Unreadable as error:
            why = account_words.reason(error.reason, error.kind)
            complaints.append(Message("{name} is not shown: {why}.", name=name, why=why))
    if not images:
        return nothing(size, *complaints)
    return Pictures(np.stack(images).transpose(0, 3, 1, 2), tuple(names), tuple(complaints))


@st.cache_data(max_entries=256, show_spinner=False)
def _decoded(file_id: str, size: int, _content: bytes) -> NDArray[np.uint8]:
    from byol_core.data.decode import decode

    return decode(_content, size)


def names_of_sets() -> list[str]:
    """What the catalog offers, the embedded set first; a viewer gets what is on this machine."""
    teacher = access.is_teacher()
    return [entry.name for entry in entries() if teacher or is_here(entry, SIZES[0])]
