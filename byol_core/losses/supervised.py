"""Cross-entropy over the images that have a label, for the supervised baseline."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from byol_core.losses.precision import in_float32

NO_LABEL = -1


@in_float32
def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Logits (B, classes), labels (B,) int64, -1 for none -> scalar >= 0: mean over the labeled rows, 0 without any."""
    # Summed and then divided, because the mean over no rows would be NaN.
    total = F.cross_entropy(logits, labels, ignore_index=NO_LABEL, reduction="sum")
    return total / (labels != NO_LABEL).sum().clamp(min=1)
