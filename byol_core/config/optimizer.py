"""The section ``optimizer``: how the online network is updated."""

from __future__ import annotations

from typing import Literal

from byol_core.config.fields import Part, setting


class OptimizerConfig(Part):
    """How the online network is updated."""

    name: Literal["lars", "sgd", "adamw"] = setting("sgd", "Optimizer", "LARS is the paper's, for large batches.")
    lr: float = setting(
        0.06,
        "Learning rate",
        "For 256 images; scaled by batch/256, and not for AdamW.",
        source="arXiv 2006.07733, §3.3",
        gt=0.0,
        le=100.0,
    )
    weight_decay: float = setting(
        5e-4,
        "Weight decay",
        "Not applied to biases and norm parameters.",
        source="arXiv 2006.07733, §3.3",
        expert=True,
        ge=0.0,
        le=1.0,
    )
    momentum: float = setting(0.9, "Momentum", "Of LARS and SGD; beta 1 of AdamW.", expert=True, ge=0.0, lt=1.0)
    warmup: float = setting(
        0.05,
        "Warm-up",
        "Share of the steps in which the learning rate rises from 0.",
        source="arXiv 2006.07733: 10 epochs",
        expert=True,
        ge=0.0,
        le=1.0,
    )
    schedule: Literal["cosine", "constant"] = setting(
        "cosine", "Rate schedule", "Cosine: falls to 0 at the end.", source="arXiv 2006.07733, §3.3", expert=True
    )
