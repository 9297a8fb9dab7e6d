"""Converts labels (numbers with gaps, or names; some may be missing) to 0 … C-1, with -1 for an unlabeled image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from byol_core.data.pixels import Array
from byol_core.errors import InputError
from byol_core.system.text import storable

Labels = NDArray[np.int64]


def number(
    parts: Sequence[Array | None], counts: Sequence[int], names: Array | None
) -> tuple[Labels | None, tuple[str, ...]]:
    """The labels of all parts, one after the other, and the class names; None if no image has a label.

    parts: the labels of each part of the set, or None. counts: images in each part. names: the class names, or None.
    """
    whole_parts = [None if part is None else _checked(part, count) for part, count in zip(parts, counts, strict=True)]
    known = [part for part in whole_parts if part is not None]
    if not known:
        return None, ()
    if len({part.dtype.kind for part in known}) > 1:
        raise InputError("Some labels are numbers and some are text; they should be of one kind.")
    given = None if names is None else _names(names)
    numbered, classes = (_from_text if known[0].dtype.kind == "U" else _from_numbers)(known, given)
    # Parts without labels, such as an unlabeled test set, stay at -1.
    whole = np.full(sum(counts), -1, np.int64)
    places = np.repeat([part is not None for part in whole_parts], counts)
    whole[places] = numbered
    return (whole, tuple(map(storable, classes))) if (whole >= 0).any() else (None, ())


@dataclass(frozen=True)
class Flat:
    """One label an image, or None if the values are no labels; several: images that have more than one."""

    values: Array | None
    several: int = 0


def flat(values: Array, count: int) -> Flat:
    """Labels of ``count`` images in any of the usual shapes: (N,), (N, 1), (1, N), or one column a class (one-hot)."""
    if values.size == count:
        return Flat(_whole(values.reshape(count)))
    if values.ndim == 2 and values.shape[0] != count and values.shape[1] == count:
        values = values.T
    if values.ndim != 2 or len(values) != count or values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        return Flat(None)
    held = values.sum(axis=1)
    if (held > 1).any():
        return Flat(None, int((held > 1).sum()))
    return Flat(np.where(held == 1, values.argmax(axis=1), -1) if held.any() else None)


def _whole(values: Array) -> Array | None:
    """Whole numbers as int64 and text as str; None for fractions and what is not a number."""
    if values.dtype.kind in "US":
        return values
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        return None
    return values.astype(np.int64)


def _checked(values: Array, count: int) -> Array:
    """Labels of shape (N,) or (N, 1) and any type -> (N,) int64 or str."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise InputError(
            "Labels have the shape {shape}, and should be one number or name an image.", shape=str(values.shape)
        )
    if len(values) != count:
        raise InputError(
            "There are {labels:,} labels for {images:,} images; there should be one an image.",
            labels=len(values),
            images=count,
        )
    if values.dtype.kind in "US":
        return _text(values)
    whole = _whole(values)
    if whole is None:
        raise InputError("Labels should be whole numbers or names, and some are fractions or not numbers.")
    return whole


def _text(values: Array) -> Array:
    try:
        return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
    except UnicodeDecodeError:
        raise InputError("Names of classes should be UTF-8 text.") from None


def _names(values: Array) -> list[str]:
    if values.ndim != 1:
        raise InputError("class_names has the shape {shape}, and should be one name a class.", shape=str(values.shape))
    return [str(name) for name in (_text(values) if values.dtype.kind == "S" else values)]


def _from_text(known: list[Array], given: list[str] | None) -> tuple[Labels, tuple[str, ...]]:
    """Number the names; an empty name means an unlabeled image."""
    values, places = np.unique(np.concatenate(known), return_inverse=True)
    classes = [str(value) for value in values if value] if given is None else given
    index = {name: place for place, name in enumerate(classes)} | {"": -1}
    missing = next((str(value) for value in values if str(value) not in index), None)
    if missing is not None:
        raise InputError("The label '{label}' is not among the class_names.", label=missing)
    return np.array([index[str(value)] for value in values], np.int64)[places], tuple(classes)


def _from_numbers(known: list[Array], given: list[str] | None) -> tuple[Labels, tuple[str, ...]]:
    """Number the classes; without names, the numbers that occur are the names, so gaps and a start at 1 are fine."""
    values, places = np.unique(np.concatenate(known), return_inverse=True)
    if len(values) and values[0] < -1:
        raise InputError(
            "The smallest label is {smallest}; labels start at 0, and -1 is an unlabeled image.",
            smallest=int(values[0]),
        )
    if given is None:
        classes = tuple(str(value) for value in values if value >= 0)
        # -1 sorts first: if it occurs, all places move down by one, and its own becomes -1.
        return (places - int(len(values) > len(classes))).astype(np.int64), classes
    if len(values) and values[-1] >= len(given):
        raise InputError(
            "The largest label is {largest}, but there are {count} class_names, counted from 0.",
            largest=int(values[-1]),
            count=len(given),
        )
    return values[places], tuple(given)
