"""The objectives: BYOL, and what it is compared with, on the same encoder, images, views and loop."""

from __future__ import annotations

from byol_core.config import RunConfig
from byol_core.errors import InputError
from byol_core.methods.base import Branch, Method, Views
from byol_core.methods.byol import BYOL
from byol_core.methods.instance_discrimination import InstanceDiscrimination
from byol_core.methods.moco import MoCo
from byol_core.methods.siamese import Siamese
from byol_core.methods.supervised import Supervised
from byol_core.system import checks

__all__ = [
    "BYOL",
    "Branch",
    "InstanceDiscrimination",
    "Method",
    "MoCo",
    "Siamese",
    "Supervised",
    "Views",
    "build_method",
]

# With fewer images there is no choice among negatives, or no statistics worth the name.
_LEAST_IMAGES = {"triplet": 4, "barlow-twins": 4, "vicreg": 4}


def build_method(config: RunConfig, *, images: int = 0, classes: int = 0) -> Method:
    """The objective that the settings name, initialized from torch's global generator.

    ``images`` is how many the training split holds, ``classes`` how many classes have a label (0: no labels). Raises
    InputError when the objective cannot be computed with them.
    """
    checks.kind("config", config, RunConfig, "a RunConfig")
    checks.whole("images", images, 0)
    checks.whole("classes", classes, 0)
    _check(config, images, classes)
    objective = config.method.objective
    if objective == "moco":
        return MoCo(config)
    if objective == "nce":
        return InstanceDiscrimination(config, images)
    if objective == "supervised":
        return Supervised(config, classes)
    if objective in ("byol", "simsiam", "bridge"):
        return BYOL(config)
    return Siamese(config)


def _check(config: RunConfig, images: int, classes: int) -> None:
    objective = config.method.objective
    least = _LEAST_IMAGES.get(objective, 2)
    if config.batch_size // config.accumulate < least:
        raise InputError(
            "The objective '{objective}' compares the images of a batch and needs at least {least} at a time; raise "
            "batch_size or lower accumulate.",
            setting="batch_size",
            objective=objective,
            least=least,
        )
    if objective == "supervised" and classes < 2:
        raise InputError(
            "The objective 'supervised' needs images with labels of at least two classes; choose labeled images or "
            "another method.objective.",
            setting="method.objective",
        )
    if objective == "nce" and images < 2:
        raise InputError(
            "The objective 'nce' remembers every training image and needs at least two of them.",
            setting="method.objective",
        )
