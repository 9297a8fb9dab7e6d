"""Where the images of a set lie during a training: on its device, in memory, or in a file that is mapped."""

from __future__ import annotations

import torch
from torch import Tensor

from byol_core.data.imageset import ImageSet

_DEVICE_SHARE = 0.5  # of a GPU's free memory; the other half is for the training


def placed(images: ImageSet, where: str, device: torch.device) -> Tensor:
    """The images where the training takes them from: on the device, unless they stream from a file or are too large.

    ``where`` is ``runtime.images``: "memory" asks for the device at any rate.
    """
    if images.on_disk:
        return images.images
    if device.type == "cuda" and where != "memory":
        free, _ = torch.cuda.mem_get_info(device)
        if images.images.numel() > _DEVICE_SHARE * free:
            return images.images
    return images.images.to(device)
