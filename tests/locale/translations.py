"""The translations of the catalogs as pairs, and the rules that they keep; exceptions.csv has the exceptions."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from tests import catalogs

LANGUAGE = "zh_CN"
EXCEPTIONS = Path(__file__).parent / "exceptions.csv"
# What has to stand in both languages in the same number: emphasis, icons, colors, tags, links, ends of lines.
_MARKUP = re.compile(
    r"\*\*|:material/\w+:|:[a-z]+\[|</?\w+>|\]\([^)]*\)|https?://\S+|  \n|\n\n|\$[^$\s][^$]*\$|`[^`]*`"
)
# Code outside of backticks: options, dotted keys, variables of the environment, values that are set.
_CODE = re.compile(r"(?<![\w-])--[a-z-]+|\b[a-z_]+(?:\.[a-z_]+)+\b|\bBYOL_[A-Z_]+\b|\b[a-z_]+=[\w.,]*\w", re.ASCII)


@dataclass(frozen=True)
class Pair:
    """A text of the code and its translation. ``many``: the template for other numbers than one."""

    english: str
    many: str
    chinese: str
    fuzzy: bool = False


Rule = Callable[[Pair], Iterator[str]]


def pairs(root: Path = catalogs.ROOT) -> list[Pair]:
    """Every text of the catalogs, in their order."""
    found = [message for name in catalogs.DOMAINS for message in catalogs.read(LANGUAGE, name, root) if message.id]
    return [_pair(message.id, message.string, message.fuzzy) for message in found]


def _pair(msgid: str | tuple[str, ...], string: str | tuple[str, ...], fuzzy: bool) -> Pair:
    one, many = (msgid, "") if isinstance(msgid, str) else msgid[:2]
    return Pair(one, many, string if isinstance(string, str) else string[0], fuzzy)


def complaints(rule: Rule, root: Path = catalogs.ROOT) -> list[str]:
    """What a rule finds wrong in the catalogs, but for what is expressly allowed."""
    found = [(pair, wrong) for pair in pairs(root) for wrong in rule(pair)]
    return [
        f"{wrong}: {pair.english!r} -> {pair.chinese!r}"
        for pair, wrong in found
        if (rule.__name__, wrong, pair.english) not in exceptions()
    ]


@cache
def exceptions() -> set[tuple[str, str, str]]:
    """The rule, the complaint and the English text of what may be; each has a reason."""
    return {(line["rule"], line["complaint"], line["english"]) for line in table(EXCEPTIONS) if line["reason"]}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def untranslated(pair: Pair) -> Iterator[str]:
    if not pair.chinese.strip():
        yield "untranslated"


def fuzzy(pair: Pair) -> Iterator[str]:
    if pair.fuzzy:
        yield "fuzzy"


def placeholders(pair: Pair) -> Iterator[str]:
    """The same fields with the same specifications, as often as in English, and each but a name."""
    wanted, has = _fields(pair.many or pair.english), _fields(pair.chinese)
    for field in sorted((wanted - has) + (has - wanted)):
        yield f"field {field}"
    for name in sorted({field.partition(":")[0].partition("!")[0] for field in has | wanted}):
        if not name.isidentifier():
            yield f"no name {name}"


def _fields(text: str) -> Counter[str]:
    found = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
    return Counter(f"{name}{f'!{how}' if how else ''}{f':{spec}' if spec else ''}" for name, spec, how in found)


def plurals(pair: Pair) -> Iterator[str]:
    """Chinese has one form, so that the number has to stand in it; in English it may not be left out either."""
    for text in (pair.english, pair.many, pair.chinese) if pair.many else ():
        if "n" not in {name for _start, name, *_rest in Formatter().parse(text)}:
            yield "no {n}"


def markup(pair: Pair) -> Iterator[str]:
    wanted, has = Counter(_MARKUP.findall(pair.many or pair.english)), Counter(_MARKUP.findall(pair.chinese))
    yield from (f"markup {mark!r}" for mark in sorted((wanted - has) + (has - wanted)))


def code(pair: Pair) -> Iterator[str]:
    """Options, keys, variables and values in code are no words."""
    wanted, has = Counter(_CODE.findall(pair.many or pair.english)), Counter(_CODE.findall(pair.chinese))
    yield from (f"code {word}" for word in sorted((wanted - has) + (has - wanted)))
