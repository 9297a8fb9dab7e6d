"""A plotly chart that takes new data in place, so that a curve grows without flicker and a zoom outlives new points.

``st.plotly_chart`` builds its chart anew whenever the figure changes, and loses the zoom with it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.charts import CONFIG, Figure
from app.components.asset import deliver, plotly_script
from app.components.packed import script

_CSS = """
.byol-chart {
  width: 100%;
}
"""
# plotly.js puts its own styles into the document; in a shadow root its toolbar would fall apart.
_mount = st.components.v2.component(
    "byol_live_chart", js=script("live_chart/live_chart.js"), css=_CSS, isolate_styles=False
)


def live_chart(figure: Figure, *, key: str, alt: str) -> None:
    """Draw the figure; the same ``key`` keeps the chart, the same ``layout.uirevision`` keeps the viewer's zoom."""
    data: dict[str, Any] = {"figure": figure, "config": CONFIG, "label": alt, "plotly": plotly_script().digest}
    _mount(data=data, key=key)


def prepare() -> None:
    """Bring plotly.js to the browser, once for all pages: the router calls this."""
    deliver(plotly_script())
