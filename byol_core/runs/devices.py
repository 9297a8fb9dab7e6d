"""Places to compute: one for each CUDA device, or one for the CPU; found without importing torch."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from byol_core.messages import Message

CPU = "cpu"


def cuda_devices() -> list[str]:
    """The CUDA devices that a process started here may use, as CUDA_VISIBLE_DEVICES names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = _nvidia_smi() if _torch_has_cuda() else []
    if visible is None or not found:
        return found
    named = [name.strip() for name in visible.split(",")]
    # As CUDA reads it: everything from the first invalid entry on does not count.
    stop = next((i for i, name in enumerate(named) if not name or name.startswith("-")), len(named))
    return named[:stop]


def slot_of(config: Mapping[str, Any], devices: list[str]) -> list[str]:
    """The slots that would do for a run, best first."""
    wanted = config.get("runtime", {}).get("device", "auto")
    return [f"cuda:{name}" for name in devices] if devices and wanted in ("auto", "cuda") else [CPU]


def needed(config: Mapping[str, Any], choices: list[str]) -> int:
    """How many slots a run takes: one for each of its processes on GPUs, and one on the CPU."""
    processes = int(config.get("runtime", {}).get("processes", 1)) if choices != [CPU] else 1
    return min(processes, len(choices))


def together(chosen: list[str]) -> str:
    """Several slots as one name, such as ``cuda:0,1``; :func:`parts` takes it apart."""
    return chosen[0] if len(chosen) == 1 else "cuda:" + ",".join(slot.removeprefix("cuda:") for slot in chosen)


def parts(slot: str) -> list[str]:
    """The single slots of a name."""
    return [f"cuda:{name}" for name in slot.removeprefix("cuda:").split(",")] if slot.startswith("cuda:") else [slot]


def environment(slot: str) -> dict[str, str]:
    """What makes a process see its own device only."""
    return {"CUDA_VISIBLE_DEVICES": slot.removeprefix("cuda:")} if slot.startswith("cuda:") else {}


def title(slot: str) -> str:
    """The slot as people say it."""
    return f"GPU {slot.removeprefix('cuda:')}" if slot.startswith("cuda:") else Message("the CPU")


def _nvidia_smi() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"^\s*(\d+)\s*$", output, re.MULTILINE)


def _torch_has_cuda() -> bool:
    """What torch/version.py says: a CPU build computes on no GPU, however many there are."""
    spec = importlib.util.find_spec("torch")
    try:
        text = (Path(spec.origin or "").parent / "version.py").read_text(encoding="utf-8") if spec else ""
    except OSError:
        return False
    return re.search(r"^cuda\b.*=\s*'", text, re.MULTILINE) is not None
