"""The symmetry measure on sets whose symmetries are known, with its time: a part of any_images.py, and a test."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import made_sets
import numpy as np
from common import Requirement, table
from made_sets import Pixels

COUNT = 2000
SECONDS = 10.0  # that a measure may take
NAMES = ("mirrored", "upside_down", "turned", "shifted")


@dataclass(frozen=True)
class Known:
    """A set, and whether it has each symmetry; None where nobody can say."""

    make: Callable[[int], Pixels]
    mirrored: bool | None
    upside_down: bool | None
    turned: bool | None
    shifted: bool | None


def _digits(n: int) -> Pixels:
    return np.repeat(np.repeat(made_sets.digits()[0][:n], 4, 1), 4, 2)


def _embedded(n: int) -> Pixels:
    return made_sets.embedded(n=n)[0]


def _gray(n: int) -> Pixels:
    return made_sets.embedded(gray=True, n=n)[0]


def _characters(n: int) -> Pixels:
    return made_sets.characters(n)[0]


def _textures(n: int) -> Pixels:
    return made_sets.textures(n)[0]


UPRIGHT, SLANTED = 0.0, np.pi / 6
# fmt: off
SETS: Mapping[str, Known] = {
    # Nobody made these, so nobody knows how far their makers put what they show in the middle.
    "embedded (seen from above)": Known(_embedded, True, True, True, None),
    "embedded in gray": Known(_gray, True, True, True, None),
    "textures in any direction": Known(_textures, True, True, True, True),
    "digits": Known(_digits, False, False, False, False),
    "digits, half of them mirrored": Known(
        lambda n: made_sets.flipped_at_random(_digits(n), 2), True, False, False, False),
    "digits, half of them upside down": Known(
        lambda n: made_sets.flipped_at_random(_digits(n), 1), False, True, False, False),
    "characters": Known(_characters, False, False, False, None),
    "characters, half of them mirrored": Known(
        lambda n: made_sets.flipped_at_random(_characters(n), 2), True, False, False, None),
    "scenes with sky above": Known(made_sets.scenes, True, False, False, None),
    "scenes, turned": Known(lambda n: made_sets.turned_at_random(made_sets.scenes(n)), None, None, True, None),
    "centered disks": Known(made_sets.disks, True, True, True, False),
    "upright stripes": Known(lambda n: made_sets.gratings(n, UPRIGHT), True, True, False, True),
    "slanted stripes": Known(lambda n: made_sets.gratings(n, SLANTED), False, False, False, True),
    "stripes in any direction": Known(lambda n: made_sets.gratings(n, None), True, True, True, True),
    "pointers to the left, anywhere": Known(made_sets.pointers, False, True, False, True),
    "pointers to the left and right": Known(
        lambda n: made_sets.flipped_at_random(made_sets.pointers(n), 2), True, True, False, True),
}
# fmt: on


def fashion(folder: Path) -> Known:
    """Clothes, whose shoes all point left."""
    return Known(
        lambda n: np.repeat(made_sets.fashion(folder)["x_train"][:n, ..., None], 3, 3), False, False, False, False
    )


def measured(known: Known, count: int = COUNT) -> dict[str, Any]:
    """What the measure says of a set, beside what is known, and its seconds."""
    import torch

    from byol_core.augment_fit.measures import measure

    pixels = torch.from_numpy(np.ascontiguousarray(known.make(count))).permute(0, 3, 1, 2).contiguous()
    started = time.perf_counter()
    found = measure(pixels, torch.arange(len(pixels)))
    seconds = round(time.perf_counter() - started, 2)
    return {
        "seconds": seconds,
        "images": len(pixels),
        **{name: {"foreign": getattr(found, name).foreign, "alike": getattr(found, name).alike} for name in NAMES},
        "known": {name: getattr(known, name) for name in NAMES},
    }


def all_sets(folder: Path) -> dict[str, dict[str, Any]]:
    """Every set; clothes where their files are."""
    sets = {**SETS, **({"clothes (Fashion-MNIST)": fashion(folder)} if folder.is_dir() else {})}
    return {name: measured(known) for name, known in sets.items()}


def wrong(found: Mapping[str, Any]) -> list[str]:
    """The symmetries of a set of which the measure says the opposite of what is known."""
    known = found["known"]
    return [name for name in NAMES if known[name] is not None and found[name]["alike"] != known[name]]


def table_of(found: Mapping[str, Mapping[str, Any]]) -> str:
    """A row a set: how much oftener the transformed image is the more foreign one."""
    rows = [[name, *(_cell(one, key) for key in NAMES), one["seconds"]] for name, one in found.items()]
    return table(["set", *(name.replace("_", " ") for name in NAMES), "seconds"], rows)


def _cell(one: Mapping[str, Any], name: str) -> str:
    word = "alike" if one[name]["alike"] else "foreign"
    right = one["known"][name]
    mark = "" if right is None else " (right)" if right == one[name]["alike"] else " (**wrong**)"
    return f"{one[name]['foreign']:+.2f} {word}{mark}"


def requirements(found: Mapping[str, Mapping[str, Any]]) -> list[Requirement]:
    """Nothing wrong, and quick."""
    return [
        Requirement("symmetries told wrongly", 0, sum(len(wrong(one)) for one in found.values()), most=True),
        Requirement("sets measured", 12, len(found)),
        Requirement("seconds of a measure, most", SECONDS, max(one["seconds"] for one in found.values()), most=True),
    ]
