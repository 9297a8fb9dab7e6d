"""The objectives in plain words: what each is called, what it does, whether it is contrastive, how to read its loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.shared.language import N_, tell
from byol_core.messages import sentences
from byol_core.runs.run import Run

_COLLAPSED_TOO = N_("A low loss alone proves nothing: a collapsed network has it too.")


@dataclass(frozen=True)
class Objective:
    """``tell`` says the texts. ``kind`` is what sets it apart: contrastive ones tell an image from other images."""

    name: str
    sentence: str
    kind: str
    loss: str

    @property
    def title(self) -> str:
        """The name with its kind, for a list, in the viewer's language."""
        return f"{tell(self.name)} · {tell(self.kind)}" if self.kind else tell(self.name)


NEGATIVES = N_("contrastive")

OBJECTIVES: Mapping[str, Objective] = {
    "byol": Objective(
        "BYOL",
        N_("Predicts its own slow average's output for the other view. BYOL has no negatives: it is not contrastive."),
        "",
        sentences(
            N_("0 when the other view is predicted exactly, about 4 for a blind guess, 8 at worst."), _COLLAPSED_TOO
        ),
    ),
    "simsiam": Objective(
        "SimSiam",
        N_("BYOL without the slow average: the network predicts its own output for the other view. Not contrastive."),
        "",
        sentences(N_("-1 when the other view is predicted exactly, about 0 for a blind guess."), _COLLAPSED_TOO),
    ),
    "simclr": Objective(
        "SimCLR (NT-Xent)",
        N_("Picks the other view of an image out of all other images in the batch, which are its negatives."),
        NEGATIVES,
        N_("log(2 batch - 1) for a blind guess; the lower, the surer it finds the other view in the batch."),
    ),
    "moco": Objective(
        "MoCo (InfoNCE)",
        N_("Picks the other view out of a queue of earlier images, as a slow second network represented them."),
        NEGATIVES,
        N_("log(1 + negatives) for a blind guess; the lower, the surer it finds the other view in the queue."),
    ),
    "nce": Objective(
        N_("Instance discrimination (NCE)"),
        N_("Tells each image from others drawn at random from a memory of the whole set."),
        NEGATIVES,
        N_("Falls as an image is told more surely from those in the memory."),
    ),
    "triplet": Objective(
        N_("Triplet, semi-hard"),
        N_("Wants the other view of an image to be nearer than a similar other image in the batch, by a margin."),
        NEGATIVES,
        N_("0 when every negative is farther than the other view by the margin, about the margin for a blind guess."),
    ),
    "barlow-twins": Objective(
        "Barlow Twins",
        N_(
            "Makes each number of the projection agree between the views and differ from the other numbers. "
            "No negatives."
        ),
        "",
        N_("0 when the views agree in every number and no two numbers are correlated."),
    ),
    "vicreg": Objective(
        "VICReg",
        N_("Draws the views together, keeps the variance of each number up and the covariances down. No negatives."),
        "",
        N_(
            "Three weighted parts: distance of the views, lack of variance, covariance. It cannot be low in a collapse."
        ),
    ),
    "bridge": Objective(
        N_("Bridge from BYOL to SimCLR"),
        N_("BYOL with beta times a term over other images (eq. 6): beta 0 is BYOL, anything above is contrastive."),
        N_("contrastive when beta > 0"),
        N_("BYOL's loss plus beta times how near the other images are."),
    ),
    "supervised": Objective(
        N_("Supervised"),
        N_("Learns the labels themselves: what the same encoder reaches when it is given the classes."),
        N_("needs labels"),
        N_("log(number of classes) for a blind guess, 0 when every class is certain and right."),
    ),
}


def name_of(run: Run) -> str:
    """The objective of a run; one from before there was a choice is BYOL."""
    return str(run.config.get("method", {}).get("objective", "byol"))


def of_run(run: Run) -> Objective:
    """How to speak of the objective of a run, also of one that this release does not know."""
    name = name_of(run)
    return OBJECTIVES.get(name, Objective(name, "", "", N_("What is minimized.")))
