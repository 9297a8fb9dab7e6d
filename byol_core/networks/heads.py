"""Projector and predictor: Linear, batch norm, ReLU, Linear without bias or norm after it (arXiv 2006.07733, §3.3)."""

from __future__ import annotations

from torch import nn


def build_head(inputs: int, hidden: int, outputs: int, norm: str = "batch") -> nn.Sequential:
    """A head (B, inputs) -> (B, outputs); ``norm`` is ``batch`` as in the paper, or ``none`` for the ablation."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.BatchNorm1d(hidden) if norm == "batch" else nn.Identity(),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, outputs, bias=False),
    )
