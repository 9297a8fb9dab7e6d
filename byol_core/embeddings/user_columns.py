"""Columns of somebody's own table, to color the map by; read with doubt."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

import numpy as np

from byol_core.embeddings.fields import Field
from byol_core.embeddings.snapshot import Snapshot
from byol_core.errors import InputError
from byol_core.messages import Message

IMAGE = "image"  # the column that says which image a line is about: its row in the set, as the page shows it
_EMPTY = ("", "na", "nan", "n/a", "-", "null")
_MOST_BYTES, _MOST_COLUMNS, _MOST_NAMES, _LONGEST = 20_000_000, 50, 100, 60


@dataclass(frozen=True, eq=False)
class Columns:
    """What the map can be colored by, and the titles of the columns with too many different values for colors."""

    fields: tuple[Field, ...]
    left_out: tuple[str, ...] = ()


def foreign(table: bytes, snapshot: Snapshot) -> Columns:
    """Every column of a CSV with a column ``image``: numbers if all its cells are, else categories.

    Cells may be empty, or hold a word for it such as NA; where the semicolon separates them, a comma may stand for the
    decimal point. Images that are not on the map are passed over. InputError in a sentence for anything else.
    """
    lines, comma = _lines(table)
    names = [name.strip() for name in lines[0]]
    plain = [name.lower() for name in names]
    if IMAGE not in plain:
        raise InputError(
            "The table needs a column '{column}' with the number of each image, as shown under an image.", column=IMAGE
        )
    if len(names) < 2 or len(names) > _MOST_COLUMNS or len(set(names)) < len(names) or "" in names:
        raise InputError(
            "The table should have two to {most} columns, each with a name of its own.", most=_MOST_COLUMNS
        )
    image = plain.index(IMAGE)
    places, kept = _places(lines[1:], image, snapshot, comma)
    cells = {name: [_filled(line[place]) for line in kept] for place, name in enumerate(names) if place != image}
    found = {name: _column(name, some, places, len(snapshot), comma) for name, some in cells.items()}
    left_out = tuple(name[:_LONGEST] for name, field in found.items() if field is None)
    if len(left_out) == len(found):
        raise InputError(
            "The column '{column}' has more than {most} different values, too many for colors.",
            column=left_out[0],
            most=_MOST_NAMES,
        )
    return Columns(tuple(field for field in found.values() if field is not None), left_out)


def _filled(cell: str) -> str:
    """A cell without its margins, empty where a word says so."""
    return "" if cell.strip().lower() in _EMPTY else cell.strip()


def _lines(table: bytes) -> tuple[list[list[str]], bool]:
    """The lines, and whether a comma may be a decimal point in them."""
    if len(table) > _MOST_BYTES:
        raise InputError("The table is larger than {most} MB.", most=_MOST_BYTES // 10**6)
    try:
        text = table.decode("utf-8-sig")
        first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if line]
    except (UnicodeDecodeError, csv.Error):
        raise InputError("The table cannot be read: save it as CSV in UTF-8.") from None
    if len(lines) < 2:
        raise InputError("The table is empty: it needs a first line with names, and a line for each image.")
    for number, line in enumerate(lines, 1):
        if len(line) != len(lines[0]):
            raise InputError(
                "Line {line} of the table has {cells} cells, the first has {wanted}.",
                line=number,
                cells=len(line),
                wanted=len(lines[0]),
            )
    return lines, separator == ";"


def _places(lines: list[list[str]], column: int, snapshot: Snapshot, comma: bool) -> tuple[list[int], list[list[str]]]:
    """Where on the map each line's image is; lines on other images are left out."""
    known = {row: place for place, row in enumerate(snapshot.indices)}
    found: dict[int, list[str]] = {}
    for number, line in enumerate(lines, 2):
        cell = line[column].strip()
        row = _number(cell, comma)
        if row is None or not row.is_integer() or row < 0:  # other programs write 4000.0
            raise InputError(
                "In line {line} of the table '{cell}' is no number of an image.", line=number, cell=cell[:_LONGEST]
            )
        place = known.get(int(row))
        if place in found:
            raise InputError("The table has two lines on image {image}.", image=int(row))
        if place is not None:
            found[place] = line
    if not found:
        raise InputError("None of the images in the table is on this map: their numbers are those under the images.")
    return list(found), list(found.values())


def _column(name: str, cells: list[str], places: list[int], n: int, comma: bool) -> Field | None:
    """A field of a column's cells; None when there are more words than colors."""
    title, note = name[:_LONGEST], Message("From your table.")
    numbers = [_number(cell, comma) for cell in cells]
    if all(number is not None for number in numbers) and any(cells):
        values = np.full(n, np.nan, np.float32)
        values[places] = [math.nan if number is None else number for number in numbers]
        return Field(f"table:{title}", title, "number", values, (), note)
    names = sorted({cell for cell in cells if cell})
    if len(names) > _MOST_NAMES:
        return None
    known = {word: place for place, word in enumerate(names)}
    categories = np.full(n, -1, np.int16)
    categories[places] = [known.get(cell, -1) for cell in cells]
    shown = tuple(word[:_LONGEST] for word in names)
    return Field(f"table:{title}", title, "category", categories, shown, note)


def _number(cell: str, comma: bool) -> float | None:
    """NaN for an empty cell; None for what is no number that can be drawn. ``comma``: it may be a decimal point."""
    try:
        value = float(cell.replace(",", ".") if comma else cell) if cell else math.nan
    except ValueError:
        return None
    return value if not cell or abs(value) <= np.finfo(np.float32).max else None
