"""The files of a layout, and what should be read of them.

Each image has one color, and so has each class: an image with the label of another color was read wrongly.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

RED, BLUE, GREEN, GRAY = "red", "blue", "green", "gray"
Files = dict[str, str | bytes]  # a color, or the content of another file


@dataclass(frozen=True)
class Layout:
    """The files, the colors of the classes by name, and how many images are used.

    test: None where the set has no test images of its own. left_out: codes of reasons with their counts.
    """

    name: str
    files: Files
    classes: dict[str, str]
    train: int
    test: int | None = None
    unlabeled: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    empty: tuple[str, ...] = ()


def many(color: str, pattern: str, count: int, first: int = 0) -> Files:
    """Images of one color, numbered from ``first``."""
    return {pattern.format(number): color for number in range(first, first + count)}


def animals(folder: str, count: int, first: int = 0, file: str = "{}.png", names: str = "cat dog") -> Files:
    """A folder for each of two classes, the first red and the second blue."""
    cat, dog = names.split()
    above = f"{folder}/" if folder else ""
    return many(RED, f"{above}{cat}/{file}", count, first) | many(BLUE, f"{above}{dog}/{file}", count, first)


def flat(folder: str, count: int, first: int = 0, file: str = "{}.png") -> Files:
    """Red images, then as many blue ones, in one folder."""
    above = f"{folder}/" if folder else ""
    return many(RED, above + file, count, first) | many(BLUE, above + file, count, first + count)


def rows(head: str, names: list[str], classes: list[str], line: str = "{},{}") -> bytes:
    """A table: the first half of the files with the first label, the others with the second."""
    half = len(names) // 2
    lines = [line.format(name, classes[place >= half]) for place, name in enumerate(names)]
    return "\n".join([head, *lines] if head else lines).encode()


def coco(names: list[str], several: int = 0) -> bytes:
    """COCO's instances: a cat in the first half of the images, a dog in the others, both in some more."""
    half, single = (len(names) - several) // 2, len(names) - several
    held = [(place, 1) for place in range(half)] + [(place, 2) for place in range(half, single)]
    held += [(place, category) for place in range(single, len(names)) for category in (1, 2)]
    return json.dumps(
        {
            "images": [{"id": place, "file_name": name} for place, name in enumerate(names)],
            "annotations": [{"id": i, "image_id": place, "category_id": c} for i, (place, c) in enumerate(held)],
            "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        }
    ).encode()


PETS = {"cat": RED, "dog": BLUE}
NUMBERED = {"0": RED, "1": BLUE}
SYNSETS = {"n01440764": RED, "n01443537": BLUE}
XML = b"<annotation/>"


def numbers(count: int, pattern: str = "{}.png", first: int = 0) -> list[str]:
    """Names of files."""
    return [pattern.format(number) for number in range(first, first + count)]
