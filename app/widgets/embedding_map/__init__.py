"""The embedding map: points that show their image on hover, are pinned, selected and colored, and move through time.

A Components v2 widget with a WebGL scatter of its own. What is large travels once, as binary (files.py); the message of
a rerun is a small header.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.widgets.bundle import bundle
from app.widgets.embedding_map import files
from app.widgets.embedding_map.words import words
from app.widgets.packed import pack

_mount = st.components.v2.component(
    "byol_embedding_map",
    js=bundle("embedding_map/embedding_map"),
    css=(files.SOURCES / "embedding_map.css").read_text(encoding="utf-8"),
    isolate_styles=False,  # the page's tests and the app's theme reach it like any other element
)


@dataclass(frozen=True)
class Frames:
    """The maps of all evaluations: ``xy`` (T, n, 2) float32, a frame of NaN is not made yet.

    ``titles`` name the ``steps`` for people, ``accuracy`` is in [0, 1]. The array is known again by its identity: hand
    over the same one as long as nothing changed, and do not change it in place.
    """

    steps: tuple[int, ...]
    titles: tuple[str, ...]
    accuracy: tuple[float | None, ...]
    xy: NDArray[np.float32]


@dataclass(frozen=True)
class Colors:
    """What the points are colored by: ``values`` int16 (n,), -1 none, of ``names``; or float32 (n,), NaN none."""

    title: str
    kind: Literal["category", "number"]
    values: NDArray[Any]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheets:
    """Thumbnails in the order of the points: ``cell`` pixels square, ``columns`` a row, ``per_sheet`` an image file."""

    files: tuple[bytes, ...]
    per_sheet: int
    columns: int
    cell: int


@dataclass(frozen=True)
class Asked:
    """An image that was asked for: a star at ``xy`` with lines to the points ``near``; ``picture`` is WebP or PNG."""

    xy: Any
    near: Sequence[int]
    picture: bytes
    title: str


@dataclass(frozen=True)
class MapState:
    """What the viewer did on the map: a pinned point, selected points, the frame at rest (None: the newest)."""

    pinned: int | None
    selected: tuple[int, ...]
    step: int | None


def map_state(key: str, n: int, steps: Sequence[int]) -> MapState:
    """The state of the map with that key as of the last rerun; what a browser sent and cannot be is left out."""
    said = _told(key)
    pinned, step = said.get("pinned"), said.get("step")
    return MapState(
        pinned if type(pinned) is int and 0 <= pinned < n else None,
        _selected(said.get("selected"), n),
        step if type(step) is int and step in steps else None,
    )


def decide(key: str, **what: Any) -> None:
    """The page itself changes what is ``pinned``, ``selected`` (its bits) or at which ``step`` the map rests."""
    st.session_state[key] = {"told": {**_told(key), **what}}


def _told(key: str) -> dict[str, Any]:
    told = st.session_state.get(key, {}).get("told")
    return told if isinstance(told, dict) else {}


def _serial(key: str) -> int:
    """The number of the browser's last message, by which it knows whether the page has heard it."""
    serial = _told(key).get("serial")
    return serial if type(serial) is int else 0


def _selected(bits: object, n: int) -> tuple[int, ...]:
    """The points whose bits are set: 60,000 numbers would go along with every later click."""
    try:
        raw = base64.b64decode(bits, validate=True) if isinstance(bits, str) else b""
    except (binascii.Error, ValueError):
        return ()
    if len(raw) != (n + 7) // 8:
        return ()
    return tuple(np.flatnonzero(np.unpackbits(np.frombuffer(raw, np.uint8), count=n, bitorder="little")).tolist())


