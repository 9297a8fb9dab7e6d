"""Streamlit's own words: they are what its scripts say, each has a place, and only other languages need them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from app.widgets.native_words.words import WORDS
from tests.pseudo import pseudo

SCRIPTS = Path(streamlit.__file__).parent / "static" / "static" / "js"
FIELD = re.compile(r"\{\w+\}")
# Streamlit puts these together: "Press ${Ctrl} to ${apply}", and the label of a toolbar after its word.
BUILT = {
    "+Enter to ": "+Enter to $",
    "Press Enter to ": "Press Enter to $",
    "You can only select up to ": ". Remove an",
}


@pytest.fixture(scope="module")
def scripts() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(SCRIPTS.glob("*.js")))


def parts(word: str) -> list[str]:
    """What of a word stands in a script as it is."""
    built = next((found for start, found in BUILT.items() if start in word), None)
    return [built] if built else [part.removesuffix(": ") for part in FIELD.split(word) if part]


@pytest.mark.parametrize("word", sorted({word for words in WORDS.values() for word in words}))
def test_streamlit_says_it(scripts: str, word: str) -> None:
    quoted = rf"`{re.escape(word)}`|`[^`\w]*{re.escape(word)}`|\"{re.escape(word)}\""
    if "{" in word or any(start in word for start in BUILT):
        assert [part for part in parts(word) if part not in scripts] == []
    else:
        assert re.search(quoted, scripts), word


def test_each_place_is_one_of_streamlit(scripts: str) -> None:
    places = {name for place in WORDS for name in re.findall(r'\[data-testid="(st\w+)"\]', place)}
    assert {name for name in places if f"`{name}`" not in scripts} == set()


def page() -> None:
    from app.shared import language
    from app.widgets import native_words

    language.settle()
    native_words.draw()


def sent(lang: str) -> dict[str, Any]:
    """What the browser of somebody with this language gets."""
    opened = AppTest.from_function(page, default_timeout=30)
    opened.query_params["lang"] = lang
    opened.run()
    (widget,) = opened.get("bidi_component")
    return json.loads(widget.proto.json)


def test_english_needs_no_words() -> None:
    assert sent("en") == {"lang": "en", "places": {}}


def test_chinese_says_which_characters_it_is_written_in() -> None:
    assert sent("zh")["lang"] == "zh-Hans"


def test_another_language_gets_each_word_in_its_place(qps: str) -> None:
    found = sent(qps)
    assert {place: tuple(words) for place, words in found["places"].items()} == WORDS
    assert found["places"]['[data-testid="stFileUploader"]']["{size} per file"] == pseudo("{size} per file")
