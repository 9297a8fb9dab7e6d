"""Projector and predictor: Linear, batch norm, ReLU, Linear without bias or norm after it (arXiv 2006.07733, §3.3)."""

from __future__ import annotations

from torch import nn


def build_head(inputs: int, hidden: int, outputs: int, norm: str = "batch", last_norm: bool = False) -> nn.Sequential:
    """A head (B, inputs) -> (B, outputs).

    ``norm`` is ``batch`` as in the paper, or ``none`` for the ablation; ``last_norm`` adds SimSiam's batch norm without
    scale or shift at the end (arXiv 2011.10566, §4), which centres the projection.
    """
    head = nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.BatchNorm1d(hidden) if norm == "batch" else nn.Identity(),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, outputs, bias=False),
    )
    if last_norm:
        head.append(nn.BatchNorm1d(outputs, affine=False))
    return head
