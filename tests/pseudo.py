"""A language that nobody speaks, where each word of a text of ours is one sign: words that are left were not asked."""

from __future__ import annotations

import re

import pytest

from byol_core import language

CODE = "zh_CN"  # one that pages can be asked for
# Left as they are: fields, tags and code.
_KEPT = re.compile(r"(\{[^{}]*\}|<[^<>]*>|`[^`]*`)")


class Pseudo(language.Catalog):
    """Translates every text."""

    def one(self, template: str) -> str:
        parts = _KEPT.split(template)
        return "".join(part if place % 2 else re.sub(r"[A-Za-z]+", "※", part) for place, part in enumerate(parts))

    def number(self, one: str, many: str, n: int) -> str:
        return self.one(one if n == 1 else many)


def pseudo(monkeypatch: pytest.MonkeyPatch) -> str:
    """Its code; it stands in for the Chinese while the test runs."""
    known = language.catalog
    monkeypatch.setattr(language, "catalog", lambda code: Pseudo({}) if code == CODE else known(code))
    return CODE
