"""The QR code of an address, in a terminal and on a page."""

from __future__ import annotations

import re

import pytest
import segno

from byol_core.system import qr

ADDRESS = "http://192.168.1.23:8501"


def wanted(text: str) -> list[list[bool]]:
    return [[bool(module) for module in row] for row in segno.make(text, error="m").matrix_iter(border=qr.BORDER)]


@pytest.mark.parametrize("text", [ADDRESS, "https://lab.school.example/byol"])
def test_a_terminal_shows_every_module_in_black_on_white(text: str) -> None:
    rows: list[list[bool]] = []
    for line in qr.for_terminal(text).split("\n"):
        assert line.startswith("\x1b[30;107m") and line.endswith("\x1b[0m")
        halves = re.sub(r"\x1b\[[0-9;]*m", "", line)
        rows += [[half in "▀█" for half in halves], [half in "▄█" for half in halves]]
    code = wanted(text)
    assert rows[: len(code)] == code
    assert not any(map(any, rows[len(code) :]))


def test_a_page_shows_it_on_white_in_any_theme() -> None:
    made = qr.as_svg(ADDRESS)
    assert made.startswith("<svg") and "#fff" in made and "http" not in made.replace("http://www.w3.org/", "")
