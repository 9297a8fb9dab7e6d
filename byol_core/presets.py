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


_ALL = (
    Preset(
        "classroom",
        "Classroom: about a minute and a half",
        "A small conv net on small pictures, tuned so that two CPU cores show learning within one lesson.",
        "kNN of 0.70 or more on the embedded satellite images, from 0.65 untrained.",
        {
            "network.encoder": "conv-classroom",
            "views.preset": "satellite",
            "epochs": 20,
        },
    ),
    Preset(
        "first-look",
        "First look: a few seconds",
        "One short pass to see that everything works here; it learns next to nothing.",
        "A finished run in under half a minute on two CPU cores.",
        {"network.encoder": "conv-classroom", "views.preset": "satellite", "data.limit": 1000, "epochs": 2},
    ),
)

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}


def get(name: str) -> Preset:
    """The preset of that name; InputError that lists the names when there is none."""
    if name not in PRESETS:
        raise InputError(f"There is no preset '{name}'; there are {', '.join(PRESETS)}.")
    return PRESETS[name]
