"""Where files are: the home of the runs, the cache, and the files that ship with the package."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

_PACKAGE = Path(__file__).resolve().parents[1]
# What copying adds to a path: blanks, and invisible marks such as the one from the file properties of Windows.
_AROUND = " \t\r\n\v\f\u00a0\u200b\u200e\u200f\u202a\u202c\ufeff"
_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019", "``")


def home() -> Path:
    """The folder with the store and the runs: ``$BYOL_LAB_HOME``, else ``./byol_runs``. It may not exist yet."""
    return expand(os.environ.get("BYOL_LAB_HOME") or "byol_runs").resolve()


def cache() -> Path:
    """The folder for decoded sets: ``$BYOL_LAB_CACHE``, else ``cache`` in the home. It may not exist yet."""
    chosen = os.environ.get("BYOL_LAB_CACHE")
    return expand(chosen).resolve() if chosen else home() / "cache"


def expand(text: str) -> Path:
    """The path with ``~`` replaced by the home directory; unchanged if that user does not exist."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def typed(text: str) -> Path:
    """The path that a person means by what was typed or pasted; it never raises, and there may be nothing at the path.

    Quotes, blanks at both ends and ``file://`` are taken off, and ``~`` is the home directory. A backslash may precede
    a blank, as in a shell, or separate folders, where that leads to something. A path that exists exactly as it is
    typed always wins.
    """
    path = _without_scheme(unquoted(text))
    readings = [text, path, re.sub(r"\\(.)", r"\1", path), path.replace("\\", "/")]
    candidates = [expand(reading) for reading in readings]
    return next((each for each in candidates if os.path.exists(each)), candidates[1])  # noqa: PTH110 (never raises)


def unquoted(text: str) -> str:
    """A text without the blanks and quotes around it, or as it is if it consists of nothing else."""
    inner = text.strip(_AROUND)
    while len(inner) > 1 and inner[0] + inner[-1] in _QUOTES:
        inner = inner[1:-1].strip(_AROUND)
    return inner or text


def _without_scheme(text: str) -> str:
    """The path of a ``file:`` URL; any other text is returned as it is."""
    found = re.fullmatch(r"(?is)file:(?://(?P<host>[^/]*))?(?P<path>/[^/].*)", text)
    if found is None:
        return text
    path = unquote(found["path"])
    if os.name == "nt" and re.match("/[A-Za-z]:", path):
        path = path[1:]
    return path if (found["host"] or "").lower() in ("", "localhost") else f"//{found['host']}{path}"


def bundled(relative: str) -> Path:
    """A file or folder that ships with the package (``assets/eurosat``, ``app``), in a wheel or in a clone."""
    inside_wheel = _PACKAGE / "_bundle" / relative
    return inside_wheel if inside_wheel.exists() else _PACKAGE.parent / relative
