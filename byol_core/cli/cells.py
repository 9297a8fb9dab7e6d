"""Texts as wide as a terminal shows them: a Chinese character takes two cells."""

from __future__ import annotations

import re
import unicodedata

# What is not broken: a note in brackets, a word of ASCII or one other character, with opening marks before it and
# closing ones behind it.
_PART = re.compile(r"[（“《]*(?:\[[^\[\]]{,40}\]|[!-~]+|[^\s!-~（“《])[，。：；？！、）”》…]*\s*")


def width(text: str) -> int:
    """How many cells a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF") for one in text)


def cut(text: str, most: int) -> str:
    """So much of a text as fits into ``most`` cells, with an ellipsis where something is left out."""
    if width(text) <= most:
        return text
    kept = text[: most - 1]
    while width(kept) > most - 1:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def filled(text: str, most: int) -> list[str]:
    """A text in lines of at most ``most`` cells; a word that is longer stands alone."""
    lines, line = [], ""
    for part in _PART.findall(text):
        if line and width(line + part.rstrip()) > most:
            lines.append(line.rstrip())
            line = ""
        line += part
    return [*lines, line.rstrip()]
