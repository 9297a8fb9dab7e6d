"""The two views of a batch: draw the parameters, apply them.

Drawing and applying are apart so that the app shows exactly what the trainer does, and a seed repeats it.
The order of the operations is the paper's (Table 6 of arXiv 2006.07733), with the ones that it lacks beside their kin.
"""

from __future__ import annotations

import torch
from torch import Tensor

from byol_core.augment import blur, colour, fused, geometry, noise
from byol_core.augment.parameters import Size, ViewParameters, draw
from byol_core.augment.policy import ViewPolicy


def make_views(
    images: Tensor,
    policy: ViewPolicy,
    generator: torch.Generator,
    size: Size | None = None,
    *,
    rows: slice | None = None,
    n: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Both views of a batch (B, 3, H, W); the generator must be on the images' device.

    Where several processes share a batch, each draws for all ``n`` images of it and gives its own, which are ``rows``
    of them: together they see what one process would.
    """
    total = len(images) if n is None else n
    drawn = draw(policy, total, generator, (images.shape[2], images.shape[3]), size)
    if rows is not None:
        drawn = (drawn[0].rows(rows), drawn[1].rows(rows))
    if images.device.type != "cpu":
        images = _unit(images)  # once for both views
    return apply(images, drawn[0], size), apply(images, drawn[1], size)


def apply(images: Tensor, params: ViewParameters, size: Size | None = None) -> Tensor:
    """Make one view: images (B, 3, H, W) uint8, or float in [0, 1] -> (B, 3, h, w) float32 in [0, 1].

    On the CPU by compiled code, elsewhere and inside ``torch.compile`` by tensor operations; the two agree to 1e-5.
    """
    if len(images) != len(params):
        raise ValueError(f"parameters of {len(params)} images for {len(images)} images")
    size = size or (images.shape[2], images.shape[3])
    if fused.serves(images):
        return fused.apply(images, params, size)
    return apply_by_tensors(images, params, size)


def apply_by_tensors(images: Tensor, params: ViewParameters, size: Size) -> Tensor:
    """What :func:`apply` does, as operations on the whole batch, on any device."""
    view = geometry.crop_resize(_unit(images), params.boxes, params.flip_horizontal, params.flip_vertical, size)
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
    return noise.finish(view, params.noise, params.deviation, params.holes)


def _unit(images: Tensor) -> Tensor:
    return images.float() if images.is_floating_point() else images.float().div_(255)
