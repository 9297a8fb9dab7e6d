"""The encoder and the two heads."""

from __future__ import annotations

from typing import Literal

from byol_core.settings.base import PAPER, Part, setting
from byol_core.settings.method import PREDICTIVE, WITH_HEAD_NORM, WITH_PROJECTOR

Encoder = Literal["conv-classroom", "conv-quarter", "conv-half", "conv-tutorial", "resnet18", "resnet34", "resnet50"]


class NetworkConfig(Part):
    """The encoder and the two heads."""

    encoder: Encoder = setting("conv-quarter", "Encoder", "The network whose representation is learned.")
    stem: Literal["auto", "small", "imagenet"] = setting(
        "auto",
        "ResNet stem",
        "3x3 stride 1 for small images, or ImageNet's 7x7 with max-pool; auto: by size.",
        expert=True,
    )
    projector_hidden: int | None = setting(
        None,
        "Projector width",
        "Hidden units of the projector. Empty: as the objective has it, 1024 for BYOL.",
        unit="units",
        source=f"4096 in {PAPER}, §3.3",
        expert=True,
        only=WITH_PROJECTOR,
        ge=8,
        le=16384,
    )
    predictor_hidden: int | None = setting(
        None,
        "Predictor width",
        "Hidden units of the predictor. Empty: as the objective has it, 1024 for BYOL.",
        unit="units",
        source=f"4096 in {PAPER}, §3.3",
        expert=True,
        only=PREDICTIVE,
        ge=8,
        le=16384,
    )
    projection_size: int | None = setting(
        None,
        "Projection size",
        "Length of the projection. Empty: as the objective has it, 256 for BYOL.",
        unit="numbers",
        source=f"256 in {PAPER}, §3.3",
        expert=True,
        only=WITH_PROJECTOR,
        ge=2,
        le=8192,
    )
    projection_norm: bool = setting(
        False,
        "Norm after the projector",
        "Batch norm at the projector's end, as SimSiam has it; the paper has none. It makes short runs learn faster.",
        source="arXiv 2011.10566, §4",
        expert=True,
        only=WITH_PROJECTOR,
    )
    head_norm: Literal["batch", "none"] = setting(
        "batch",
        "Norm in the heads",
        "Batch normalisation in projector and predictor, as in the paper. None takes every one out of the heads.",
        source="arXiv 2010.10241",
        expert=True,
        only=WITH_HEAD_NORM,
    )
    encoder_norm: Literal["batch", "group", "none"] = setting(
        "batch",
        "Norm in the encoder",
        "Batch normalisation as in the paper; group normalisation looks at one image alone; none is an ablation.",
        source="arXiv 2010.10241: BYOL works without batch statistics",
        expert=True,
    )
