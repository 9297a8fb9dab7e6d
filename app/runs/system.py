"""What a run asks of the machine: its processor, memory and GPU over time, and how many images it gets through."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.runs.curves import Ends, curve_id
from app.shared import charts, formatting
from app.shared.language import N_, _, tell
from app.widgets.live_chart import live_chart
from byol_core.runs.run import Run

_HEIGHT = 200


@dataclass(frozen=True)
class Gauge:
    """How one measure of the machine is called and counted."""

    title: str
    unit: str
    meaning: str
    color: str
    digits: int = 0

    def with_unit(self) -> str:
        """The title with the unit behind it."""
        return _("{title} ({unit})", title=tell(self.title), unit=tell(self.unit))


GAUGES = {
    "images_per_second": Gauge(
        N_("Speed"), N_("images/s"), N_("Training images a second, evaluations left out."), charts.AMBER, digits=0
    ),
    "system_cpu": Gauge(
        N_("Processor"), "%", N_("Of all cores of the machine, the share that the run's processes use."), charts.PETROL
    ),
    "system_memory": Gauge(
        N_("Memory"), "GB", N_("What the run's processes hold in main memory."), charts.PETROL, digits=2
    ),
    "system_gpu": Gauge("GPU", "%", N_("How much of the time the GPU works."), charts.PLUM),
    "system_gpu_memory": Gauge(
        N_("GPU memory"), "GB", N_("What is held in the memory of the GPU."), charts.PLUM, digits=2
    ),
}
KEYS = tuple(GAUGES)


def draw(run: Run, known: Ends, view: charts.View) -> None:
    """A card for each measure that there is, and a word on those that there are not."""
    measured = [key for key in GAUGES if key in known]
    if not measured:
        _nothing(run)
        return
    with st.grid(3, min_column_width=300, gap="medium"):
        for key in measured:
            with st.container(border=True, height="stretch"):
                _card(run, key, known[key][3], view)
    if missing := _missing(run, measured):
        st.caption(missing)


def _card(run: Run, key: str, last: float, view: charts.View) -> None:
    gauge = GAUGES[key]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{tell(gauge.title)}**", help=tell(gauge.meaning), width="content")
        st.markdown(f"{formatting.number(last, gauge.digits)} {tell(gauge.unit)}", width="content")
    figure = charts.curve(
        curve_id(run, key),
        name=gauge.with_unit(),
        view=view,
        revision=run.run_id,
        height=_HEIGHT,
        digits=f",.{gauge.digits}f",
        from_zero=True,
        color=gauge.color,
    )
    live_chart(figure, key=f"system-{key}")


def _missing(run: Run, measured: list[str]) -> str:
    if not any(key.startswith("system_") for key in measured):
        if formatting.busy(run):
            return _("The first measurement of the machine comes within seconds.")
        return _("The machine was not measured: runs of an earlier release did not do so.")
    if "system_gpu" in measured:
        return ""
    return _("No GPU was measured: the run uses none, or its driver does not tell.")


def _nothing(run: Run) -> None:
    with st.container(border=True, height=160, horizontal_alignment="center", vertical_alignment="center"):
        soon = _("The first measurement of the machine comes with the first logged step.")
        st.markdown(soon if formatting.busy(run) else _("Nothing was measured in this run."), width="content")
