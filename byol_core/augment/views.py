"""The two views of a batch: draw the parameters, then apply them.

Drawing and applying are separate, so that the dashboard can show exactly what the trainer does, and a seed repeats it.
The order of the operations is the paper's (Table 6 of arXiv 2006.07733); those that the paper lacks are next to similar
ones.
"""

from __future__ import annotations

import torch
from torch import Tensor

from byol_core.augment import blur, color, fused, geometry, noise
from byol_core.augment.parameters import Size, ViewParameters, draw
from byol_core.augment.policy import ViewPolicy
from byol_core.errors import ArgumentError
from byol_core.system import checks


def make_views(
    images: Tensor,
    policy: ViewPolicy,
    generator: torch.Generator,
    size: Size | None = None,
    *,
    rows: slice | None = None,
    n: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Make both views of a batch (B, 3, H, W), uint8 or floats in [0, 1]; the generator must be on the device of the
    images.

    Raises ArgumentError if an argument has the wrong type, shape or range, or an image is not finite. If several
    processes share a batch, each draws for all ``n`` images of it and passes its own, which are ``rows`` of them, so
    that together they see what a single process would.
    """
    checks.pictures("images", images)
    _check(images, generator, rows, n)
    total = len(images) if n is None else n
    drawn = draw(policy, total, generator, (images.shape[2], images.shape[3]), size)
    if rows is not None:
        drawn = (drawn[0].rows(rows), drawn[1].rows(rows))
    if images.device.type != "cpu":
        images = _unit(images)  # converted once for both views
    return apply(images, drawn[0], size), apply(images, drawn[1], size)


def apply(images: Tensor, params: ViewParameters, size: Size | None = None) -> Tensor:
    """Make one view: images (B, 3, H, W) uint8, or float in [0, 1] -> (B, 3, h, w) float32 in [0, 1].

    Uses compiled code on the CPU, and tensor operations elsewhere and inside ``torch.compile``; the two agree to 1e-5.
    Raises ArgumentError if an argument has the wrong type or shape; values of floats are only checked on the CPU.
    """
    checks.pictures("images", images, look=checks.is_tensor(images) and checks.at_hand(images))
    _check_params(images, params)
    if size is not None:
        checks.sides("size", size)
    size = size or (images.shape[2], images.shape[3])
    if fused.serves(images):
        return fused.apply(images, params, size)
    return apply_by_tensors(images, params, size)


def apply_by_tensors(images: Tensor, params: ViewParameters, size: Size) -> Tensor:
    """The same as :func:`apply` with operations on the whole batch, on any device."""
    checks.pictures("images", images, look=False)
    _check_params(images, params)
    view = geometry.crop_resize(_unit(images), params.boxes, params.flip_horizontal, params.flip_vertical, size)
    if params.degrees is not None and params.shift is not None:
        view = geometry.rotate_shift(view, params.degrees, params.shift)
    if params.factors is not None and params.order is not None:
        view = color.jitter(view, params.factors, params.order)
    if params.gray is not None:
        view = color.grayscale(view, params.gray)
    if params.sigma is not None:
        view = blur.gaussian_blur(view, params.sigma)
    if params.threshold is not None:
        view = color.solarize(view, params.threshold)
    return noise.finish(view, params.noise, params.deviation, params.holes)


def _check(images: Tensor, generator: torch.Generator, rows: slice | None, n: int | None) -> None:
    checks.kind("generator", generator, torch.Generator, "a torch.Generator")
    if generator.device != images.device:
        raise ArgumentError(
            "'generator' should be on the images' device {device}, but is on {other}.",
            device=images.device,
            other=generator.device,
        )
    if n is not None:
        checks.whole("n", n)
    if rows is not None:
        checks.kind("rows", rows, slice, "a slice of the batch")
    taken = len(range(len(images) if n is None else n)[rows or slice(None)])
    if taken != len(images):
        raise ArgumentError(
            "'rows' and 'n' name {named} images, but there are {count}.", named=taken, count=len(images)
        )


def _check_params(images: Tensor, params: ViewParameters) -> None:
    checks.kind("params", params, ViewParameters, "the ViewParameters that draw gives")
    if len(images) != len(params):
        raise ArgumentError(
            "'params' are those of {drawn} images, but there are {count}.", drawn=len(params), count=len(images)
        )


def _unit(images: Tensor) -> Tensor:
    return images.float() if images.is_floating_point() else images.float().div_(255)
