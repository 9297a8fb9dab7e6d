"""Computes losses in float32: in bfloat16, to which autocast would convert, products and exponentials lose too much."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor


def widened(values: Tensor) -> Tensor:
    """Half precision as float32; float32, float64 and integers unchanged."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def in_float32(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same loss computed in float32 (float64 for float64 inputs), also inside autocast."""

    @wraps(loss)
    def wide(*args: Any, **kwargs: Any) -> Tensor:
        device = next(value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)).device.type
        named = {name: _widened(value) for name, value in kwargs.items()}
        with torch.autocast(device, enabled=False):
            return loss(*map(_widened, args), **named)

    return wide


def _widened(value: Any) -> Any:
    return widened(value) if isinstance(value, Tensor) else value
