"""Arrays with what is to be said about them, as one safetensors file; read with doubt, and nothing is unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from byol_core.system.files import write_atomic

_LONGEST_HEADER = 10**8  # bytes, as in the format


@dataclass(frozen=True)
class Answer:
    """What was found: arrays by name, and ``about``, which goes through JSON."""

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def keep(self, path: Path) -> None:
        """As :func:`save`."""
        save(path, self)


def save(path: Path, answer: Answer) -> None:
    """Write it whole; FileNotFoundError where the folder was deleted, OSError as writing."""
    from safetensors.numpy import save as packed

    arrays = {name: np.ascontiguousarray(value) for name, value in answer.arrays.items()}
    write_atomic(path, packed(arrays, metadata={"about": json.dumps(dict(answer.about))}), make_folder=False)


def read(path: Path) -> Answer | None:
    """What such a file holds; None when there is none, or it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as opened:
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a mapping
            about = json.loads((opened.metadata() or {})["about"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError):  # also numbers unknown to NumPy
        return None
    return Answer(arrays, about) if isinstance(about, dict) else None


def is_whole(path: Path) -> bool:
    """Whether the file is there and as long as its header says: cheap, whatever its size."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= _LONGEST_HEADER else {}
            ends = [int(value["data_offsets"][1]) for name, value in header.items() if name != "__metadata__"]
            size = path.stat().st_size
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return False
    return "__metadata__" in header and 8 + length + max(ends, default=0) == size
