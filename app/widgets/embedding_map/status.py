"""What is said on the maps of a page: which map is being made and how far that is, or why it could not be made.

It travels apart from the maps: it changes each second, and a map has much more to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import streamlit as st

from app.widgets.bundle import bundle

_mount = st.components.v2.component("byol_map_status", js=bundle("embedding_map/status"), isolate_styles=False)


@dataclass(frozen=True)
class Status:
    """``words`` for people; ``share`` of the work, 0 to 1, None where none is done. ``failed``: it is over."""

    words: str
    share: float | None = None
    failed: bool = False


def map_status(said: Mapping[str, Status], *, key: str) -> None:
    """Say it on the maps of these keys, and nothing on all others. Draws nothing where it stands."""
    _mount(data={"maps": {name: asdict(status) for name, status in said.items()}}, key=key)
