"""Small images for the tests of byol_core.data."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


def encoded(color: Any = "red", size: tuple[int, int] = (10, 10), mode: str = "RGB", kind: str = "PNG") -> bytes:
    """One image of one color as a file."""
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def png() -> Callable[..., bytes]:
    """Make the bytes of an image."""
    return encoded


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder: {"cats/a.png": bytes or None for a small image}; a path that ends in / is an empty folder."""

    def make(files: dict[str, bytes | None] | list[str]) -> Path:
        root = tmp_path / "photos"
        for number, path in enumerate(files):
            content = files[path] if isinstance(files, dict) else None
            if path.endswith("/"):
                (root / path).mkdir(parents=True)
                continue
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(encoded((number, 0, 0)) if content is None else content)
        return root

    return make
