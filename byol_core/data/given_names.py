"""Names that somebody gave, as of files and classes, inside of texts: they are the same in every language."""

from __future__ import annotations

from collections.abc import Sequence

from byol_core.messages import Listing, Message

_AS_IT_IS = "{name}"  # nothing to translate


def as_given(name: str) -> Message:
    """A name that stays as it is, also where a catalog has that word."""
    return Message(_AS_IT_IS, name=name)


def listed(names: Sequence[str]) -> Listing:
    """Names with commas between them."""
    return Listing(map(as_given, names), "comma")


def first_of(names: Sequence[str], most: int) -> Listing | Message:
    """The first names, and that there are more where there are."""
    first = listed(names[:most])
    return Message("{names} and more", names=first) if len(names) > most else first
