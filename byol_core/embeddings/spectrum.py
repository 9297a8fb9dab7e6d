"""The singular spectra that a run kept beside its representations; runs of earlier releases have none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from byol_core.embeddings.snapshot import Evaluation, Snapshot, tensors
from byol_core.errors import LabError

PREFIX = "spectrum_"


def read_spectrum(snapshot: Snapshot, evaluation: Evaluation, space: str) -> NDArray[np.float32] | None:
    """Singular values, divided by the largest, of the ``representation`` or the ``projection`` at one evaluation.

    None where the run kept none; LabError when the file is missing or damaged.
    """
    name = PREFIX + space
    kept = tensors(snapshot.folder / evaluation.file, name)
    if name not in kept:
        return None
    values: NDArray[np.float32] = kept[name].astype(np.float32)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise LabError("The spectrum in '{file}' cannot be read: the vectors were not finite.", file=evaluation.file)
    return values
