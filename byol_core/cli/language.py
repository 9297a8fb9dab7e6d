"""The language of the command line: ``--lang``, else ``$BYOL_LAB_LANG``, else the locale; English where it has none.

What machines read stays English: ``--json``, exit codes, names of options and settings, the log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from byol_core import language
from byol_core.errors import LabError
from byol_core.messages import Style

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


def _(template: str, /, **values: Any) -> str:
    """The text in the reader's language, with its fields filled."""
    return language.fill(language.catalog(_current).one(template), values, _current)


def n_(one: str, many: str, n: int, /, **values: Any) -> str:
    """The text for ``n`` things; ``{n}`` is a field of both templates."""
    return language.fill(language.catalog(_current).number(one, many, n), {"n": n, **values}, _current)


def tell(text: object) -> str:
    """A text of the core in the reader's language; of an error its sentence."""
    return language.tell(text.message if isinstance(text, LabError) else text, _current)


def listing(parts: Iterable[str], style: Style = "and") -> str:
    """Several texts as one, such as ``a, b and c``, as the language does it."""
    return language.listing(list(parts), style, _current)
