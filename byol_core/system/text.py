"""Makes text from outside, such as file names, safe for every database, log and page."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text without NUL characters, and with bytes that are not UTF-8 escaped: ``bad\\udcff.png``."""
    return text.replace("\0", "").encode("utf-8", "backslashreplace").decode()
