"""The language of the document, and Streamlit's own words in it: it has no translation of them, and no place for one.

English needs no swapping. In any other language the catalog's translations of :data:`WORDS` go to the browser, which
puts them in place of the English as it comes into the page, and takes them back when somebody switches to English.
"""

from __future__ import annotations

import streamlit as st

from app.shared import language
from app.widgets.bundle import bundle
from app.widgets.native_words.words import WORDS
from byol_core.language import ENGLISH, tag, tell

_mount = st.components.v2.component("byol_native_words", js=bundle("native_words/native_words"), isolate_styles=False)


def draw() -> None:
    """Have the page in the viewer's language; draws nothing. The router calls this."""
    code = language.current()
    _mount(data={"lang": tag(code), "places": _places(code)}, key="native_words")


def _places(code: str) -> dict[str, dict[str, str]]:
    """For each place its words in English, each with its translation; those without one are left out."""
    if code == ENGLISH:
        return {}
    return {
        place: {word: told for word in words if (told := tell(word, code)) != word} for place, words in WORDS.items()
    }
