"""What this machine can do, in a small table: at once what is cheap to know, the devices when PyTorch is loaded."""

from __future__ import annotations

import os
import platform
from typing import Any

import streamlit as st

from app.shared import access
from app.shared.state import Warm


def draw(warm: Warm) -> None:
    """The table, which fills itself as the background thread finds out more."""

    @st.fragment(run_every=None if warm.done else 1.0)
    def card(was_done: bool) -> None:
        st.table(rows(warm.machine, warm.done) | _openness(), border="horizontal", alt="This machine")
        if warm.problem:
            st.caption(f":red[:material/error: {warm.problem}]")
        if warm.done and not was_done:
            st.rerun()

    card(warm.done)


def _openness() -> dict[str, str]:
    """Who else is here, where others can be."""
    role = "you are a teacher" if access.is_teacher() else "view-only for you"
    return {":material/lan: Open to": f"the network, {role}"} if access.is_shared() else {}


def rows(machine: dict[str, Any] | None, done: bool) -> dict[str, str]:
    """What is known, in words."""
    known = machine or {}
    cores, memory = known.get("cores") or _cores(), known.get("memory_gb") or _memory()
    many = f"{cores} core{'s' if cores > 1 else ''}"
    facts = {
        ":material/memory: Processor": f"{known.get('cpu') or platform.machine()}, {many}",
        ":material/memory_alt: Memory": f"{memory:.0f} GB",
    }
    if machine is None:
        return facts | {":material/developer_board: Trains on": "'byol doctor' says" if done else "looking …"}
    facts[":material/developer_board: Trains on"] = ", ".join(map(_device, known.get("devices", []))) or "processor"
    names = {"torch": "PyTorch", "python": "Python"}
    facts[":material/package_2: Software"] = ", ".join(f"{names[key]} {known[key]}" for key in names if known.get(key))
    return facts


def _device(device: dict[str, Any]) -> str:
    name = "processor" if device.get("kind") == "cpu" else str(device.get("name"))
    return f"{name}, {'bfloat16' if device.get('bf16') else 'float32'}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> float:
    import psutil

    return float(psutil.virtual_memory().total) / 2**30
