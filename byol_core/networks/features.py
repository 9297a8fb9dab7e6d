"""The representations of images, and the raw pixels that they are compared with.

Images go to the device in chunks, so the set may be larger than any memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.data.mapped import is_mapped, take
from byol_core.networks.encoder import Encoder

_CHUNK = 512  # images per forward pass
PIXEL_SIDE = 32  # the raw-pixel baseline compares images of at most this size


@torch.no_grad()
def represent(
    encoder: Encoder,
    images: Tensor,
    dtype: torch.dtype | None = None,
    pulse: Callable[[], None] = lambda: None,
    rows: Tensor | None = None,
) -> Tensor:
    """Representations (N, feature_dim) float32 of images (N, 3, H, W) uint8, in evaluation mode.

    The images may be on any device; the result is on that of the encoder. ``rows`` (n,) int64 selects images, None
    means all. ``dtype`` is the precision of the convolutions, None means float32. The mode of the encoder is restored.
    ``pulse`` is called after each chunk, and may raise an exception to stop.
    """
    was_training, device = encoder.training, next(encoder.parameters()).device
    encoder.eval()
    features = []
    with torch.autocast(device.type, dtype, enabled=dtype is not None):
        for chunk in _chunks(images, rows):
            pixels = chunk.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
            features.append(encoder(pixels).float())
            pulse()
    encoder.train(was_training)
    return torch.cat(features)


def pixels(images: Tensor, side: int = PIXEL_SIDE, rows: Tensor | None = None) -> Tensor:
    """The raw-pixel baseline: images (N, 3, H, W) uint8 -> (n, 3 * s * s) in [0, 1], s at most ``side``."""
    small = [
        F.interpolate(c.float(), (side, side), mode="bilinear", antialias=True) if c.shape[2] > side else c.float()
        for c in _chunks(images, rows)
    ]
    return torch.cat(small).flatten(1) / 255


def _chunks(images: Tensor, rows: Tensor | None) -> Iterator[Tensor]:
    """The selected images in chunks, on the device where they are."""
    if rows is None and not is_mapped(images):
        yield from torch.split(images, _CHUNK)
        return
    rows = torch.arange(len(images)) if rows is None else rows
    for part in torch.split(rows, _CHUNK):
        yield take(images, part)
