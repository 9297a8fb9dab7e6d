"""The section ``network``: the encoder and the two heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import ValidationInfo, field_validator

from byol_core.config import complaints
from byol_core.config.fields import Part, setting
from byol_core.config.method import PREDICTIVE, WITH_HEAD_NORM, WITH_PROJECTOR
from byol_core.system.text import storable

Encoder = Literal["conv-classroom", "conv-quarter", "conv-half", "conv-tutorial", "resnet18", "resnet34", "resnet50"]
SMALL_SIDE = 64  # up to this many pixels, a ResNet gets the small-image stem, as is usual for CIFAR
# How many stages can be frozen: the blocks of a conv net, or the stem and the four layers of a ResNet.
STAGES: Mapping[str, int] = {"conv-classroom": 3}
MOST_STAGES = 5


class NetworkConfig(Part):
    """The encoder and the two heads."""

    encoder: Encoder = setting("conv-quarter", "Encoder", "The network whose representation is learned.")
    pretrained: str = setting(
        "",
        "Start from",
        "The weights that the encoder starts with: a run, a file of weights, torchvision:resnet18 or "
        "timm:resnet18.a1_in1k.",
        empty="random weights",
    )
    freeze: int = setting(
        0,
        "Frozen stages",
        "This many of the encoder's first stages keep their weights and the running statistics of their norms. A stage "
        "is a block of a conv net; in a ResNet, the first stage is the stem, followed by four layers.",
        expert=True,
        ge=0,
        le=MOST_STAGES,
    )
    stem: Literal["auto", "small", "imagenet"] = setting(
        "auto",
        "ResNet stem",
        "3x3 stride 1 for small images, or ImageNet's 7x7 with max-pool; auto: by size.",
        expert=True,
    )
    projector_hidden: int | None = setting(
        None,
        "Projector width",
        "Hidden units of the projector.",
        empty="the default of the objective, 1024 for BYOL",
        unit="units",
        source="4096 in arXiv 2006.07733, §3.3",
        expert=True,
        only=WITH_PROJECTOR,
        ge=8,
        le=16384,
    )
    predictor_hidden: int | None = setting(
        None,
        "Predictor width",
        "Hidden units of the predictor.",
        empty="the default of the objective, 1024 for BYOL",
        unit="units",
        source="4096 in arXiv 2006.07733, §3.3",
        expert=True,
        only=PREDICTIVE,
        ge=8,
        le=16384,
    )
    projection_size: int | None = setting(
        None,
        "Projection size",
        "Length of the projection.",
        empty="the default of the objective, 256 for BYOL",
        unit="numbers",
        source="256 in arXiv 2006.07733, §3.3",
        expert=True,
        only=WITH_PROJECTOR,
        ge=2,
        le=8192,
    )
    projection_norm: bool = setting(
        False,
        "Norm after the projector",
        "Batch norm at the end of the projector, as in SimSiam; the paper has none. Short runs learn faster with it.",
        source="arXiv 2011.10566, §4",
        expert=True,
        only=WITH_PROJECTOR,
    )
    head_norm: Literal["batch", "none"] = setting(
        "batch",
        "Norm in the heads",
        "Batch normalization in projector and predictor, as in the paper. None removes all of them.",
        source="arXiv 2010.10241",
        expert=True,
        only=WITH_HEAD_NORM,
    )
    encoder_norm: Literal["batch", "group", "none"] = setting(
        "batch",
        "Norm in the encoder",
        "Batch normalization as in the paper; group normalization uses one image at a time; none is an ablation.",
        source="arXiv 2010.10241: BYOL works without batch statistics",
        expert=True,
    )

    @field_validator("pretrained")
    @classmethod
    def _is_text(cls, value: str) -> str:
        if storable(value) != value:
            raise complaints.custom("not_text")
        return value.strip()

    @field_validator("freeze")
    @classmethod
    def _are_there(cls, value: int, others: ValidationInfo) -> int:
        encoder = str(others.data.get("encoder"))
        # If ``encoder`` was invalid, pydantic leaves it out here and complains about it by itself.
        most = STAGES.get(encoder, MOST_STAGES)
        if value > most:
            raise complaints.custom("no_such_stage", most=most, encoder=encoder)
        return value

    def small_stem(self, image_size: int) -> bool:
        """Whether a ResNet for images of this size gets the small-image stem."""
        return self.stem == "small" or (self.stem == "auto" and image_size <= SMALL_SIDE)
