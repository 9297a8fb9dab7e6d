"""How Chinese is punctuated: full width in sentences, half width in code, no blanks beside Latin letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.locale.translations import Pair

_HAN = r"\u4e00-\u9fff"
_FAULTS = {
    "half width": re.compile(rf"[{_HAN}”）][,;:!?(]|[,;:!?(][{_HAN}“（]|\)[{_HAN}]|[{_HAN}]\.(?![a-z])"),
    "straight quotes": re.compile(rf"[{_HAN}，。：；]['\"]|['\"][{_HAN}，。：；]"),
    "blank beside Han": re.compile(rf"[{_HAN}] [A-Za-z0-9{{]|[A-Za-z0-9}}%] [{_HAN}]"),
    "blank beside full width": re.compile(r"[^*\s] [，。：；？！）”、（“]|[，。：；？！）”、（“] (?! )"),
    "blank before %": re.compile(r"\d %"),
    "short ellipsis": re.compile(rf"(?<=[{_HAN}A-Za-z])…(?!…)|\.\.\."),
    "quotes of elsewhere": re.compile(r"[「」『』‘’]"),
}
# Code and formulas, which keep their own signs: a shape, a call, a command of the shell.
_CODE = re.compile(rf"\([^(){_HAN}]*[,=][^(){_HAN}]*\)|[A-Za-z]\w*\([^(){_HAN}]*\)|`[^`]*`|pip install '[^']*'")
_HAS_HAN = re.compile(rf"[{_HAN}]")


def punctuation(pair: Pair) -> Iterator[str]:
    if _HAS_HAN.search(pair.chinese):
        text = _CODE.sub("x", _CODE.sub("x", pair.chinese))  # twice: a call within a call
        yield from (name for name, pattern in _FAULTS.items() if pattern.search(text))


def ends(pair: Pair) -> Iterator[str]:
    """A sentence ends as one in both languages, and a label in neither."""
    english, chinese = pair.english.rstrip("*] "), pair.chinese.rstrip("*] ")
    if not _HAS_HAN.search(chinese):
        return
    for stop, full in {".": "。", "?": "？", "!": "！", ":": "：", "…": "……"}.items():
        if english.endswith(stop) != chinese.endswith(full):
            yield f"end {full}"
