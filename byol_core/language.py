"""The languages that a person may be spoken to in: which there are, which one somebody asks for, and how they say it.

A language is a folder below ``locale`` with catalogs of translations (gettext's ``.po``) and the name that it has for
itself (``NAME``). ``$BYOL_LAB_LOCALE`` names another folder of languages beside it. English is in the code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from byol_core.messages import Listing, Message, Style, english_list

ENGLISH = "en"
VARIABLE = "BYOL_LAB_LANG"
FOLDER = Path(__file__).parent / "locale"
OTHERS = "BYOL_LAB_LOCALE"  # of the environment: a folder of more languages
# Tags that say more than the codes, for fonts and screen readers.
_TAGS = {"zh_CN": "zh-Hans"}


@cache
def available() -> Mapping[str, str]:
    """The codes of the languages, each with its own name for itself, English first."""
    found = {ENGLISH: "English"}
    for name in (name for folder in _folders() for name in sorted(folder.glob("*/NAME"))):
        found.setdefault(name.parent.name, name.read_text(encoding="utf-8").strip())
    return found


def _folders() -> list[Path]:
    others = os.environ.get(OTHERS)
    return [FOLDER, Path(others)] if others else [FOLDER]


def chosen(*wanted: str | None) -> str:
    """The first language asked for that there is, as ``zh-CN``, ``zh_CN.UTF-8`` or ``zh-Hans-SG``; else English."""
    return next((code for tag in wanted if tag and (code := _code(tag)) is not None), ENGLISH)


def is_known(tag: str) -> bool:
    """Whether there is the language that a tag asks for."""
    return _code(tag) is not None


def tag(code: str) -> str:
    """How a document says that it is in a language."""
    return _TAGS.get(code, code.replace("_", "-"))


def accepted(header: str) -> str:
    """The language that a browser's ``Accept-Language`` asks for, by its weights; else English."""
    weighed = [part.strip().partition(";q=") for part in header.split(",")]
    tags = [tag for tag, _, _ in sorted(weighed, key=lambda part: -_weight(part[2]))]
    # Browsers add a bare "zh" after "zh-TW", whose readers are not at home in simplified characters.
    traditional = any(_is_traditional(tag) for tag in tags)
    return chosen(*(tag for tag in tags if not (traditional and tag.lower() == "zh")))


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def _code(tag: str) -> str | None:
    """The code of the language that a tag names; None where there is none. English is one that can be asked for."""
    parts = _parts(tag)
    for code in available():
        if parts == _parts(code):
            return code
    if parts[0] == "zh":  # in simplified characters, but where the tag says otherwise
        return None if _is_traditional(tag) else _if_there("zh_CN")
    return _if_there(parts[0])


def _parts(tag: str) -> list[str]:
    return tag.strip().partition(".")[0].replace("_", "-").lower().split("-")


def _is_traditional(tag: str) -> bool:
    return {"hant", "tw", "hk", "mo"} & set(_parts(tag)) != set()


def _if_there(code: str) -> str | None:
    return code if code in available() else None


class Catalog:
    """The translations into one language. What it lacks is said in English."""

    def __init__(
        self, texts: Mapping[str, str | tuple[str, ...]], plural: Callable[[int], int] = lambda n: int(n != 1)
    ) -> None:
        self._texts, self._plural = texts, plural

    def one(self, template: str) -> str:
        """The translation of a template."""
        found = self._texts.get(template, template)
        return found if isinstance(found, str) else found[0]

    def number(self, one: str, many: str, n: int) -> str:
        """The translation of a template for so many things."""
        found = self._texts.get(one)
        if isinstance(found, tuple):
            return found[self._plural(n)]
        return found or (one if n == 1 else many)


@lru_cache(maxsize=8)
def catalog(code: str) -> Catalog:
    """The translations into a language, read once; those into English are empty, and cost no import."""
    if code == ENGLISH:
        return Catalog({})
    from gettext import c2py

    from babel.messages.pofile import read_po

    texts: dict[str, Any] = {}
    expression = "n != 1"
    for path in (path for folder in _folders() for path in sorted((folder / code / "LC_MESSAGES").glob("*.po"))):
        with path.open("rb") as file:
            read = read_po(file)
        expression = read.plural_expr
        texts |= {_first(message.id): message.string for message in read if _is_done(message)}
    return Catalog(texts, c2py(expression))


def _first(msgid: str | tuple[str, ...] | list[str]) -> str:
    return msgid if isinstance(msgid, str) else msgid[0]


def _is_done(message: Any) -> bool:
    strings = (message.string,) if isinstance(message.string, str) else message.string
    return bool(message.id) and not message.fuzzy and all(strings)


def tell(text: object, code: str) -> str:
    """A text in a language: a message by its template and values, other texts where a catalog has them as they are."""
    if code == ENGLISH or not isinstance(text, str):
        return str(text)
    try:
        return _told(text, code)
    except (LookupError, TypeError, ValueError):  # another program kept it, and its values do not fit our translation
        return str(text)


def _told(text: str, code: str) -> str:
    if isinstance(text, Listing):
        return listing([tell(item, code) for item in text.items], text.style, code)
    if not isinstance(text, Message):
        return catalog(code).one(str(text))
    if text.many:
        return fill(catalog(code).number(text.template, text.many, text.values["n"]), text.values, code)
    return fill(catalog(code).one(text.template), text.values, code)


def fill(template: str, values: Mapping[str, Any], code: str) -> str:
    """Fill the fields of a template that is in the language already; values that are messages are said in it too."""
    if not values:
        return template
    return template.format(**{name: _in(value, code) for name, value in values.items()})


def _in(value: Any, code: str) -> Any:
    return tell(value, code) if isinstance(value, Message | Listing) else value


def listing(parts: Sequence[str], style: Style, code: str) -> str:
    """Several texts as one: ``a, b and c``, and as sentences one after another, as the language does it."""
    if code == ENGLISH:
        return english_list(tuple(parts), style)
    if code.startswith(("zh", "ja")) and style in ("comma", "sentences"):  # only where words are apart are sentences
        return ("、" if style == "comma" else "").join(parts)
    if style == "sentences":
        return " ".join(parts)
    from babel.lists import format_list

    styles: dict[str, Any] = {"and": "standard", "or": "or", "comma": "unit"}
    return format_list(list(parts), styles[style], locale=locale(code))


def locale(code: str) -> str:
    """The locale whose lists and dates a language has: English where nobody knows those of the language."""
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(code))
    except (UnknownLocaleError, ValueError):
        return ENGLISH
