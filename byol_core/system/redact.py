"""Places on this machine, as files that leave it may name them: by their last part."""

from __future__ import annotations

import re
from typing import Any

_PATH = re.compile(r"(?:[~/\\]|[A-Za-z]:[/\\]|\.{1,2}[/\\]).*")


def last_part(text: str) -> str:
    """The name alone of a file or folder given by its path; other words as they are."""
    if not _PATH.fullmatch(text):
        return text
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1] or text


def without_folders(tree: Any) -> Any:
    """Settings, or any JSON, with every path in it reduced so."""
    if isinstance(tree, dict):
        return {key: without_folders(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [without_folders(value) for value in tree]
    return last_part(tree) if isinstance(tree, str) else tree
