"""Reads the names of files and their labels from tables: CSV and other delimited text, JSON lines, COCO's JSON.

Tables are foreign input: their size is limited, and what cannot be read is no table.
"""

from __future__ import annotations

import csv
import json
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from byol_core.data.folder_names import words

# Largest table in bytes, and longest field of one. A table of a million images takes about 30 MB.
MOST_TABLE, MOST_FIELD = 2**25, 2**16
SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".lst", ".json", ".jsonl", ".ndjson"})
SAMPLED = 2000  # rows that are looked at to find the column of the files
# The usual names of the column with the labels, the best first: a name is better than a number.
COLUMNS = (
    *("class name", "label name", "category name", "label", "labels", "class", "classes", "category", "breed"),
    *("species", "variety", "cultivar", "target", "diagnosis", "dx", "disease", "finding labels", "finding", "type"),
    *("emotion", "tag", "tags", "style", "genre", "level", "grade", "y", "class id", "label id", "category id", "cls"),
)
MOST_CLASSES = 0.5  # of the images: texts that differ more are captions, no classes
LEAST_MATCHES = 0.5  # of the rows without a header that name an image; else it is a text that happens to name one
MOST_ALIKE = 100  # images of one name, among which the folders in a table decide
Find = Callable[[str], int | None]


@dataclass(frozen=True)
class Labeled:
    """The labels of images by their number; several: those that have more than one."""

    labels: Mapping[int, str]
    several: frozenset[int] = frozenset()


class _NoTable(Exception):
    """The content is no table of files and labels."""


def read(suffix: str, content: bytes, find: Find) -> Labeled | None:
    """The labels of a table; None if it names none of the files or holds no labels. ``find``: the image of a name."""
    try:
        return _collected(_read(suffix, _text(content), find), find)
    except (_NoTable, ValueError, csv.Error, RecursionError, MemoryError, OverflowError):
        return None


def _read(suffix: str, text: str, find: Find) -> Iterable[tuple[str, Sequence[str]]]:
    """The name and the labels of each row."""
    if suffix == ".json":
        whole = json.loads(text)
        return _pairs(*_of_objects([*_objects(whole)]), find) if isinstance(whole, list) else _from_json(whole)
    if suffix in (".jsonl", ".ndjson"):
        return _pairs(*_of_objects([*_objects(map(json.loads, filter(str.strip, text.splitlines())))]), find)
    return _pairs(_cells(text, suffix), None, find)


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _cells(text: str, suffix: str) -> list[list[str]]:
    """The rows of delimited text. Whether the first one is a header is not known yet."""
    start = text[:10_000].splitlines()[:20]
    counts = {mark: sum(mark in line for line in start) for mark in ("\t", ",", ";", "|")}
    mark = max(counts, key=lambda each: counts[each])
    if not counts[mark]:
        if suffix == ".csv":
            raise _NoTable
        return [row for line in text.splitlines() if (row := line.split())]
    csv.field_size_limit(MOST_FIELD)
    found = csv.reader(text.replace("\0", "").splitlines(), delimiter=mark)
    return [[cell.strip() for cell in row] for row in found if row]


def _of_objects(objects: Sequence[Mapping[str, Any]]) -> tuple[list[list[str]], list[str]]:
    header = [*dict.fromkeys(key for each in objects[:SAMPLED] for key in each)]
    return [[_plain(each.get(key)) for key in header] for each in objects], header


def _plain(value: Any) -> str:
    if isinstance(value, list) and len(value) > 1 and all(isinstance(each, str | int) for each in value):
        return "|".join(map(str, value))
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return str(value) if isinstance(value, str | int | float) else ""


def _from_json(whole: Any) -> Iterable[tuple[str, Sequence[str]]]:
    """Files and labels of COCO's JSON, of {"labels": [[file, label], …]} and of {file: label, …}."""
    if not isinstance(whole, dict):
        raise _NoTable
    if isinstance(whole.get("images"), list) and isinstance(whole.get("annotations"), list):
        return _coco(whole)
    if isinstance(listed := whole.get("labels"), list):
        return [(each[0], [_plain(each[1])]) for each in listed if isinstance(each, list) and len(each) == 2]
    return [(name, [_plain(value)]) for name, value in whole.items()]


def _coco(whole: Mapping[str, Any]) -> list[tuple[str, Sequence[str]]]:
    """Each image of a COCO file with the names of all categories that it holds."""
    categories = whole.get("categories")
    names = {each.get("id"): str(each.get("name", each.get("id"))) for each in _objects(categories)}
    held: defaultdict[Any, set[str]] = defaultdict(set)
    for each in _objects(whole["annotations"]):
        category = each.get("category_id")
        if isinstance(category, int | str) and isinstance(each.get("image_id"), int | str):
            held[each["image_id"]].add(names.get(category, str(category)))
    known = [each for each in _objects(whole["images"]) if isinstance(each.get("id"), int | str)]
    return [(str(each.get("file_name", "")), sorted(held.get(each["id"], ()))) for each in known]


