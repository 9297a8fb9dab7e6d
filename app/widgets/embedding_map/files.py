"""What a map draws from, in the browser once: frames, colors and sheets under their hash, brought when missed.

A rerun tells the widget hashes alone. A second widget, in a fragment of its own, brings what the browser says it lacks,
a few megabytes at a time: a pin or a selection neither sends the pictures again nor has the server hash them.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.widgets.bundle import bundle
from app.widgets.packed import pack

SOURCES = Path(__file__).parent
REPLY = 4 * 2**20  # bytes: what is asked for later must not wait behind a long message
_SENT = "byol_map_files_sent"
T = TypeVar("T")

_bring = st.components.v2.component("byol_map_files", js=bundle("embedding_map/file_requests"), isolate_styles=False)


@dataclass(frozen=True)
class File:
    """Something the browser keeps: an array, or a picture when it has a media type."""

    digest: str
    content: Callable[[], NDArray[Any]]
    mime: str = ""


class _Known(Generic[T]):
    """What is known of an object, found once: by identity, so it must not be changed in place."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Any], tuple[T, ...]]] = {}

    def of(self, owner: Any, make: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """What ``make`` says of ``owner``, asked once."""
        known = self._known.get(id(owner))
        if known and known[0]() is owner:
            return known[1]
        made, place = tuple(make()), id(owner)
        self._known[place] = (weakref.ref(owner, lambda gone: self._drop(place, gone)), made)
        return made

    def _drop(self, place: int, gone: weakref.ref[Any]) -> None:
        if (known := self._known.get(place)) and known[0] is gone:
            self._known.pop(place, None)


_digests = _Known[str]()


def _digest(content: bytes | NDArray[Any]) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else np.ascontiguousarray(content).data).hexdigest()


def array(values: NDArray[Any], kind: type[np.generic]) -> File:
    """A whole array, as numbers of that kind."""
    (digest,) = _digests.of(values, lambda: [_digest(values.astype(kind, copy=False))])
    return File(digest, lambda: values.astype(kind, copy=False))


_extents = _Known[list[float] | None]()


def extents(xy: NDArray[np.float32]) -> tuple[list[float] | None, ...]:
    """Left, right, bottom and top of each frame (T, n, 2), None for one that is not made yet."""
    return _extents.of(xy, lambda: map(_extent, xy))


def _extent(frame: NDArray[np.float32]) -> list[float] | None:
    placed = frame[np.isfinite(frame).all(1)]
    if not len(placed):
        return None
    (left, bottom), (right, top) = placed.min(0).tolist(), placed.max(0).tolist()
    return [left, right, bottom, top]


def frames(xy: NDArray[np.float32]) -> list[File | None]:
    """The frames (T, n, 2) one by one, so that a new evaluation brings its own alone; None: not made yet."""
    whole = xy.astype(np.float32, copy=False)
    digests = _digests.of(xy, lambda: [_digest(frame) if np.isfinite(frame).any() else "" for frame in whole])
    return [File(digest, lambda t=t: whole[t]) if digest else None for t, digest in enumerate(digests)]  # type: ignore[misc]


def pictures(owner: Any, contents: tuple[bytes, ...]) -> list[File]:
    """Images as they are stored; ``owner`` holds them and is known again by its identity."""
    digests = _digests.of(owner, lambda: map(_digest, contents))
    return [_picture(digest, content) for digest, content in zip(digests, contents, strict=True)]


def _picture(digest: str, content: bytes) -> File:
    mime = "image/png" if content.startswith(b"\x89PNG") else "image/webp"
    return File(digest, lambda: np.frombuffer(content, np.uint8), mime)


@st.fragment
def answer_requests(key: str, offered: Mapping[str, File], first: Iterable[str]) -> None:
    """Bring the files of ``first`` that this session has not had, and afterwards whatever the browser asks for.

    Draws nothing. It stands before its widget, so that what both bring arrives in this order.
    """
    sent: set[str] = st.session_state.setdefault(_SENT, set())
    name, said = f"{key}-files", _question(f"{key}-files")
    # A run may be cut off before its answer is out: a question counts as answered only after it.
    new = said["number"] != st.session_state.get(f"{name}-answered")
    wanted = said["digests"] if new and said["digests"] else [digest for digest in first if digest not in sent]
    reply = _within([offered[digest] for digest in wanted if digest in offered])
    head = {
        "key": key,
        "answers": said["number"],
        "files": [{"digest": file.digest, "mime": file.mime} for file in reply],
    }
    arrays = {f"file{i}": file.content() for i, file in enumerate(reply)}
    _bring(data=pack(head, **arrays), key=name, on_missing_change=lambda: None)
    sent.update(file.digest for file in reply)
    st.session_state[f"{name}-answered"] = said["number"]


def _question(name: str) -> dict[str, Any]:
    """The number of the browser's last question and the hashes it asked for."""
    said = st.session_state.get(name, {}).get("missing")
    number, digests = (said.get("number"), said.get("digests")) if isinstance(said, dict) else (None, None)
    if type(number) is not int or not isinstance(digests, list):
        return {"number": 0, "digests": []}
    return {"number": number, "digests": [digest for digest in digests if isinstance(digest, str)]}


def _within(wanted: list[File]) -> list[File]:
    """The first of them, as many as one message may carry, and at least one."""
    reply: list[File] = []
    size = 0
    for file in wanted:
        size += file.content().nbytes
        if reply and size > REPLY:
            break
        reply.append(file)
    return reply
