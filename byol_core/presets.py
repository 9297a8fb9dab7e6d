"""Named configurations, each with its reason and with what to expect from it.

A preset is a small override of the defaults in :mod:`byol_core.config`; nothing here knows torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from byol_core.config import RunConfig, build
from byol_core.errors import InputError


@dataclass(frozen=True)
class Preset:
    """A named recipe: what it is for, where it comes from, what it reaches and in what time."""

    name: str
    title: str
    reason: str
    expect: str
    settings: Mapping[str, Any]

    def config(self) -> RunConfig:
        """The whole configuration of this preset."""
        return build({}, self.settings)


# Found by search on the training images (leave-one-out kNN), never on the test images. What moved it, in this order:
# a predictor that learns ten times as fast with a target that follows closely (Table 21 of the paper: a near-optimal
# predictor does the target's work); batch norm after the projector; strong views; small views of sharp images.
_SHORT_RUN = {
    "data.image_size": 64,
    "views.size": 24,
    "network.encoder": "conv-classroom",
    "network.projection_norm": True,
    "method.tau_base": 0.9,
    "method.tau_schedule": "constant",
    "method.predictor_lr": 10.0,
    "optimiser.name": "adamw",
    "optimiser.lr": 1e-3,
    "optimiser.weight_decay": 0.05,
}

_ALL = (
    Preset(
        "classroom",
        "Classroom: about a minute and a half",
        "A small conv net on small views, tuned so that two CPU cores show learning within one lesson.",
        "kNN of about 0.76 on the embedded satellite images, from 0.68 untrained and 0.24 for raw pixels.",
        {**_SHORT_RUN, "views.preset": "satellite", "epochs": 30, "steps": 850, "evaluation.every": 5},
    ),
    Preset(
        "first-look",
        "First look: a few seconds",
        "Two short passes to see that everything works here; they teach next to nothing.",
        "A finished run in under half a minute on two CPU cores.",
        {**_SHORT_RUN, "views.preset": "satellite", "data.limit": 1000, "epochs": 2},
    ),
)

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}


def get(name: str) -> Preset:
    """The preset of that name; InputError that lists the names when there is none."""
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'; there are {', '.join(PRESETS)}.")
    return PRESETS[name]
