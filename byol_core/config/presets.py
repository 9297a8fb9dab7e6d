"""Named configurations, each with its reason and what to expect from it.

A preset is a small override of the defaults in :mod:`byol_core.config`. Does not need torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from byol_core.config.run_config import FITTED, RunConfig, build
from byol_core.errors import InputError
from byol_core.messages import Listing, Message


@dataclass(frozen=True)
class Preset:
    """A named recipe: what it is for, where it comes from, what it achieves and how long it takes.

    ``twin``: the settings that break a preset whose purpose is to be broken, for a lesson about collapse.
    """

    name: str
    title: str
    reason: str
    expect: str
    settings: Mapping[str, Any]
    twin: Mapping[str, Any] = field(default_factory=dict)

    def config(self) -> RunConfig:
        """The complete configuration of this preset."""
        return build({}, {**self.settings, "fit": FITTED})


# Found by search on the training images (leave-one-out kNN), never on the test images. What helped, in this order:
# a predictor that learns ten times as fast, with a target that follows closely (Table 21 of the paper: a near-optimal
# predictor can replace the slow target); batch norm after the projector; strong views; small views of sharp images.
_SHORT_RUN = {
    "data.image_size": 64,
    "views.size": 24,
    "network.encoder": "conv-classroom",
    "network.projection_norm": True,
    "method.tau_base": 0.9,
    "method.tau_schedule": "constant",
    "method.predictor_lr": 10.0,
    "optimizer.name": "adamw",
    "optimizer.lr": 1e-3,
    "optimizer.weight_decay": 0.05,
    "evaluation.early": True,
}

# Settings under which the ablations fail within a minute. SGD, because LARS can blow a collapsed network up again; a
# target that follows closely, because a slow one hides the collapse; the paper's heads, without a norm at the end.
_COLLAPSE = {
    "data.image_size": 64,
    "views.size": 24,
    "views.preset": "satellite",
    "network.encoder": "conv-classroom",
    "method.tau_base": 0.9,
    "method.tau_schedule": "constant",
    "optimizer.name": "sgd",
    "optimizer.lr": 0.1,
    "evaluation.early": True,
    "epochs": 15,
    "steps": 400,
}


def _paper(epochs: int, rate: float, decay: float, tau: float) -> dict[str, Any]:
    """The authors' settings for this number of epochs (``byol/configs/byol.py``; arXiv 2006.07733, §3.3 and App. J)."""
    return {
        "data.image_size": 224,
        "data.validation": 0.01,
        "views.preset": "paper",
        "network.encoder": "resnet50",
        "network.stem": "imagenet",
        "network.projector_hidden": 4096,
        "network.predictor_hidden": 4096,
        "network.projection_size": 256,
        "method.tau_base": tau,
        "optimizer.name": "lars",
        "optimizer.lr": rate,
        "optimizer.weight_decay": decay,
        "optimizer.warmup": 10 / epochs,
        "evaluation.every": max(1, epochs // 20),
        "epochs": epochs,
        "batch_size": 4096,
    }


def _paper_preset(epochs: int, rate: float, decay: float, tau: float, expect: str) -> Preset:
    title = Message("The paper's, {epochs} epochs", epochs=epochs)
    reason = Message(
        "The authors' settings for {epochs} epochs of ImageNet (byol/configs/byol.py): give the folder of its training "
        "images as the image set. The batch of 4,096 wants several GPUs, or 'Parts of a batch'.",
        epochs=epochs,
    )
    return Preset(f"paper-{epochs}", title, reason, expect, _paper(epochs, rate, decay, tau))


_ALL = (
    Preset(
        "classroom",
        "Classroom: about a minute and a half",
        "A small conv net on small views, tuned so that two CPU cores show learning within one lesson.",
        "kNN (test) of about 0.76 on the embedded satellite images, from 0.68 untrained and 0.24 for raw pixels.",
        {**_SHORT_RUN, "views.preset": "auto", "epochs": 30, "steps": 850, "evaluation.every": 5},
    ),
    Preset(
        "first-look",
        "First look: under half a minute",
        "Two short passes to check that everything works; the network learns next to nothing.",
        "A finished run in under half a minute on two CPU cores.",
        {**_SHORT_RUN, "views.preset": "auto", "data.limit": 1000, "epochs": 2},
    ),
    Preset(
        "collapse-demo",
        "Collapse: half a minute to see it fail",
        "Healthy as it is. Turn the stop-gradient off, or the predictor off with tau 0, and the projections collapse "
        "to a single point while the loss looks better than ever.",
        "Std ratio of the projection near 0.8; under 0.1 within seconds after one of the settings is changed.",
        _COLLAPSE,
        twin={"method.stop_gradient": False},
    ),
    Preset(
        "cifar10",
        "CIFAR-10, 200 epochs on one GPU",
        "The usual recipe for images of 32 pixels (lightly's CIFAR-10 benchmark): ResNet-18 with the small stem, "
        "no blur. Its loss is a quarter of the paper's sum: so a quarter of the rate, four times the decay.",
        "kNN (k = 200) of about 0.87 is published for it, the best epoch on the test images; 0.91 after 800 epochs.",
        {
            "data.source": "cifar10",
            "views.preset": "small-image",
            "network.encoder": "resnet18",
            "network.stem": "small",
            "method.tau_base": 0.99,
            "method.tau_schedule": "constant",
            "optimizer.name": "sgd",
            "optimizer.lr": 0.03,
            "optimizer.weight_decay": 2e-3,
            "optimizer.warmup": 0.0,
            "evaluation.every": 10,
            "evaluation.k": 200,
            "runtime.checkpoint_every": 10,
            "epochs": 200,
            "batch_size": 512,
        },
    ),
    Preset(
        "imagenette",
        "Imagenette, 1,000 epochs on one GPU",
        "The authors' recipe for a single GPU (README of their byol code): ResNet-18 on images of 128 pixels, LARS "
        "with a rate of 2.",
        "About 0.92 with a linear classifier trained alongside, after four hours on a V100, as they say.",
        {
            **_paper(1000, 2.0, 1e-6, 0.996),
            "data.source": "imagenette",
            "data.image_size": 128,
            "data.validation": 0.1,
            "network.encoder": "resnet18",
            "batch_size": 256,
        },
    ),
    _paper_preset(
        40, 0.45, 1e-6, 0.97, Message("62 % top-1 with a linear classifier on ImageNet, as the authors' code says.")
    ),
    _paper_preset(
        100, 0.45, 1e-6, 0.99, Message("About 68 % top-1 with a linear classifier on ImageNet in reproductions.")
    ),
    _paper_preset(
        300, 0.3, 1e-6, 0.99, Message("72.5 % top-1 with a linear classifier on ImageNet (Table 5 of the paper).")
    ),
    _paper_preset(
        1000, 0.2, 1.5e-6, 0.996, Message("74.3 % top-1 with a linear classifier on ImageNet (§4 of the paper).")
    ),
)

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}


def get(name: str) -> Preset:
    """The preset with this name; InputError that lists the names if there is none."""
    if name not in PRESETS:
        known = Listing(PRESETS, "comma")
        raise InputError("There is no preset '{name}'; there are {known}.", name=name, known=known)
    return PRESETS[name]
