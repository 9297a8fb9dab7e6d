"""What the name of an array says: whether it holds images, labels or names of classes, and of which split."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from byol_core.data.folder_names import Split, split_of_word, word_set, words


class Kind(StrEnum):
    """What an array holds."""

    IMAGES = "images"
    LABELS = "labels"
    NAMES = "names"


@dataclass(frozen=True)
class Key:
    """What a name says. rank: 0 for a plain name, more for one with further words. place: the number of ``arr_0``."""

    kind: Kind | None
    split: Split | None = None
    rank: int = 0
    place: int | None = None


_IMAGES = word_set(
    "images image imgs img x xs data pixels pictures picture pics photos photo inputs input samples faces frames digits"
)
_LABELS = word_set("labels label y ys target targets class classes cls category categories lbl lbls lab labs")
_NAMES = word_set("names name classnames labelnames targetnames")
_NOT_IMAGES = word_set(
    "ids id index idx masks mask mean std paths path files filenames filename sizes shape shapes box boxes"
)
_SHORT = {"tr": Split.TRAIN, "te": Split.TEST, "va": Split.VALIDATION}


def key_of(name: str) -> Key:
    """What this name says, whatever its case and separators."""
    found = [part for word in words(name) for part in _parted(word)]
    if len(found) == 2 and found[0] == "arr" and found[1].isdigit():
        return Key(None, place=int(found[1]))
    split = next((known for word in found if (known := _split(word))), None)
    rest = [word for word in found if not _split(word) and not word.isdigit()]
    return Key(_kind(rest), split, max(0, len(rest) - 1))


def _split(word: str) -> Split | None:
    return split_of_word(word) or _SHORT.get(word)


def _parted(word: str) -> list[str]:
    """``xtrain`` as x, train and ``trainy`` as train, y."""
    for first, last in ((word[:1], word[1:]), (word[:-1], word[-1:])):
        if (first in "xy" and _split(last)) or (last in "xy" and _split(first)):
            return [first, last]
    return [word]


def _kind(found: list[str]) -> Kind | None:
    known = set(found)
    if known & _NAMES:
        return None if known & _IMAGES or known & _NOT_IMAGES else Kind.NAMES
    if known & _NOT_IMAGES:
        return None
    if known & _LABELS:
        return Kind.LABELS
    return Kind.IMAGES if known & _IMAGES else None
