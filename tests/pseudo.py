"""A language that nobody speaks, made of the English: ``⟦Ŝţåŕţ∼∼⟧``. Where it is spoken, English was not translated.

Each text is in brackets and its words are about 40 % longer, as in some languages; fields, markup and code are as they
are. It is a folder with a name and catalogs, which the program is told of like of any other language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from app.widgets.packed import unpack
from tests import catalogs

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

CODE = "qps"
_LETTERS = str.maketrans("ACDEGIKLNORSTUWYZaceghijklnorstuwyz", "ÅÇĎÉĜÎĶĻÑÖŔŜŢÛŴÝŽåçéĝĥîĵķļñöŕŝţûŵýž")
_LETTERS |= str.maketrans("BFHJMPQVXbdfmpqvx", "ßƑĤĴṀÞǪṼẊƀðƒɱþǫṽẋ")
# Left as they are: fields, tags, code, formulas, icons, colors, addresses of links and entities.
_KEPT = re.compile(
    r"(%?\{[^{}]*\}|<[^<>]*>|`[^`]*`|\$[^$]+\$|:material/\w+:|:[a-z-]+(?=\[)|(?<=\])\([^()\s]*\)|&\w+;)", re.ASCII
)
_WORD = re.compile(r"[A-Za-z]+")
# In a text that is shown: what was kept of those, and icons of Streamlit.
_NO_WORDS = re.compile(
    r"`[^`]*`|\$[^$]+\$|:material/\w+:|:[a-z-]+(?=\[)|(?<=\])\([^()\s]*\)|<[^<>]*>|&\w+;|https?://\S+|/_\w+/\S+|\w+…|%?\{[^{}]*\}|\b[0-9a-f]{6,}\b|#[0-9A-F]{6}"
)
# Between two texts: words that no catalog was asked for, other than those of a list.
_JOINED = re.compile(r"⟧(?! (?:and|or) ⟦)[^⟦⟧]*?[A-Za-z]{2,}[^⟦⟧]*⟦")


def pseudo(text: str) -> str:
    """A text in this language."""
    parts = _KEPT.split(text)
    return f"⟦{''.join(part if place % 2 else _WORD.sub(_longer, part) for place, part in enumerate(parts))}⟧"


def _longer(word: re.Match[str]) -> str:
    return word[0].translate(_LETTERS) + "∼" * round(0.4 * len(word[0]))


def write(folder: Path) -> Path:
    """Write the language into a folder of languages; gives that folder."""
    inside = folder / CODE / "LC_MESSAGES"
    inside.mkdir(parents=True)
    (folder / CODE / "NAME").write_text("⟦qps⟧", encoding="utf-8")
    for name, template in catalogs.templates().items():
        made = Catalog(domain=name)
        for message in filter(lambda message: message.id, template):
            one = message.id if isinstance(message.id, str) else tuple(map(pseudo, message.id))
            made.add(message.id, pseudo(one) if isinstance(one, str) else one)
        with (inside / f"{name}.po").open("wb") as file:
            write_po(file, made, no_location=True)
    return folder


def bare(text: str, names: frozenset[str] = frozenset()) -> list[str]:
    """The words of a text that are not of this language, but for names."""
    return [word for word in _WORD.findall(_NO_WORDS.sub(" ", text)) if len(word) > 2 and word not in names]


def is_joined(text: str) -> bool:
    """Whether it was put together from several texts and words between them."""
    return _JOINED.search(_NO_WORDS.sub(" ", text)) is not None


# What a page shows

# Widgets that show nothing.
UNREAD_WIDGETS = ("byol_language", "byol_native_words", "byol_asset", "byol_feed", "byol_sign_in")
# Fields of Streamlit's messages, and of what the widgets are sent, that nobody reads.
# fmt: off
_UNREAD = frozenset(
    {
        "id", "key", "form_id", "url", "url_path", "page_script_hash", "form", "query_string", "element_id", "icon",
        "component_name", "format", "language", "type", "color", "widget_id", "file_type", "js_content",
        "js_source_path", "css_source_path", "html_content", "css_content", "columns", "column_order",
        "query_param_key", "raw_value", "gap", "value_type", "style", "codes", "digest", "family", "kind", "name_of",
        "tag", "chosen", "dash", "page", "autocomplete", "styles", "styler", "config", "dark", "plotly", "about",
        "rest", "originals", "files", "link", "figures", "layout", "revision", "selected",
    }
)
# fmt: on


def shown(app: AppTest) -> Iterator[str]:
    """Every text of a page: of its elements, its blocks, its tables and its widgets."""
    for node in app._tree:
        proto = getattr(node, "proto", None)
        kind = getattr(node, "type", "")
        if kind == "bidi_component":
            yield from _of_widget(proto)
        elif kind == "arrow_data_frame":
            yield from _of_table(node)
        elif proto is not None and kind not in ("html", "code"):
            yield from _of_message(proto)


def _of_message(proto: Any) -> Iterator[str]:
    for field, value in proto.ListFields():
        if field.name not in _UNREAD and field.type != field.TYPE_BYTES:
            for one in [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value:
                if isinstance(one, str):
                    yield one
                elif hasattr(one, "ListFields"):
                    yield from _of_message(one)


def _of_widget(proto: Any) -> Iterator[str]:
    if proto.component_name in UNREAD_WIDGETS:
        return
    for content in (json.loads(proto.json or "null"), unpack(proto.bytes) if proto.bytes else None):
        if isinstance(content, Mapping) and "figure" in content:
            figure = content.pop("figure")
            yield from (text for data in figure["data"] for text in _read_in(data))
            yield from _read_in(figure["layout"])
        yield from _leaves(content)


def _read_in(content: Any) -> Iterator[str]:
    """What is read in a part of a figure of plotly."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if name in ("name", "text", "ticktext", "hovertemplate"):
                yield from _leaves(value)
            elif name not in ("templateitemname", "template"):
                yield from _read_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from _read_in(value)


def _leaves(content: Any) -> Iterator[str]:
    """Every text in what JSON can hold."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for name, value in content.items():
            if name not in _UNREAD:
                yield from _leaves(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _leaves(value)


def _of_table(node: Any) -> Iterator[str]:
    """The heads of the columns that are shown, and the texts below them."""
    settings = json.loads(node.proto.columns or "{}")
    for name in node.value.columns:
        column = settings.get(str(name)) or {}
        if not column.get("hidden"):
            yield from (column.get("label") or str(name), column.get("help") or "")
            yield from (text for text in node.value[name] if isinstance(text, str))
