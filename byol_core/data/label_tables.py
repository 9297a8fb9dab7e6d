"""Labels that stand beside the images: in tables, in COCO's JSON, or in a small file for each image (``.cls``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from byol_core.data import folder_names as names
from byol_core.data.label_files import MOST_TABLE, SUFFIXES, Finder, Labeled, fold, read
from byol_core.data.tree import File

# Tables of one set that are read, the likeliest first, and the longest file with the label of one image, in bytes.
MOST_TABLES, MOST_LABEL = 40, 256
_LIKELY = names.word_set("label labels metadata annotation annotations train class classes groundtruth instances")
_TEXTS = frozenset({".txt", ".lst", ".json"})  # kinds that are mostly something else


@dataclass
class FromTables:
    """The labels of images by their number, and the tables that told them or that could not be used."""

    labels: dict[int, str] = field(default_factory=dict)
    several: set[int] = field(default_factory=set)
    used: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


def from_tables(files: Sequence[File], paths: Sequence[str], splits: Sequence[str]) -> FromTables:
    """The labels of the images ``paths``, which are in ``splits``, as the tables among ``files`` tell them."""
    result = _from_sidecars(files, paths)
    if result.labels:
        return result
    finder = Finder(paths, splits)
    found = [(table, _table(table, finder)) for table in _candidates(files, paths)]
    known = [(table, labeled) for table, labeled in found if labeled is not None]
    for table, labeled in sorted(known, key=lambda each: -len(each[1].labels)):
        _add(result, table, labeled)
    result.unusable = [table.path for table, labeled in found if labeled is None and _is_told(table)]
    return result


def _add(result: FromTables, table: File, labeled: Labeled) -> None:
    """Take the labels of a table for images that have none yet, unless it is about other classes."""
    fresh = {number: label for number, label in labeled.labels.items() if number not in result.labels}
    foreign = result.labels and not set(result.labels.values()) & set(fresh.values())
    if foreign or not (fresh or labeled.several):
        return
    result.labels |= fresh
    result.several |= labeled.several - result.labels.keys()
    result.used.append(table.path)


def is_table(path: str) -> bool:
    """Whether a file may hold labels, by its suffix."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in SUFFIXES or suffix == ".cls"


def _is_told(table: File) -> bool:
    return PurePosixPath(table.path).suffix.lower() not in _TEXTS


def _candidates(files: Sequence[File], paths: Sequence[str]) -> list[File]:
    """The tables, the likeliest first; not those of a single image, nor the example of what to hand in."""
    stems = {_without_suffix(path) for path in paths}
    found = [
        file
        for file in files
        if PurePosixPath(file.path).suffix.lower() in SUFFIXES
        and _without_suffix(file.path) not in stems
        and not {"submission", "requirements"} & set(names.words(PurePosixPath(file.path).stem))
        and not names.is_document(PurePosixPath(file.path).stem)
    ]
    return sorted(found, key=_order)[:MOST_TABLES]


def _order(table: File) -> tuple[bool, bool, int, str]:
    likely = bool(_LIKELY & set(names.words(PurePosixPath(table.path).stem)))
    return not likely, not _is_told(table), table.path.count("/"), table.path


def _without_suffix(path: str) -> str:
    return fold(path).rpartition(".")[0]


def _table(table: File, finder: Finder) -> Labeled | None:
    content = content_of(table, MOST_TABLE)
    if content is None:
        return None
    folder = tuple(fold(table.path).split("/")[:-1])
    split = names.split_of(PurePosixPath(table.path).stem)
    told = split[0].value if split else ""
    return read(PurePosixPath(table.path).suffix.lower(), content, lambda name: finder.find(name, folder, told))


def _from_sidecars(files: Sequence[File], paths: Sequence[str]) -> FromTables:
    """The labels of files such as ``000001.cls`` beside ``000001.jpg``, as webdataset stores them."""
    stems = {_without_suffix(path): number for number, path in enumerate(paths)}
    result = FromTables()
    for file in files:
        if not fold(file.path).endswith(".cls") or (number := stems.get(_without_suffix(file.path))) is None:
            continue
        content = content_of(file, MOST_LABEL)
        if content is not None and (label := content.decode("utf-8", "replace").strip()):
            result.labels[number] = label
    if result.labels:
        result.used.append("*.cls")
    return result


def content_of(file: File, most: int) -> bytes | None:
    """What is in a file; None if it is larger than ``most`` bytes or cannot be read."""
    if file.size is not None and file.size > most:
        return None
    try:
        source = file.source()
        if isinstance(source, Path):
            with source.open("rb") as opened:
                source = opened.read(most + 1)
    except Exception:  # a broken member of an archive raises nearly anything
        return None
    return source if len(source) <= most else None
