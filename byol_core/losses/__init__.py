"""What is minimised: pure functions of tensors, in float32 or better whatever the networks computed in.

Where a loss looks at the whole batch it takes the rows of the whole batch; to collect them from several processes is
the caller's. Who must not get a gradient is the caller's to detach.
"""

from byol_core.losses.contrastive import bridge_loss, estimate_log_z, info_nce, nce, nt_xent
from byol_core.losses.decorrelation import barlow_twins, vicreg
from byol_core.losses.precision import in_float32, widened
from byol_core.losses.predictive import byol_loss, negative_cosine
from byol_core.losses.supervised import cross_entropy
from byol_core.losses.triplet import triplet_semi_hard

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
