"""Arrays to a Components v2 widget as one block of bytes: no JSON of numbers, no base64. ``packed.js`` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALIGN = 8  # a typed array in the browser must start at a multiple of its item size


def pack(header: Mapping[str, Any], **arrays: NDArray[Any]) -> bytes:
    """Length of the head (uint32), the head as JSON, then the arrays, each at a multiple of eight bytes."""
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    parts = [{"name": name, "type": str(array.dtype), "bytes": array.nbytes} for name, array in kept.items()]
    head = json.dumps({**header, "arrays": parts}).encode()
    blocks = [len(head).to_bytes(4, "little") + head, *(array.tobytes() for array in kept.values())]
    return b"".join(block + b"\0" * (-len(block) % _ALIGN) for block in blocks)


def unpack(data: bytes) -> dict[str, Any]:
    """What :func:`pack` was given, as ``packed.js`` sees it: the header with its arrays under their names."""
    end = 4 + int.from_bytes(data[:4], "little")
    head: dict[str, Any] = json.loads(data[4:end])
    for part in head.pop("arrays"):
        start = end + -end % _ALIGN
        end = start + part["bytes"]
        head[part["name"]] = np.frombuffer(data[start:end], part["type"])
    return head
