"""The JavaScript of the widgets: ES modules in this folder, bundled by ``npm run build`` into one script a widget."""

from __future__ import annotations

from functools import cache
from pathlib import Path

BUNDLES = Path(__file__).parent / "bundles"


@cache
def bundle(name: str) -> str:
    """The script of a widget with everything that it imports; ``name`` is its file below this folder, without ".js"."""
    return (BUNDLES / f"{name}.js").read_text(encoding="utf-8")
