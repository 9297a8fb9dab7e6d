"""Text from anywhere, such as the names of files, as every database, log and page can hold it."""

from __future__ import annotations


def storable(text: str) -> str:
    """The same text without NUL, and with bytes that are no UTF-8 spelt out: ``bad\\udcff.png``."""
    return text.replace("\0", "").encode("utf-8", "backslashreplace").decode()
