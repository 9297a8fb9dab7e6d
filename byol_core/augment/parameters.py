"""The parameters of two views, and how they are drawn.

Every image uses the same number of random numbers, whatever is switched on; each operation has its own, and all are
drawn in one call. Therefore, switching an operation on or up does not change any other (which the Augment page relies
on), an accelerator runs a single generator kernel, and a seed reproduces everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from byol_core.augment import blur, color, geometry
from byol_core.augment.policy import AT_ONE, Pair, ViewPolicy
from byol_core.system import checks

NEVER = 2.0  # a solarize threshold that no pixel reaches
# How many random numbers from U(0, 1) each operation uses per image.
_NUMBERS = {
    "crop": geometry.BOX_NUMBERS,
    "mirror": 2,
    "warp": 3,
    "jitter": 1 + color.JITTER_NUMBERS,
    "grayscale": 1,
    "blur": 2,
    "solarize": 1,
    "cutout": 2,
}
Size = tuple[int, int]


@dataclass(frozen=True)
class ViewParameters:
    """What was drawn for one view of ``n`` images.

    Every tensor has ``n`` rows, and None means that an operation is off.
    """

    boxes: Tensor  # (n, 4) int64: top, left, height, width of the crop, pixels
    flip_horizontal: Tensor  # (n,) bool
    flip_vertical: Tensor  # (n,) bool
    degrees: Tensor | None  # (n,) counter-clockwise
    shift: Tensor | None  # (n, 2) right and down, shares of the side
    factors: Tensor | None  # (n, 4) brightness, contrast, saturation, hue
    order: Tensor | None  # (n, 4) the order of those four
    gray: Tensor | None  # (n,) bool
    sigma: Tensor | None  # (n,) pixels, 0: not blurred
    threshold: Tensor | None  # (n,) values at or over it are inverted
    noise: Tensor | None  # (n, 3, H, W) standard normal
    deviation: Tensor | None  # (n,) of the noise
    holes: Tensor | None  # (n, 4) int64: top, left, height, width of the cutout, pixels

    def __len__(self) -> int:
        return len(self.boxes)

    def to(self, device: torch.device | str) -> ViewParameters:
        """The same parameters on another device."""
        return replace(self, **{name: value.to(device) for name, value in vars(self).items() if value is not None})

    def rows(self, index: slice | Tensor) -> ViewParameters:
        """The parameters of some of the images: the same rows of every tensor."""
        return replace(self, **{name: value[index] for name, value in vars(self).items() if value is not None})


def draw(
    policy: ViewPolicy, n: int, generator: torch.Generator, size: Size, out: Size | None = None
) -> tuple[ViewParameters, ViewParameters]:
    """Draw both views of ``n`` images of ``size`` (H, W) on the generator's device; ``out`` is the size of the views.

    Raises ArgumentError if an argument has the wrong type or range.
    """
    checks.kind("policy", policy, ViewPolicy, "a ViewPolicy, as resolve(ViewsConfig()) gives it")
    checks.kind("generator", generator, torch.Generator, "a torch.Generator")
    checks.whole("n", n, 0)
    checks.sides("size", size)
    if out is not None:
        checks.sides("size of the views", out)
    out = out or size
    device = generator.device
    block = torch.rand(sum(_NUMBERS.values()), 2 * n, generator=generator, device=device)
    u = dict(zip(_NUMBERS, torch.split(block, list(_NUMBERS.values())), strict=True))
    both = _both(policy, u, size, out)
    deviation = AT_ONE["noise"] * policy["noise"]
    if deviation:  # drawn last, so that switching it on does not change the other operations
        noise = torch.randn(2 * n, 3, *out, generator=generator, device=device)
        both = replace(both, noise=noise, deviation=torch.full((2 * n,), deviation, device=device))
    first, second = both.rows(slice(None, n)), both.rows(slice(n, None))
    return _without_what_never_happens(first, policy, 0), _without_what_never_happens(second, policy, 1)


def _both(p: ViewPolicy, u: dict[str, Tensor], size: Size, out: Size) -> ViewParameters:
    """Everything except the noise, for the first view of every image and then for the second."""
    left_right, up_down = u["mirror"]
    turn, move = AT_ONE["rotation"] * p["rotation"], AT_ONE["translation"] * p["translation"]
    strengths = (p["brightness"], p["contrast"], p["saturation"], p["hue"])
    jittered = _chance(u["jitter"][0], p.jitter)
    factors, order = color.draw_jitter(u["jitter"][1:], strengths, jittered) if any(strengths) else (None, None)
    spread = 2 * u["warp"] - 1 if turn or move else None
    return ViewParameters(
        boxes=geometry.draw_boxes(u["crop"], size, p["crop"]),
        flip_horizontal=left_right < min(0.5, p["flip_horizontal"] / 2),
        flip_vertical=up_down < min(0.5, p["flip_vertical"] / 2),
        degrees=turn * spread[0] if spread is not None else None,
        shift=move * spread[1:].t() if spread is not None else None,
        factors=factors,
        order=order,
        gray=u["grayscale"][0] < min(1.0, color.GRAY_SHARE * p["grayscale"]) if p["grayscale"] else None,
        sigma=_sigma(p["blur"], u["blur"], p.blur) if p["blur"] else None,
        threshold=_threshold(p["solarize"], u["solarize"], p.solarize) if p["solarize"] else None,
        noise=None,
        deviation=None,
        holes=_holes(AT_ONE["cutout"] * p["cutout"], out, u["cutout"]) if p["cutout"] else None,
    )


def _chance(uniform: Tensor, probability: Pair) -> Tensor:
    """Whether it happens, (2n,) bool: the first half with the probability of view 1, the second with that of view 2."""
    if probability[0] == probability[1]:
        return uniform < probability[0]
    return torch.cat([half < share for half, share in zip(uniform.chunk(2), probability, strict=True)])


def _sigma(strength: float, uniform: Tensor, probability: Pair) -> Tensor:
    low, high = blur.SIGMA
    return (low + (high - low) * strength * uniform[1]) * _chance(uniform[0], probability)


def _threshold(strength: float, uniform: Tensor, probability: Pair) -> Tensor:
    return NEVER - (NEVER - (1 - 0.5 * strength)) * _chance(uniform[0], probability)


def _holes(share: float, size: Size, uniform: Tensor) -> Tensor:
    """Squares whose center may be anywhere in the image, as in the cutout paper; they are clipped at the edge."""
    sides = [round(share * side) for side in size]
    corners = [(u * extent - side / 2).floor().long() for u, extent, side in zip(uniform, size, sides, strict=True)]
    return torch.stack([*corners, *(torch.full_like(corners[0], side) for side in sides)], 1)


def _without_what_never_happens(view: ViewParameters, p: ViewPolicy, which: int) -> ViewParameters:
    """Switch an operation off in a view in which its probability is zero."""
    sigma = view.sigma if p.blur[which] else None
    return replace(view, sigma=sigma, threshold=view.threshold if p.solarize[which] else None)
