"""The section ``method``: what is minimized, and how the target network follows the online network."""

from __future__ import annotations

from typing import Literal

from byol_core.config.fields import Part, setting

Objective = Literal[
    "byol",
    "simsiam",
    "simclr",
    "moco",
    "nce",
    "triplet",
    "barlow-twins",
    "vicreg",
    "bridge",
    "supervised",
]

# Objectives with a predictor, which predicts the projection of a target.
PREDICTIVE = ("byol", "simsiam", "bridge")
# Objectives with a second network that follows the first.
WITH_TARGET = ("byol", "moco", "bridge")
# Objectives with a projector, and those with batch norm in their heads.
WITH_PROJECTOR = ("byol", "simsiam", "simclr", "moco", "nce", "triplet", "barlow-twins", "vicreg", "bridge")
WITH_HEAD_NORM = ("byol", "simsiam", "simclr", "triplet", "barlow-twins", "vicreg", "bridge")


class MethodConfig(Part):
    """What is minimized, and how the target network follows the online network."""

    objective: Objective = setting(
        "byol",
        "Objective",
        "What is minimized. BYOL predicts the target's projection of the other view: no negatives, not contrastive. "
        "The others are for comparison: same encoder, images, views and loop, other loss and heads. Barlow Twins and "
        "VICReg have far larger gradients than the rest: train them with LARS or AdamW.",
        source="arXiv 2006.07733, eq. 2",
    )
    tau_base: float = setting(
        0.99,
        "Tau at the start",
        "Share of the target that is kept at each step, at the start of the run.",
        source="arXiv 2006.07733, App. J: 0.97 to 0.996 by length",
        only=WITH_TARGET,
        ge=0.0,
        le=1.0,
    )
    tau_schedule: Literal["cosine", "constant"] = setting(
        "cosine",
        "Tau schedule",
        "Cosine: tau rises to 1 at the end.",
        source="arXiv 2006.07733, §3.3",
        expert=True,
        only=WITH_TARGET,
    )
    stop_gradient: bool = setting(
        True,
        "Stop-gradient",
        "Off: the gradient reaches both sides of the loss, and the run collapses.",
        source="arXiv 2011.10566, §4.1",
        expert=True,
        only=PREDICTIVE,
    )
    predictor: Literal["mlp", "none", "frozen"] = setting(
        "mlp",
        "Predictor",
        "None and frozen are ablations, which fail.",
        source="arXiv 2006.07733, Table 5b",
        expert=True,
        only=PREDICTIVE,
    )
    predictor_lr: float = setting(
        1.0,
        "Predictor rate",
        "Multiplies the learning rate of the predictor.",
        source="arXiv 2006.07733, Table 21",
        expert=True,
        only=PREDICTIVE,
        ge=0.0,
        le=100.0,
    )
    joint_statistics: bool = setting(
        False,
        "Joint batch statistics",
        "Both views in one forward pass, so that batch norm averages over both; the paper gives each view its own.",
        expert=True,
    )
    beta: float = setting(
        0.5,
        "Beta",
        "Weight of the negatives: 0 is BYOL; 1 without predictor and stop-gradient is SimCLR.",
        source="arXiv 2006.07733, eq. 6",
        only=("bridge",),
        ge=0.0,
        le=1.0,
    )
    temperature: float | None = setting(
        None,
        "Temperature",
        "Divides the cosines; a lower one concentrates on the nearest negatives.",
        empty="the default of the objective",
        source="SimCLR 0.5 for small images, MoCo 0.2, InstDisc 0.07, bridge 0.3",
        expert=True,
        only=("simclr", "moco", "nce", "bridge"),
        gt=0.0,
        le=10.0,
    )
    negatives: int = setting(
        4096,
        "Negatives",
        "Length of MoCo's queue of earlier keys; noise images that NCE draws at each step.",
        unit="images",
        source="arXiv 1911.05722, 1805.01978",
        expert=True,
        only=("moco", "nce"),
        ge=1,
        le=1_000_000,
    )
    margin: float = setting(
        0.2,
        "Margin",
        "By how much a negative should be farther than the positive, in squared distance.",
        source="FaceNet, arXiv 1503.03832",
        expert=True,
        only=("triplet",),
        gt=0.0,
        le=4.0,
    )
    redundancy: float = setting(
        5e-3,
        "Redundancy weight",
        "Lambda of Barlow Twins: weight of the correlations between different numbers of the projection.",
        source="arXiv 2103.03230",
        expert=True,
        only=("barlow-twins",),
        ge=0.0,
        le=10.0,
    )
    invariance: float = setting(
        25.0,
        "Invariance weight",
        "Weight of the distance of the two views.",
        source="arXiv 2105.04906",
        expert=True,
        only=("vicreg",),
        ge=0.0,
        le=1000.0,
    )
    variance: float = setting(
        25.0,
        "Variance weight",
        "Weight of the hinge that keeps each number's deviation at 1.",
        source="arXiv 2105.04906",
        expert=True,
        only=("vicreg",),
        ge=0.0,
        le=1000.0,
    )
    covariance: float = setting(
        1.0,
        "Covariance weight",
        "Weight of the covariances of different numbers.",
        source="arXiv 2105.04906",
        expert=True,
        only=("vicreg",),
        ge=0.0,
        le=1000.0,
    )
