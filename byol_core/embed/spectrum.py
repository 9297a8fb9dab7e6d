"""The singular spectra that a run kept beside its representations; runs of earlier releases have none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from byol_core.embed.probe import Evaluation, Probe
from byol_core.errors import LabError

PREFIX = "spectrum_"


def read_spectrum(probe: Probe, evaluation: Evaluation, space: str) -> NDArray[np.float32] | None:
    """Singular values, divided by the largest, of the ``representation`` or the ``projection`` at one evaluation.

    None where the run kept none; LabError when the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    name = PREFIX + space
    try:
        with safe_open(probe.folder / evaluation.file, framework="numpy") as file:
            if name not in file.keys():  # noqa: SIM118 - not a mapping
                return None
            values: NDArray[np.float32] = file.get_tensor(name).astype(np.float32)
    except (OSError, SafetensorError):
        raise LabError(f"The file '{evaluation.file}' of this run is missing or damaged.") from None
    if values.ndim != 1 or not np.isfinite(values).all():
        raise LabError(f"The spectrum in '{evaluation.file}' cannot be read: the vectors were not finite.")
    return values
