"""A few images of every class side by side, to see whether a set is read as it was meant."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import streamlit as st
from cachetools import LRUCache, cached
from numpy.typing import NDArray

from app.shared import access, formatting, image_account, image_source, surveys
from app.shared.language import _, tell
from app.shared.pictures import is_here, reporter
from byol_core.data import catalog
from byol_core.data.account import Account, ClassCount
from byol_core.data.entries import Entry
from byol_core.data.imageset import ImageSet
from byol_core.errors import LabError

EACH = 8  # images of a class
UNLABELED = 40
SIZE = 96  # pixels
AT_ONCE = 20  # classes, until somebody wants to see more
SHOWN, ALLOWED = "sheet_classes", "sets_allowed"

Picture = NDArray[np.uint8]  # (size, size, 3)


@dataclass(frozen=True)
class Row:
    """The images of a class that are shown, as data URLs, and how many of it there are, where that is known."""

    name: str
    images: tuple[str, ...]
    count: ClassCount | None


def button(source: str) -> None:
    """What opens the sheet."""
    if st.button(_("Look at the images"), icon=":material/grid_view:", key="sheet", type="tertiary"):
        st.session_state[SHOWN] = AT_ONCE
        dialog(source)


def dialog(source: str) -> None:
    """The account, and a row for each class."""
    st.dialog(_("The images as they are read"), width="medium", icon=":material/grid_view:")(_contents)(source)


def _contents(source: str) -> None:
    entry = catalog.find(source)
    if not _may_look(source, entry):
        return
    known = surveys.look(source)
    try:
        found = _sheet(source, known.stamp)
    except LabError as error:
        st.warning(formatting.told(error), icon=":material/hide_image:")
        return
    if not entry and known.account:
        image_account.draw(known.account, classes=False)
    elif entry:
        st.caption(image_source.describe(entry))
    _rows(found)


def _may_look(source: str, entry: Entry | None) -> bool:
    """Whether the images are here and the viewer may see them; if not, it is said, with the way to them."""
    here = entry is not None and is_here(entry, SIZE)
    if not access.is_teacher() and not here:
        st.caption(tell(access.refusal("download sets" if entry else image_source.USE_PATHS)))
        return False
    allowed: set[str] = st.session_state.setdefault(ALLOWED, set())
    if entry is None or here or entry.name in allowed:
        return True
    st.caption(image_source.describe(entry))
    if st.button(_("Download and look"), icon=":material/download:", key="sheet_download"):
        allowed.add(entry.name)
        st.rerun(scope="fragment")
    return False


@cached(LRUCache(6), lock=Lock())  # with Streamlit's cache it could not show its progress
def _sheet(source: str, stamp: str) -> tuple[Row, ...]:
    bar = st.empty()
    try:
        return tuple(rows(catalog.sample(source, SIZE, EACH, progress=reporter(bar)), surveys.look(source).account))
    finally:
        bar.empty()


def rows(found: ImageSet, account: Account | None) -> Iterator[Row]:
    """The images of each class, those without a label last."""
    whole = account if account and account.classes else found.account if len(found) == found.account.found else None
    counts = {each.name: each for each in whole.classes} if whole else {}
    labels = np.full(len(found), -1) if found.labels is None else found.labels.numpy()
    for label, name in enumerate(found.class_names):
        yield Row(name, _shown(found, np.flatnonzero(labels == label), EACH), counts.get(name))
    if (rest := np.flatnonzero(labels < 0)).size:
        most = EACH if found.class_names else UNLABELED
        yield Row("", _shown(found, rest, most), None)


def _shown(found: ImageSet, places: Sequence[int] | NDArray[np.int64], most: int) -> tuple[str, ...]:
    chosen = np.asarray(places)[np.linspace(0, max(0, len(places) - 1), min(most, len(places))).astype(int)]
    return tuple(_url(found.images[int(place)].permute(1, 2, 0).numpy()) for place in chosen)


def _url(picture: Picture) -> str:
    """An image as a data URL."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _rows(found: Sequence[Row]) -> None:
    most = int(st.session_state.get(SHOWN, AT_ONCE))
    st.html("".join(map(as_html, found[:most])))
    if (more := len(found) - most) > 0:
        label = _("Show {more} more of {n} classes", more=min(more, AT_ONCE), n=formatting.count(len(found)))
        if st.button(label, icon=":material/expand_more:", key="sheet_more"):
            st.session_state[SHOWN] = most + AT_ONCE
            st.rerun(scope="fragment")


def as_html(row: Row) -> str:
    """A class: its name and numbers, and under them its images side by side."""
    title = html.escape(row.name or _("Without a label"))
    head = f"<figcaption><b>{title}</b> <span>{_numbers(row.count)}</span></figcaption>"
    if not row.images:
        return f'<figure class="sheet">{head}<p>{_("None of its images could be read.")}</p></figure>'
    alt = html.escape(row.name or _("An image without a label"))
    images = "".join(f'<img src="{image}" alt="{alt}" loading="lazy">' for image in row.images)
    return f'<figure class="sheet">{head}<div>{images}</div></figure>'


def _numbers(count: ClassCount | None) -> str:
    if count is None:
        return ""
    train, test = formatting.count(count.train), formatting.count(count.test)
    return _("{train} for training, {test} for testing", train=train, test=test)
