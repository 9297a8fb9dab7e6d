"""Where the images are during training: on the training device, in memory, or in a memory-mapped file."""

from __future__ import annotations

import torch
from torch import Tensor

from byol_core.data.imageset import ImageSet

_DEVICE_SHARE = 0.5  # of a GPU's free memory; the rest is for training


def placed(images: ImageSet, where: str, device: torch.device) -> Tensor:
    """The images where training reads them: on the device, unless they are on disk or too large for it.

    ``where`` is ``runtime.images``: "memory" puts them on the device in any case.
    """
    if images.on_disk:
        return images.images
    if device.type == "cuda" and where != "memory":
        free, _ = torch.cuda.mem_get_info(device)
        if images.images.numel() > _DEVICE_SHARE * free:
            return images.images
    return images.images.to(device)
