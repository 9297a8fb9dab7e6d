"""What this machine can do, in a small table: at once what is cheap to know, the devices when PyTorch is loaded."""

from __future__ import annotations

import os
import platform
from typing import Any

import streamlit as st

from app.shared import access
from app.shared.language import _, listing, n_, tell
from app.shared.state import Warm


def draw(warm: Warm) -> None:
    """The table, which fills itself as the background thread finds out more."""

    @st.fragment(run_every=None if warm.done else 1.0)
    def card(was_done: bool) -> None:
        st.table(rows(warm.machine, warm.done) | _openness(), border="horizontal", alt=_("This machine"))
        if warm.problem:
            st.caption(f":red[:material/error: {tell(warm.problem)}]")
        if warm.done and not was_done:
            st.rerun()

    card(warm.done)


def _openness() -> dict[str, str]:
    """Who else is here, where others can be."""
    if not access.is_shared():
        return {}
    teacher, viewer = _("the network, you are a teacher"), _("the network, view-only for you")
    return {_(":material/lan: Open to"): teacher if access.is_teacher() else viewer}


def rows(machine: dict[str, Any] | None, done: bool) -> dict[str, str]:
    """What is known, in words."""
    known = machine or {}
    cores, memory = known.get("cores") or _cores(), known.get("memory_gb") or _memory()
    processor = known.get("cpu") or platform.machine()
    facts = {
        _(":material/memory: Processor"): n_(
            "{processor}, {n} core", "{processor}, {n} cores", cores, processor=processor
        ),
        _(":material/memory_alt: Memory"): f"{memory:.0f} GB",
    }
    trains_on = _(":material/developer_board: Trains on")
    if machine is None:
        return facts | {trains_on: _("'byol doctor' says") if done else _("looking …")}
    facts[trains_on] = listing(map(_device, known.get("devices", [])), "comma") or _("processor")
    names = {"torch": "PyTorch", "python": "Python"}
    software = (f"{names[key]} {known[key]}" for key in names if known.get(key))
    return facts | {_(":material/package_2: Software"): listing(software, "comma")}


def _device(device: dict[str, Any]) -> str:
    name = _("processor") if device.get("kind") == "cpu" else str(device.get("name"))
    return _("{device}, {precision}", device=name, precision="bfloat16" if device.get("bf16") else "float32")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> float:
    import psutil

    return float(psutil.virtual_memory().total) / 2**30