def _objects(values: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(values, Iterable):
        yield from (each for each in values if isinstance(each, dict))


def _pairs(rows: list[list[str]], header: list[str] | None, find: Find) -> Iterator[tuple[str, Sequence[str]]]:
    """The column of the files and that of the labels, row by row."""
    if not rows:
        raise _NoTable
    named = _file_column(rows, find)
    if header is None and find(_cell(rows[0], named)) is None:
        header, rows = rows[0], rows[1:]
    if header is None and _share(rows, named, find) < LEAST_MATCHES:
        raise _NoTable
    column = _label_column(header, rows, named)
    if column is not None:
        return ((_cell(row, named), _several(_cell(row, column))) for row in rows)
    if header is None:
        raise _NoTable
    return _one_hot(header, rows, named)


def _share(rows: list[list[str]], column: int, find: Find) -> float:
    some = rows[:: max(1, len(rows) // SAMPLED)]
    return sum(find(_cell(row, column)) is not None for row in some) / len(some)


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _file_column(rows: list[list[str]], find: Find) -> int:
    """The column that names most images."""
    step = max(1, len(rows) // SAMPLED)
    found: defaultdict[int, set[int]] = defaultdict(set)
    for row in rows[::step]:
        for column, cell in enumerate(row[:64]):
            if cell and (number := find(cell)) is not None:
                found[column].add(number)
    if not found:
        raise _NoTable
    return max(found, key=lambda column: len(found[column]))


def _label_column(header: list[str] | None, rows: list[list[str]], named: int) -> int | None:
    width = max(map(len, islice(rows, SAMPLED)), default=0)
    if header is None:
        return named + 1 if named + 1 < width else named - 1 if named else None
    spelled = {" ".join(words(name)): place for place, name in enumerate(header) if place != named}
    joined = {name.replace(" ", ""): place for name, place in spelled.items()}
    for name in COLUMNS:
        if (place := spelled.get(name, joined.get(name.replace(" ", "")))) is not None:
            return place
    others = [place for place in range(len(header)) if place != named and header[place]]
    return others[0] if len(others) == 1 else None


def _several(cell: str) -> Sequence[str]:
    return [part for part in cell.split("|") if part]


def _one_hot(header: list[str], rows: list[list[str]], named: int) -> Iterator[tuple[str, Sequence[str]]]:
    """One column a class, with 1 for the classes of an image."""
    columns = [place for place in range(len(header)) if place != named]
    some = [cell for row in rows[:SAMPLED] for place in columns if (cell := _cell(row, place))]
    if len(columns) < 2 or not some or not {_number(cell) for cell in some} <= {"0", "1"}:
        raise _NoTable
    for row in rows:
        yield _cell(row, named), [header[place] for place in columns if _number(_cell(row, place)) == "1"]


def _number(text: str) -> str:
    """``1.0`` as 1, and other texts as they are; "" for what is no number."""
    try:
        value = float(text)
    except ValueError:
        return "" if text.casefold() == "nan" else text
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else text


def _collected(pairs: Iterable[tuple[str, Sequence[str]]], find: Find) -> Labeled:
    """One label an image, where it has one; _NoTable if they are no classes."""
    held: defaultdict[int, set[str]] = defaultdict(set)
    for name, labels in pairs:
        if isinstance(name, str) and (number := find(name)) is not None:
            held[number].update(label for each in labels if (label := _number(each.strip())))
    single = {number: next(iter(labels)) for number, labels in held.items() if len(labels) == 1}
    several = frozenset(number for number, labels in held.items() if len(labels) > 1)
    if len(single) + len(several) < 2 or not (several or _are_classes(single)):
        raise _NoTable
    return Labeled(single, several)


def _are_classes(labels: Mapping[int, str]) -> bool:
    counts = Counter(labels.values())
    if not counts or any(_is_fraction(label) for label in counts):
        return False
    return len(labels) <= 4 or len(counts) <= max(2, MOST_CLASSES * len(labels))


def _is_fraction(label: str) -> bool:
    try:
        return not float(label).is_integer()
    except (ValueError, OverflowError):
        return False


class Finder:
    """Finds images by the names in a table: paths, names of files, or these without their suffix."""

    def __init__(self, paths: Sequence[str], splits: Sequence[str]) -> None:
        self.splits = splits
        self.parents = [tuple(fold(path).split("/")[:-1]) for path in paths]
        self.by_name: defaultdict[str, list[int]] = defaultdict(list)
        self.by_stem: defaultdict[str, list[int]] = defaultdict(list)
        self.by_parent: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for number, path in enumerate(paths):
            last = fold(path).rsplit("/", 1)[-1]
            self.by_name[last].append(number)
            self.by_stem[PurePosixPath(last).stem].append(number)
            self.by_parent[self.parents[number][-1] if self.parents[number] else "", last].append(number)

    def find(self, name: str, folder: tuple[str, ...] = (), split: str = "") -> int | None:
        """The image of that name in a table that lies in ``folder`` and is named after ``split``; None without one."""
        *above, last = [part for part in fold(name.replace("\\", "/")).split("/") if part not in ("", ".", "..")] or [
            ""
        ]
        found = self.by_name.get(last) or self.by_stem.get(last) or self.by_stem.get(PurePosixPath(last).stem, [])
        if len(found) > 1 and (parent := [*folder, *above][-1:]):
            found = self.by_parent.get((parent[0], last)) or found
        if len(found) > MOST_ALIKE:
            return None
        if len(found) > 1:
            found = _best(found, lambda number: _ending(self.parents[number], (*folder, *above)))
        if len(found) > 1:
            found = _best(found, lambda number: _ending(self.parents[number], above))
        if len(found) > 1:
            found = _best(found, lambda number: self.splits[number] == split)
        if len(found) > 1:
            found = _best(found, lambda number: self.parents[number][: len(folder)] == folder)
        return found[0] if len(found) == 1 else None


def _best(numbers: Sequence[int], score: Callable[[int], int]) -> list[int]:
    scores = [score(number) for number in numbers]
    return [number for number, each in zip(numbers, scores, strict=True) if each == max(scores)]


def _ending(parts: Sequence[str], wanted: Sequence[str]) -> int:
    """How many of the last parts are alike."""
    alike = 0
    for one, other in zip(reversed(parts), reversed(wanted), strict=False):
        if one != other:
            break
        alike += 1
    return alike


def fold(path: str) -> str:
    """A path spelled for comparing."""
    return unicodedata.normalize("NFC", path.strip()).casefold()
