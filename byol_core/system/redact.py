"""Removes the folders of this machine from paths that leave it, such as in exported files: only the last part stays."""

from __future__ import annotations

import re
from typing import Any

_PATH = re.compile(r"(?:[~/\\]|[A-Za-z]:[/\\]|\.{1,2}[/\\]).*")


def last_part(text: str) -> str:
    """The last part of a path; text that is not a path is returned unchanged."""
    if not _PATH.fullmatch(text):
        return text
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1] or text


def without_folders(tree: Any) -> Any:
    """Settings, or any JSON value, with every path in it reduced to its last part."""
    if isinstance(tree, dict):
        return {key: without_folders(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [without_folders(value) for value in tree]
    return last_part(tree) if isinstance(tree, str) else tree
