"""What is minimized: pure functions of tensors, in float32 or better whatever the networks computed in.

Where a loss looks at the whole batch it takes the rows of the whole batch; to collect them from several processes is
the caller's. Who must not get a gradient is the caller's to detach. An argument of the wrong kind or shape raises
ArgumentError, which is a ValueError too.
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
