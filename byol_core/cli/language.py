"""The language of the command line: ``--lang``, else ``$BYOL_LAB_LANG``, else the locale; English where it has none.

What machines read stays English: ``--json``, exit codes, names of options and settings, the log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from byol_core import language
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing, Style

OPTION = "--lang"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
_current = language.ENGLISH


def settle(asked: str | None = None) -> None:
    """Decide on the language of this process, from what the command asks for and the environment."""
    global _current
    found = next((os.environ[name] for name in _LOCALE if os.environ.get(name)), None)
    _current = language.chosen(asked, os.environ.get(language.VARIABLE), found)


def current() -> str:
    """The code of the language."""
    return _current


def is_english() -> bool:
    """Whether everything is said as it stands in the code."""
    return _current == language.ENGLISH


def parted(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """What ``--lang`` before the command asks for, None without it, and the words without it."""
    rest = list(words)
    for place, word in enumerate(rest):
        if word == OPTION:
            return (rest[place + 1] if place + 1 < len(rest) else None), rest[:place] + rest[place + 2 :]
        if word.startswith(f"{OPTION}="):
            return word.partition("=")[2], rest[:place] + rest[place + 1 :]
        if not word.startswith("-"):
            break
    return None, rest


def known(asked: str | None) -> str | None:
    """The code of the language that is asked for, None where none is; InputError where there is no such language."""
    if asked is None:
        return None
    if not language.is_known(asked):
        names = Listing(language.available(), "comma")
        raise InputError("There is no language '{language}'; there are {names}.", language=asked[:40], names=names)
    return language.chosen(asked)


def _(template: str, /, **values: Any) -> str:
    """The text in the reader's language, with its fields filled."""
    return language.fill(language.catalog(_current).one(template), values, _current)


def n_(one: str, many: str, n: int, /, **values: Any) -> str:
    """The text for ``n`` things; ``{n}`` is a field of both templates."""
    return language.fill(language.catalog(_current).number(one, many, n), {"n": n, **values}, _current)


def N_(text: str) -> str:
    """Mark a text of a constant for the catalogs; :func:`tell` says it where it is shown."""
    return text


def tell(text: object) -> str:
    """A text of the core, or a marked one, in the reader's language; of an error its sentence."""
    return language.tell(text.message if isinstance(text, LabError) else text, _current)


def listing(parts: Iterable[str], style: Style = "and") -> str:
    """Several texts as one, such as ``a, b and c``, as the language does it."""
    return language.listing(list(parts), style, _current)
