"""Describes the drawn parameters of an image in words."""

from __future__ import annotations

from byol_core.augment import color
from byol_core.augment.parameters import NEVER, ViewParameters
from byol_core.system import checks


def describe(params: ViewParameters, i: int, size: tuple[int, int]) -> list[tuple[str, str]]:
    """What was drawn for image ``i`` of ``size`` (H, W), as pairs of name and text.

    Operations without effect are omitted.
    """
    checks.kind("params", params, ViewParameters, "the ViewParameters that draw gives")
    checks.whole("i", i, 0, len(params) - 1)
    checks.sides("size", size)
    lines = list(_describe_geometry(params, i, size))
    lines += _describe_color(params, i)
    if params.sigma is not None and params.sigma[i] > 0:
        lines.append(("blur", f"sigma {params.sigma[i]:.2f} px"))
    if params.threshold is not None and params.threshold[i] < NEVER:
        lines.append(("solarize", f"from {params.threshold[i]:.2f}"))
    if params.deviation is not None:
        lines.append(("noise", f"± {params.deviation[i]:.2f}"))
    if params.holes is not None:
        lines.append(("cutout", f"{params.holes[i, 2]} × {params.holes[i, 3]} px"))
    return lines


def _describe_geometry(params: ViewParameters, i: int, size: tuple[int, int]) -> list[tuple[str, str]]:
    _, _, height, width = params.boxes[i].tolist()
    lines = []
    if (height, width) != size:
        lines.append(("crop", f"{height * width / (size[0] * size[1]):.0%} of the area"))
    mirrors = [
        word for word, on in (("left-right", params.flip_horizontal), ("up-down", params.flip_vertical)) if on[i]
    ]
    if mirrors:
        lines.append(("mirror", " and ".join(mirrors)))
    if params.degrees is not None and params.degrees[i] != 0:
        lines.append(("rotation", f"{params.degrees[i]:+.0f}°"))
    if params.shift is not None and params.shift[i].any():
        lines.append(("shift", f"{params.shift[i, 0]:+.0%} right, {params.shift[i, 1]:+.0%} down"))
    return lines


def _describe_color(params: ViewParameters, i: int) -> list[tuple[str, str]]:
    lines = []
    if params.factors is not None and params.order is not None:
        names = ("brightness", "contrast", "saturation", "hue")
        for which in params.order[i].tolist():
            value = float(params.factors[i, which])
            if value != color.NEUTRAL[which]:
                lines.append((names[which], f"{value:+.3f}" if which == color.HUE else f"× {value:.2f}"))
    if params.gray is not None and params.gray[i]:
        lines.append(("grayscale", "yes"))
    return lines
