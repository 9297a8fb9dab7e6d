"""Checks whether weights from a file can belong to a network at all."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from byol_core.messages import Message


def unusable(weights: Mapping[str, Tensor]) -> str:
    """What is wrong with the weights, to continue "The weights of ..."; empty if they are finite and plausible.

    A negative running variance gives NaN wherever its norm is used, and a deviation of 0 or less breaks or inverts the
    normalization of the images.
    """
    for name, value in weights.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            return Message("hold values that are no finite numbers, in '{name}'", name=name)
        if name.endswith("running_var") and value.numel() and float(value.min()) < 0:
            return Message("hold a negative variance, in '{name}'", name=name)
        if name.rpartition(".")[2] == "deviation" and value.numel() and float(value.min()) <= 0:
            return Message("hold a deviation of the images that is not above 0, in '{name}'", name=name)
    return ""