def embedding_map(
    frames: Frames,
    *,
    current: int,
    ids: NDArray[np.int32],
    labels: NDArray[np.int16],
    class_names: Sequence[str],
    colors: Colors,
    near: NDArray[np.int32] | None,
    sheets: Sheets | None,
    pinned_near: Sequence[int] = (),
    linked_near: Sequence[int] = (),
    asked: Asked | None = None,
    link: str | None = None,
    failed: Mapping[int, str] | None = None,
    again: Callable[[], None] | None = None,
    revision: str,
    label: str,
    key: str,
    height: int = 560,
) -> None:
    """Draw the map; :func:`map_state` says what the viewer did with it.

    Zoom stays while ``revision`` stays; pin, selection and hidden categories belong to the images and stay longer.
    Another ``key`` is another map. ``current`` is the step shown first, and whenever it changes. ``near`` (n, k) are
    the lines of a hover, ``pinned_near`` those of the pinned point, ``linked_near`` those of the pin that a linked map
    mirrors here. Maps with the same ``link`` show each other's hover, pin and selection, by ``ids`` (rows of the set).
    ``colors.values``, ``near``, ``ids``, ``labels`` and ``sheets`` too are known again by their identity. ``failed``
    says why the frame of a step could not be made, ``again`` is called when the viewer wants it tried again; None:
    that is not for this viewer. ``height`` is in pixels; a low window makes the map lower.
    """
    state = map_state(key, len(ids), frames.steps)
    films = files.frames(frames.xy)
    whole = _whole(ids, labels, colors, near)
    leaves = files.pictures(sheets, sheets.files) if sheets else []
    star = files.pictures(asked, (asked.picture,)) if asked else []
    header = {
        "key": key,
        "n": len(ids),
        "current": current,
        "revision": revision,
        "label": label,
        "link": link,
        "height": height,
        "classes": list(class_names),
        "neighbors": 0 if near is None else near.shape[1],
        "serial": _serial(key),
        "pinned": state.pinned,
        "step": state.step,
        "pinnedNear": [int(i) for i in pinned_near],
        "linkedNear": [int(i) for i in linked_near],
        "selected": _told(key).get("selected") if state.selected else "",
        "frames": _frames(frames, films),
        "colors": {"title": colors.title, "kind": colors.kind, "names": list(colors.names)},
        "files": {name: file.digest if file else None for name, file in whole.items()},
        "sheets": _sheets(sheets, leaves),
        "asked": _asked(asked, star),
        "failed": [(failed or {}).get(step) for step in frames.steps],
        "again": again is not None,
        "words": words(),
    }
    offered = _by_digest([*films, *whole.values(), *leaves, *star])
    files.answer_requests(key, offered, _first(frames, current, films, whole))
    _mount(
        data=pack(header),
        key=key,
        default={"told": None},
        on_told_change=_nothing,
        on_again_change=again or _nothing,
    )


def _whole(
    ids: NDArray[np.int32], labels: NDArray[np.int16], colors: Colors, near: NDArray[np.int32] | None
) -> dict[str, files.File | None]:
    """The arrays of all points, under the names by which the widget knows them."""
    return {
        "ids": files.array(ids, np.int32),
        "labels": files.array(labels, np.int16),
        "values": files.array(colors.values, np.int16 if colors.kind == "category" else np.float32),
        "near": None if near is None else files.array(near, np.int32),
    }


def _frames(frames: Frames, films: Sequence[files.File | None]) -> dict[str, Any]:
    return {
        "steps": list(frames.steps),
        "titles": list(frames.titles),
        "accuracy": [_finite(value) for value in frames.accuracy],
        "files": [film.digest if film else None for film in films],
        "extents": files.extents(frames.xy),
    }


def _finite(value: float | None) -> float | None:
    """Replace NaN by None, because JSON has no NaN."""
    return float(value) if value is not None and math.isfinite(value) else None


def _nothing() -> None:
    """A rerun is all that a change asks for."""


def _by_digest(parts: Iterable[files.File | None]) -> dict[str, files.File]:
    return {part.digest: part for part in parts if part}


def _first(
    frames: Frames, current: int, films: Sequence[files.File | None], whole: dict[str, files.File | None]
) -> list[str]:
    """What the first drawing needs; everything else comes when the browser asks."""
    shown = films[frames.steps.index(current)] if current in frames.steps else None
    return [part.digest for part in (shown, whole["values"], whole["labels"], whole["ids"]) if part]


def _sheets(sheets: Sheets | None, leaves: Sequence[files.File]) -> dict[str, Any] | None:
    if sheets is None:
        return None
    names = [leaf.digest for leaf in leaves]
    return {"files": names, "perSheet": sheets.per_sheet, "columns": sheets.columns, "cell": sheets.cell}


def _asked(asked: Asked | None, star: Sequence[files.File]) -> dict[str, Any] | None:
    if asked is None:
        return None
    xy = [float(value) for value in asked.xy]
    return {"xy": xy, "near": [int(i) for i in asked.near], "picture": star[0].digest, "title": asked.title}
