"""Everything that is measured of a set before its views are chosen, in a few seconds on two cores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.augment_fit import content
from byol_core.augment_fit.symmetry import SIDE, Symmetry, symmetries
from byol_core.data.mapped import take

SAMPLE = 1200  # images that are looked at: enough to tell a share of 0.1 from chance
FEWEST = 16  # of fewer nothing can be said
_CHUNK = 100
DETAIL_SIDE = 32  # the smaller side at which images are looked at for what they lose


@dataclass(frozen=True)
class Measures:
    """What was found. ``images``: how many were looked at. Shares are from 0 to 1.

    mirrored, upside_down, turned, shifted: whether such images are still like the set. colored: the share that is not
    gray. color_follows_shape: 0.5 where color says nothing of what an image shows, 1 where it always does. plain: the
    share of images with a plain border; fill, wander: of those, the share of the frame that the subject takes, and how
    far its middle moves. detail: the share of the edges that images of 32 pixels keep. noise: its standard deviation.
    """

    images: int
    mirrored: Symmetry
    upside_down: Symmetry
    turned: Symmetry
    shifted: Symmetry
    colored: float
    color_follows_shape: float
    plain: float
    fill: float
    wander: float
    detail: float
    noise: float


def measure(images: Tensor, rows: Tensor, pulse: Callable[[], None] = lambda: None) -> Measures | None:
    """Measure the images ``rows`` (n,) int64 of (N, 3, H, W) uint8, at most 1,200 of them; None of fewer than 16.

    ``pulse`` is called now and then, and may raise an exception to stop. The same images give the same figures.
    """
    if len(rows) < FEWEST:
        return None
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    rows = rows.cpu()[order[:SAMPLE]]
    small, detail, noise = _small(images, rows, pulse)
    with torch.no_grad():
        found = symmetries(small)
        pulse()
        plain, fill, wander = content.subject(small)
        return Measures(
            len(rows), **found,
            colored=content.colored(small), color_follows_shape=content.color_follows_shape(small),
            plain=plain, fill=fill, wander=wander, detail=detail, noise=noise,
        )  # fmt: skip


def _small(images: Tensor, rows: Tensor, pulse: Callable[[], None]) -> tuple[Tensor, float, float]:
    """The images at 32 pixels, and what only the images as they are show: their detail and their noise."""
    parts, details, noises = [], [], []
    for chunk in torch.split(rows, _CHUNK):
        whole = take(images, chunk).cpu().float() / 255
        details.append(content.detail_kept(whole, DETAIL_SIDE))
        noises.append(content.noise(whole))
        parts.append(F.interpolate(whole, (SIDE, SIDE), mode="bilinear", antialias=True))
        pulse()
    return torch.cat(parts), sum(details) / len(details), sum(noises) / len(noises)
