"""What the processes of one run tell each other: a value, a flag, a mean, rows with their gradient.

Each is the identity in a run of one process.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist


def share(value: Any) -> Any:
    """Rank 0's value, on every rank: anything that can be pickled, and it comes from our own process only."""
    if not dist.is_initialized():
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    return box[0]


def agree(flag: bool) -> bool:
    """Rank 0's flag, on every rank: cheap enough for every step, and it waits for no accelerator."""
    if not dist.is_initialized():
        return flag
    box = torch.tensor([flag], dtype=torch.uint8)
    dist.broadcast(box, src=0)
    return bool(box.item())


def meet() -> None:
    """Fail at once when a rank has died, and before anything waits for a device that waits for that rank."""
    agree(False)


def mean(value: Tensor) -> Tensor:
    """The mean of a scalar over the ranks, for the log."""
    if not dist.is_initialized():
        return value
    value = value.clone()
    dist.all_reduce(value)
    return value / dist.get_world_size()


def gather(rows: Tensor) -> Tensor:
    """The rows (B, D) of every rank in order, (B * ranks, D), with gradient; the rows themselves in one process.

    Its gradient sums what every rank's loss asks of these rows. With the mean over the ranks that DDP takes, that is
    the gradient of the loss of the whole batch.
    """
    if not dist.is_initialized():
        return rows
    gathered: Tensor = _Gather.apply(rows)
    return gathered


class _Gather(torch.autograd.Function):
    """All ranks' rows; the gradient of ours is the sum of what every rank asks of them."""

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        """Collect the rows of all processes, in the order of their ranks."""
        everybody = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(everybody, rows.contiguous())
        return torch.cat(everybody)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        """Sum over the ranks, and keep the part that is ours."""
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient.chunk(dist.get_world_size())[dist.get_rank()]
