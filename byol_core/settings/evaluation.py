"""How the representation is judged."""

from __future__ import annotations

from byol_core.settings.base import Part, setting


class EvaluationConfig(Part):
    """How the representation is judged while the run goes on, and at its end."""

    every: float = setting(
        1.0,
        "Evaluate every",
        "Epochs between two looks at the held-out images.",
        unit="epochs",
        expert=True,
        gt=0.0,
        le=1000.0,
    )
    k: int = setting(20, "Neighbours", "The k of the weighted kNN.", unit="images", expert=True, ge=1, le=1000)
    temperature: float = setting(
        0.1,
        "Temperature",
        "A neighbour weighs exp(cosine / T).",
        source="arXiv 1805.01978: 0.07",
        expert=True,
        gt=0.0,
        le=10.0,
    )
    probe: int = setting(
        1000,
        "Probe set",
        "Test images whose representations are kept at each evaluation, for the map.",
        unit="images",
        expert=True,
        ge=2,
        le=100000,
    )
    probe_training: int = setting(
        250,
        "Training images mapped",
        "Images that the run may train on whose representations are kept beside those of the test images, for the map.",
        unit="images",
        expert=True,
        ge=0,
        le=100000,
    )
    bank: int = setting(
        50000,
        "Bank",
        "At most this many training images are the neighbours that kNN looks among.",
        unit="images",
        expert=True,
        ge=2,
    )
