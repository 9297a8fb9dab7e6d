"""Describes the drawn parameters of an image in words."""

from __future__ import annotations

from byol_core.augment import color
from byol_core.augment.parameters import NEVER, ViewParameters
from byol_core.messages import Listing, Message
from byol_core.system import checks

MIRRORS = (Message("left-right"), Message("up-down"))
JITTERED = (Message("brightness"), Message("contrast"), Message("saturation"), Message("hue"))


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
        lines.append((Message("blur"), Message("sigma {sigma:.2f} px", sigma=float(params.sigma[i]))))
    if params.threshold is not None and params.threshold[i] < NEVER:
        lines.append((Message("solarize"), Message("from {threshold:.2f}", threshold=float(params.threshold[i]))))
    if params.deviation is not None:
        lines.append((Message("noise"), f"± {params.deviation[i]:.2f}"))
    if params.holes is not None:
        lines.append((Message("cutout"), f"{params.holes[i, 2]} × {params.holes[i, 3]} px"))
    return lines


def _describe_geometry(params: ViewParameters, i: int, size: tuple[int, int]) -> list[tuple[str, str]]:
    _, _, height, width = params.boxes[i].tolist()
    lines: list[tuple[str, str]] = []
    if (height, width) != size:
        lines.append((Message("crop"), Message("{share:.0%} of the area", share=height * width / (size[0] * size[1]))))
    mirrors = [word for word, on in zip(MIRRORS, (params.flip_horizontal, params.flip_vertical), strict=True) if on[i]]
    if mirrors:
        lines.append((Message("mirror"), Listing(mirrors, "and")))
    if params.degrees is not None and params.degrees[i] != 0:
        lines.append((Message("rotation"), f"{params.degrees[i]:+.0f}°"))
    if params.shift is not None and params.shift[i].any():
        right, down = params.shift[i].tolist()
        lines.append((Message("shift"), Message("{right:+.0%} right, {down:+.0%} down", right=right, down=down)))
    return lines


def _describe_color(params: ViewParameters, i: int) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if params.factors is not None and params.order is not None:
        for which in params.order[i].tolist():
            value = float(params.factors[i, which])
            if value != color.NEUTRAL[which]:
                lines.append((JITTERED[which], f"{value:+.3f}" if which == color.HUE else f"× {value:.2f}"))
    if params.gray is not None and params.gray[i]:
        lines.append((Message("grayscale"), Message("yes")))
    return lines
