"""Confusion matrix: the confusion matrix of a report, and the images of the cell that somebody chose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.evaluate import pictures
from app.evaluate.pictures import Shelf
from app.shared import formatting
from app.shared.language import _
from app.widgets.confusion_matrix import Cell, Table, matrix
from byol_core.evaluation import report
from byol_core.evaluation.report import Report
from byol_core.evaluation.results import Predictions

# The chosen cell, which two lists show and change as well.
TRUE, SAID = "true_class", "said_class"
MOST_PICTURES = 24
# With more classes than this a browser draws for long, and nobody finds a cell.
MOST_DRAWN, FEW_DRAWN = 60, 40


def draw(made: Report, found: Predictions, shelf: Shelf | None) -> None:
    """The matrix, and beside it the images of a cell; the largest confusion to begin with."""
    st.header(_("Confusion matrix"))
    counts = np.array(made.confusion)
    left, right = st.columns([6, 4], gap="large")
    with left:
        places = drawn(counts)
        _matrix(names(made.classes), counts, places)
        if len(places) < len(counts):
            st.caption(
                _(
                    "The {shown} most confused of {classes} classes; the two lists reach every cell.",
                    shown=len(places),
                    classes=len(counts),
                )
            )
        st.caption(_("A row is a true class, a column a predicted class. Choose a cell to see its images."))
    with right:
        true, said_class = _pick(names(made.classes))
        _cell(made, found, shelf, true, said_class)


def names(classes: Sequence[str]) -> list[str]:
    """The classes; two of the same name are told apart by their numbers, or a list would take one for the other."""
    return [f"{name} ({place})" if classes.count(name) > 1 else name for place, name in enumerate(classes)]


def drawn(counts: NDArray[np.int64]) -> list[int]:
    """Which classes have a row: all, or the most confused of very many."""
    if len(counts) <= MOST_DRAWN:
        return list(range(len(counts)))
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return sorted(int(place) for place in order[:FEW_DRAWN])


def _first(counts: NDArray[np.int64]) -> Cell:
    """The largest confusion, where anything is confused at all."""
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    row, column = np.unravel_index(int((wrong if wrong.any() else counts).argmax()), counts.shape)
    return int(row), int(column)


def _matrix(classes: Sequence[str], counts: NDArray[np.int64], places: Sequence[int]) -> None:
    shape = len(classes)
    for key, place in zip((TRUE, SAID), _first(counts), strict=True):
        if not isinstance(st.session_state.get(key), int) or not 0 <= st.session_state[key] < shape:
            st.session_state[key] = place

    def choose(cell: Cell) -> None:
        st.session_state[TRUE], st.session_state[SAID] = places[cell[0]], places[cell[1]]

    part, shown = np.ix_(places, places), [classes[place] for place in places]
    texts = [str(count) if count else "" for count in counts[part].ravel()]
    table = Table(
        shown,
        shown,
        texts,
        shades(counts)[part],
        joint=_("predicted as"),
        corner=_("true ↓  predicted →"),
        diagonal=True,
    )
    at = (st.session_state[TRUE], st.session_state[SAID])
    inside = (places.index(at[0]), places.index(at[1])) if set(at) <= set(places) else None
    matrix(table, inside, choose, key="confusion")


def shades(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Shares of each row; the wrong ones as parts of the largest wrong one, because all are small."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    wrong = shares * (1 - np.eye(len(counts)))
    most = wrong.max(initial=0.0) or 1.0
    found: NDArray[np.float32] = np.where(np.eye(len(counts), dtype=bool), shares, wrong / most).astype(np.float32)
    return found


def _pick(classes: Sequence[str]) -> Cell:
    """The chosen cell as two lists: for many classes, small screens and keyboards."""
    places = range(len(classes))
    with st.grid(2, min_column_width=120):
        true = st.selectbox(_("True class"), places, format_func=classes.__getitem__, key=TRUE)
        said_class = st.selectbox(_("Predicted"), places, format_func=classes.__getitem__, key=SAID)
    return true or 0, said_class or 0


def _cell(made: Report, found: Predictions, shelf: Shelf | None, true: int, said_class: int) -> None:
    seen = report.cell(found, true, said_class)
    found_of = {"seen": len(seen), "images": sum(made.confusion[true]), "name": formatting.plain(made.classes[true])}
    if true == said_class:
        st.markdown(_("**{seen}** of {images} images of **{name}** are classified correctly.", **found_of))
    else:
        called = formatting.plain(made.classes[said_class])
        st.markdown(
            _("**{seen}** of {images} images of **{name}** are classified as **{called}**.", **found_of, called=called)
        )
    if len(seen) > MOST_PICTURES:
        st.caption(_("The {shown} with the highest confidence:", shown=MOST_PICTURES))
    pictures.grid(shelf, seen[:MOST_PICTURES], made.classes, both=False)
