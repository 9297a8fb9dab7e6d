"""English texts that remember how they were made, so that whoever shows one can say it in another language.

The core, the logs, ``--json`` and the database hold plain English: a :class:`Message` is a ``str`` and goes wherever
one goes. Beside it travels what a catalog of translations needs, the template and its values. This module knows no
language but English; :mod:`byol_core.language` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, Literal, Self

# How the parts of a list are put together: "a, b and c", "a, b or c", "a, b, c", or as sentences, one after another.
Style = Literal["and", "or", "comma", "sentences"]
_SCALARS = (int, float, bool, type(None))
# What a field of a kept template may ask for: another program may have written it, and "{n:999999999}" fills a memory.
_SPEC = re.compile(r"[+,]?\d{0,2},?(?:\.\d{1,2})?[a-zA-Z%]?")
# So long may what is kept be, and each text that is made of it: texts within texts could grow without end.
_LONGEST = 10_000


class Message(str):
    """A text in English with its ``template`` for ``str.format`` and the ``values`` of its fields.

    ``Message("The run '{name}' is {state}.", name=run.name, state=run.state)``. Without values the template is the
    text, braces and all. A value may be a message itself. ``many`` is the template for any other number than one.
    """

    template: str
    many: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        return cls._made(template.format(**values) if values else template, template, "", values)

    @classmethod
    def plural(cls, one: str, many: str, /, n: int, **values: Any) -> Self:
        """The text for one or for ``n`` things, which is a value of both templates."""
        values = {"n": n, **values}
        return cls._made((one if n == 1 else many).format(**values), one, many, values)

    @classmethod
    def _made(cls, english: str, template: str, many: str, values: Mapping[str, Any]) -> Self:
        made = super().__new__(cls, english)
        made.template, made.many, made.values = template, many, values
        return made


class Listing(str):
    """Several texts as one, put together as each language does it; English for the time being."""

    items: tuple[str, ...]
    style: Style

    def __new__(cls, items: Iterable[str], style: Style = "and") -> Self:
        parts = tuple(items)
        made = super().__new__(cls, english_list(parts, style))
        made.items, made.style = parts, style
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.items, self.style


def sentences(*texts: str) -> Listing:
    """Whole sentences, one after another; empty ones are left out."""
    return Listing(filter(None, texts), "sentences")


def english_list(parts: tuple[str, ...], style: Style) -> str:
    """``a, b and c`` and its kin."""
    if style in ("comma", "sentences"):
        return (", " if style == "comma" else " ").join(parts)
    return f"{', '.join(parts[:-1])} {style} {parts[-1]}" if len(parts) > 1 else "".join(parts)


def encode(text: str) -> dict[str, Any] | None:
    """What JSON keeps of a text beside its English; None where that is all there is to it."""
    if isinstance(text, Message):
        kept = {"template": text.template, "values": {name: _encoded(value) for name, value in text.values.items()}}
        return kept | ({"many": text.many} if text.many else {})
    if isinstance(text, Listing):
        return {"items": [_encoded(item) for item in text.items], "style": text.style}
    return None


def _encoded(value: Any) -> Any:
    if isinstance(value, str):
        return encode(value) or str(value)
    if isinstance(value, list | tuple):
        return [_encoded(item) for item in value]
    return value if isinstance(value, _SCALARS) else str(value)


def decode(english: str, kept: Any) -> str:
    """The text again. What does not fit its English, as of another release or another program, is plain English."""
    if not kept:
        return english
    try:
        made = _decoded(kept) if len(json.dumps(kept)) <= _LONGEST else None
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError):
        return english
    return made if isinstance(made, Message | Listing) and str(made) == english else english


def _decoded(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_decoded(item) for item in kept]
    if not isinstance(kept, Mapping):
        return kept
    made = Listing(_decoded(kept["items"]), kept["style"]) if "items" in kept else _message(kept)
    if len(made) > _LONGEST:
        raise ValueError("A text is longer than any of ours.")
    return made


def _message(kept: Mapping[str, Any]) -> Message:
    values = {str(name): _decoded(value) for name, value in kept["values"].items()}
    template, many = str(kept["template"]), str(kept.get("many", ""))
    if values and not (_is_plain(template) and _is_plain(many)):
        raise ValueError("A template asks for more than its values.")
    return Message.plural(template, many, **values) if many else Message(template, **values)


def _is_plain(template: str) -> bool:
    """Whether the fields are names with short specifications."""
    fields = [(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(template) if name is not None]
    return all(name.isidentifier() and _SPEC.fullmatch(spec or "") and not conv for name, spec, conv in fields)
