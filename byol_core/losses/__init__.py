"""The loss functions: pure functions of tensors, computed in float32 or better whatever precision the networks use.

A loss that compares the images of a batch takes the rows of the whole batch; collecting them from several processes is
up to the caller, as is detaching what must not get a gradient. An argument with the wrong type or shape raises
ArgumentError, which is also a ValueError.
"""

from byol_core.losses.checked import (
    barlow_twins,
    bridge_loss,
    byol_loss,
    cross_entropy,
    estimate_log_z,
    info_nce,
    nce,
    negative_cosine,
    nt_xent,
    triplet_semi_hard,
    vicreg,
    widened,
)
from byol_core.losses.precision import in_float32

__all__ = [
    "barlow_twins",
    "bridge_loss",
    "byol_loss",
    "cross_entropy",
    "estimate_log_z",
    "in_float32",
    "info_nce",
    "nce",
    "negative_cosine",
    "nt_xent",
    "triplet_semi_hard",
    "vicreg",
    "widened",
]
