"""What a set shows: color, a subject on a plain ground, detail, noise."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.augment_fit.descriptors import described, edges, filtered, gray

_CHROMA = 0.02  # of an image whose channels differ by less nothing is colored
_PLAIN = 0.25  # a border is plain when it varies by less than this share of the image
_FIGURE = 0.2  # pixels that differ from the border by more than this share of the range belong to the subject
_ANOTHER = 97  # how far away in the sample the image is that stands for any other


def colored(images: Tensor) -> float:
    """The share of images (n, 3, s, s) that are not gray."""
    chroma = images.amax(1) - images.amin(1)
    return float((chroma.mean((1, 2)) > _CHROMA).float().mean())


def color_follows_shape(images: Tensor) -> float:
    """How often the image with the most similar shapes also has the more similar colors than any other: 0.5 is chance.

    High where color goes with what an image shows, so that it tells images apart.
    """
    light = gray(images).expand(-1, 3, -1, -1)
    light = (light - light.mean((2, 3), keepdim=True)) / light.std((2, 3), keepdim=True).clamp(min=0.02)
    shape = torch.cat([described(edges, light), F.normalize(described(filtered, light), dim=1)], 1)
    near = torch.cdist(shape, shape).fill_diagonal_(torch.inf).argmin(1)
    tint = _tint(images)
    other = torch.arange(len(images)).roll(_ANOTHER % len(images) or 1)
    closer = (tint - tint[near]).norm(dim=1) - (tint - tint[other]).norm(dim=1)
    return float((closer < 0).float().mean() + (closer == 0).float().mean() / 2)


def _tint(images: Tensor) -> Tensor:
    """The mean color of an image without its brightness (n, 2)."""
    red, green, blue = images.mean((2, 3)).unbind(1)
    return torch.stack([red - green, (red + green) / 2 - blue], 1)


def subject(images: Tensor) -> tuple[float, float, float]:
    """Of images (n, 3, s, s): the share with a plain border, and in those, the share of the frame that the box around
    the subject takes, and the standard deviation of its middle as a share of the side.
    """
    side = images.shape[2]
    border = torch.cat([images[:, :, 0], images[:, :, -1], images[:, :, :, 0], images[:, :, :, -1]], 2)
    ground = border.median(2).values[:, :, None, None]
    varies = (images - ground).square().mean((1, 2, 3)).sqrt()
    plain = (border - ground[..., 0]).square().mean((1, 2)).sqrt() < _PLAIN * varies
    if not bool(plain.any()):
        return 0.0, 1.0, 0.0
    apart = (images - ground)[plain].abs().amax(1)
    figure = apart > _FIGURE * apart.amax((1, 2), keepdim=True)
    boxes = [_extent(figure.any(dim).float(), side) for dim in (1, 2)]
    fill = (boxes[0][0] * boxes[1][0]).mean()
    middle = torch.stack([boxes[0][1], boxes[1][1]]).std(1).mean() if int(plain.sum()) > 1 else torch.zeros(())
    return float(plain.float().mean()), float(fill), float(middle)


def _extent(there: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Length and middle of what is there along a line (n, side), as shares of it."""
    at = torch.arange(side, dtype=there.dtype)
    first = torch.where(there > 0, at, torch.full_like(at, side)).amin(1)
    last = torch.where(there > 0, at, torch.full_like(at, -1)).amax(1)
    return (last - first + 1) / side, (last + first + 1) / (2 * side)


def detail_kept(images: Tensor, side: int) -> float:
    """The share of the edges of images (n, 3, s, s) that is left when they are made as small as ``side``: 1 for images
    that were enlarged from it."""
    if images.shape[2] <= side:
        return 1.0
    light = gray(images)
    small = F.interpolate(light, (side, side), mode="bicubic", antialias=True)
    back = F.interpolate(small, light.shape[2:], mode="bicubic")
    return min(1.0, float(_slope(back) / _slope(light).clamp(min=1e-9)))


def _slope(light: Tensor) -> Tensor:
    return light.diff(dim=2).square().mean() + light.diff(dim=3).square().mean()


def noise(images: Tensor) -> float:
    """The standard deviation of the noise: Immerkær, Computer Vision and Image Understanding 64(2), 1996.

    The median over the images, so that a few busy ones do not count as noisy.
    """
    kernel = torch.tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])[None, None]
    answers = F.conv2d(gray(images), kernel).abs().flatten(1).median(1).values
    return float(answers.median() / (6 * 0.6745))
