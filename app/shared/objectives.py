"""The objectives in plain words: what each is called, what it does, whether it is contrastive, how to read its loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from byol_core.runs.run import Run

_COLLAPSED_TOO = " A low loss alone proves nothing: a collapsed network has it too."


@dataclass(frozen=True)
class Objective:
    """``kind`` says what sets it apart from the others: contrastive objectives tell an image from other images."""

    name: str
    sentence: str
    kind: str
    loss: str

    @property
    def title(self) -> str:
        """The name with its kind, for a list."""
        return f"{self.name} · {self.kind}" if self.kind else self.name


NEGATIVES = "contrastive"

OBJECTIVES: Mapping[str, Objective] = {
    "byol": Objective(
        "BYOL",
        "Predicts its own slow average's output for the other view. BYOL has no negatives: it is not contrastive.",
        "",
        "0 when the other view is predicted exactly, about 4 for a blind guess, 8 at worst." + _COLLAPSED_TOO,
    ),
    "simsiam": Objective(
        "SimSiam",
        "BYOL without the slow average: the network predicts its own output for the other view. Not contrastive.",
        "",
        "-1 when the other view is predicted exactly, about 0 for a blind guess." + _COLLAPSED_TOO,
    ),
    "simclr": Objective(
        "SimCLR (NT-Xent)",
        "Picks the other view of an image out of all other images in the batch, which are its negatives.",
        NEGATIVES,
        "log(2 batch - 1) for a blind guess; the lower, the surer it finds the other view in the batch.",
    ),
    "moco": Objective(
        "MoCo (InfoNCE)",
        "Picks the other view out of a queue of earlier images, as a slow second network represented them.",
        NEGATIVES,
        "log(1 + negatives) for a blind guess; the lower, the surer it finds the other view in the queue.",
    ),
    "nce": Objective(
        "Instance discrimination (NCE)",
        "Tells each image from others drawn at random from a memory of the whole set.",
        NEGATIVES,
        "Falls as an image is told more surely from those in the memory.",
    ),
    "triplet": Objective(
        "Triplet, semi-hard",
        "Wants the other view of an image to be nearer than a similar other image in the batch, by a margin.",
        NEGATIVES,
        "0 when every negative is farther than the other view by the margin, about the margin for a blind guess.",
    ),
    "barlow-twins": Objective(
        "Barlow Twins",
        "Makes each number of the projection agree between the views and differ from the other numbers. No negatives.",
        "",
        "0 when the views agree in every number and no two numbers are correlated.",
    ),
    "vicreg": Objective(
        "VICReg",
        "Draws the views together, keeps the variance of each number up and the covariances down. No negatives.",
        "",
        "Three weighted parts: distance of the views, lack of variance, covariance. It cannot be low in a collapse.",
    ),
    "bridge": Objective(
        "Bridge from BYOL to SimCLR",
        "BYOL with beta times a term over other images (eq. 6): beta 0 is BYOL, anything above is contrastive.",
        "contrastive when beta > 0",
        "BYOL's loss plus beta times how near the other images are.",
    ),
    "supervised": Objective(
        "Supervised",
        "Learns the labels themselves: what the same encoder reaches when it is given the classes.",
        "needs labels",
        "log(number of classes) for a blind guess, 0 when every class is certain and right.",
    ),
}


def name_of(run: Run) -> str:
    """The objective of a run; one from before there was a choice is BYOL."""
    return str(run.config.get("method", {}).get("objective", "byol"))


def of_run(run: Run) -> Objective:
    """How to speak of the objective of a run, also of one that this release does not know."""
    name = name_of(run)
    return OBJECTIVES.get(name, Objective(name, "", "", "What is minimized."))
