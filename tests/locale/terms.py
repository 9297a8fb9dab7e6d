"""One word for one thing: the glossary, and what says something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests import catalogs
from tests.locale.translations import Pair, table

GLOSSARY = catalogs.LOCALE / "glossary.csv"
_CODE = re.compile(r"`[^`]*`|\{[^{}]*\}|'byol[^']*'|byol [a-z-]+(?: [A-Z]+)?|'[^' ]*'")


@dataclass(frozen=True)
class Term:
    """``english`` is one of ``chinese`` and nothing of ``forbidden``; of ``*`` nothing is allowed anywhere."""

    english: str
    chinese: tuple[str, ...]
    forbidden: tuple[str, ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        """The term as a word, in any number; one with capitals is a name and is written so."""
        ignored = 0 if re.search("[A-Z]", self.english) else re.IGNORECASE
        return re.compile(rf"(?<![\w.-]){re.escape(self.english)}(?:s|es|d|ed)?(?![\w=-]|\.\w)", ignored)


@cache
def glossary() -> tuple[Term, ...]:
    """The terms, the longest first."""
    found = [Term(line["english"], _words(line["chinese"]), _words(line["forbidden"])) for line in table(GLOSSARY)]
    return tuple(sorted(found, key=lambda term: -len(term.english)))


def _words(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split("|")))


def terms(pair: Pair) -> Iterator[str]:
    """The words of the glossary that a translation lacks; a term within a longer one does not count."""
    rest = _CODE.sub(" ", pair.english)
    for term in glossary():
        if term.english != "*" and term.pattern.search(rest):
            rest = term.pattern.sub(" ", rest)
            if term.chinese and not any(word in pair.chinese for word in term.chinese):
                yield term.english


def forbidden(pair: Pair) -> Iterator[str]:
    for term in glossary():
        if term.english == "*" or term.pattern.search(pair.english):
            yield from (word for word in term.forbidden if word in pair.chinese)


def forbidden_anywhere() -> set[str]:
    """What no text of any kind says."""
    return {word for term in glossary() if term.english == "*" for word in term.forbidden}


def calls_contrastive(line: str) -> bool:
    """Whether a line calls BYOL contrastive learning; that it is none may be said."""
    return "BYOL" in line and re.search("(?<!非)(?<!不是)(?<!不属于)(?<!不同于)对比学习", line) is not None
