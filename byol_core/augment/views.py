"""The two views of a batch: draw the parameters, apply them, say what was drawn.

Drawing and applying are apart so that the app shows exactly what the trainer does, and a seed repeats it.
The order of the operations is the paper's (Table 6 of arXiv 2006.07733), with the ones that it lacks beside their kin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from byol_core.augment import blur, colour, geometry, noise
from byol_core.augment.policy import AT_ONE, ViewPolicy

_NEVER = 2.0  # a solarise threshold that no pixel reaches


@dataclass(frozen=True)
class ViewParameters:
    """What was drawn for one view of ``n`` images; every tensor has ``n`` rows. None: the operation is off for all."""

    boxes: Tensor  # (n, 4) int64: top, left, height, width of the crop, pixels
    flip_horizontal: Tensor  # (n,) bool
    flip_vertical: Tensor  # (n,) bool
    degrees: Tensor | None  # (n,) counter-clockwise
    shift: Tensor | None  # (n, 2) right and down, shares of the side
    factors: Tensor | None  # (n, 4) brightness, contrast, saturation, hue
    order: Tensor | None  # (n, 4) the order of those four
    grey: Tensor | None  # (n,) bool
    sigma: Tensor | None  # (n,) pixels, 0: not blurred
    threshold: Tensor | None  # (n,) values at or over it are inverted
    noise: Tensor | None  # (n, 3, H, W) standard normal
    deviation: Tensor | None  # (n,) of the noise
    holes: Tensor | None  # (n, 4) int64: top, left, height, width of the cutout, pixels

    def to(self, device: torch.device | str) -> ViewParameters:
        """The same parameters on another device."""
        return replace(self, **{name: value.to(device) for name, value in vars(self).items() if value is not None})


def draw(
    policy: ViewPolicy, n: int, generator: torch.Generator, size: tuple[int, int], out: tuple[int, int] | None = None
) -> tuple[ViewParameters, ViewParameters]:
    """Draw both views of ``n`` images of ``size`` (H, W) on the generator's device; ``out`` is the views' size."""
    first, second = (_draw_one(policy, which, n, generator, size, out or size) for which in (0, 1))
    return first, second


def _draw_one(
    p: ViewPolicy, which: int, n: int, g: torch.Generator, size: tuple[int, int], out: tuple[int, int]
) -> ViewParameters:
    device = g.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=g, device=device)

    def chance(probability: float) -> Tensor:
        return torch.rand(n, generator=g, device=device) < probability

    boxes = geometry.draw_boxes(n, size, p["crop"], g)
    flip_h, flip_v = chance(min(0.5, p["flip_horizontal"] / 2)), chance(min(0.5, p["flip_vertical"] / 2))
    turn, move = AT_ONE["rotation"] * p["rotation"], AT_ONE["translation"] * p["translation"]
    warped = bool(turn or move)
    strengths = (p["brightness"], p["contrast"], p["saturation"], p["hue"])
    factors, order = colour.draw_jitter(n, strengths, p.jitter[which], g) if any(strengths) else (None, None)
    deviation = AT_ONE["noise"] * p["noise"]
    return ViewParameters(
        boxes=boxes,
        flip_horizontal=flip_h,
        flip_vertical=flip_v,
        degrees=uniform(-turn, turn) if warped else None,
        shift=uniform(-move, move, 2) if warped else None,
        factors=factors,
        order=order,
        grey=chance(min(1.0, colour.GREY_SHARE * p["greyscale"])) if p["greyscale"] else None,
        sigma=_sigma(p["blur"], uniform, chance(p.blur[which])) if p["blur"] and p.blur[which] else None,
        threshold=_threshold(p["solarise"], chance(p.solarise[which])) if p["solarise"] and p.solarise[which] else None,
        noise=torch.randn(n, 3, *out, generator=g, device=device) if deviation else None,
        deviation=torch.full((n,), deviation, device=device) if deviation else None,
        holes=_holes(AT_ONE["cutout"] * p["cutout"], out, uniform) if p["cutout"] else None,
    )


def _sigma(strength: float, uniform: Callable[..., Tensor], chosen: Tensor) -> Tensor:
    low, high = blur.SIGMA
    return uniform(low, low + (high - low) * strength) * chosen


def _threshold(strength: float, chosen: Tensor) -> Tensor:
    return torch.where(chosen, 1 - 0.5 * strength, _NEVER)


def _holes(share: float, size: tuple[int, int], uniform: Callable[..., Tensor]) -> Tensor:
    """Squares whose centre may lie anywhere in the picture, as in the cutout paper, cut off at the edge."""
    sides = [round(share * side) for side in size]
    corners = [(uniform(0, extent) - side / 2).floor().long() for extent, side in zip(size, sides, strict=True)]
    lengths = [torch.full_like(corners[0], side) for side in sides]
    return torch.stack([*corners, *lengths], 1)


def apply(images: Tensor, params: ViewParameters, size: tuple[int, int] | None = None) -> Tensor:
    """Make one view: images (B, 3, H, W) uint8, or float in [0, 1] -> (B, 3, h, w) float32 in [0, 1]."""
    if not images.is_floating_point():
        images = images.float().div_(255)
    size = size or (images.shape[2], images.shape[3])
    view = geometry.crop_resize(images, params.boxes, params.flip_horizontal, params.flip_vertical, size)
    if params.degrees is not None and params.shift is not None:
        view = geometry.rotate_shift(view, params.degrees, params.shift)
    if params.factors is not None and params.order is not None:
        view = colour.jitter(view, params.factors, params.order)
    if params.grey is not None:
        view = colour.greyscale(view, params.grey)
    if params.sigma is not None:
        view = blur.gaussian_blur(view, params.sigma)
    if params.threshold is not None:
        view = colour.solarise(view, params.threshold)
    if params.noise is not None and params.deviation is not None:
        view = noise.add_noise(view, params.noise, params.deviation)
    if params.holes is not None:
        view = noise.cutout(view, params.holes)
    return view


def make_views(
    images: Tensor, policy: ViewPolicy, generator: torch.Generator, size: tuple[int, int] | None = None
) -> tuple[Tensor, Tensor]:
    """Both views of a batch (B, 3, H, W); the generator must be on the images' device."""
    source = (images.shape[2], images.shape[3])
    first, second = draw(policy, len(images), generator, source, size)
    images = images.float().div_(255) if not images.is_floating_point() else images
    return apply(images, first, size), apply(images, second, size)


def describe(params: ViewParameters, i: int, size: tuple[int, int]) -> list[tuple[str, str]]:
    """What was drawn for image ``i`` of ``size`` (H, W), as names and words; what changed nothing is left out."""
    lines = list(_describe_geometry(params, i, size))
    lines += _describe_colour(params, i)
    if params.sigma is not None and params.sigma[i] > 0:
        lines.append(("blur", f"sigma {params.sigma[i]:.2f} px"))
    if params.threshold is not None and params.threshold[i] < _NEVER:
        lines.append(("solarise", f"from {params.threshold[i]:.2f}"))
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


def _describe_colour(params: ViewParameters, i: int) -> list[tuple[str, str]]:
    lines = []
    if params.factors is not None and params.order is not None:
        names = ("brightness", "contrast", "saturation", "hue")
        neutral = (1.0, 1.0, 1.0, 0.0)
        for which in params.order[i].tolist():
            value = float(params.factors[i, which])
            if value != neutral[which]:
                lines.append((names[which], f"{value:+.3f}" if which == colour.HUE else f"× {value:.2f}"))
    if params.grey is not None and params.grey[i]:
        lines.append(("greyscale", "yes"))
    return lines
