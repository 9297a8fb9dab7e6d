"""A file for the browser, delivered once: its message is cached by its content, so a rerun sends no more than a hash.

Nothing is fetched from the internet and nothing has to lie in a static folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from app.widgets.bundle import bundle
from app.widgets.packed import pack

_deliver = st.components.v2.component("byol_asset", js=bundle("asset"), isolate_styles=False)


@dataclass(frozen=True)
class Asset:
    """A file and the hash under which widgets ask for it."""

    digest: str
    message: bytes


@lru_cache(maxsize=16)
def asset(content: bytes, mime: str) -> Asset:
    """Prepare a file for the browser."""
    digest = hashlib.sha256(content).hexdigest()
    return Asset(digest, pack({"digest": digest, "mime": mime}, content=np.frombuffer(content, np.uint8)))


@lru_cache(maxsize=1)
def plotly_script() -> Asset:
    """plotly.js as it lies in the installed plotly package."""
    import plotly

    path = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    return asset(path.read_bytes(), "text/javascript")


def deliver(file: Asset) -> None:
    """Put a file within reach of the widgets of this page; draws nothing."""
    _deliver(data=file.message, key=f"asset-{file.digest[:16]}")
