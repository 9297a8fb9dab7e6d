"""One of two processes that share a batch: ``python one_of_two_ranks.py RANK FOLDER``, or alone with the rank -1.

Every objective, with encoder and heads that have no batch norm, takes two steps on its half of the batch; losses,
gradients and buffers go to ``FOLDER/RANK.pt``, averaged over the processes as DDP does.
"""

import sys
from pathlib import Path
from typing import get_args

import torch
from torch import distributed as dist
from torch import nn

from byol_core.config import build
from byol_core.config.method import Objective
from byol_core.methods import Method, Views, build_method

SMALL = {
    "network.projector_hidden": 24,
    "network.predictor_hidden": 16,
    "network.projection_size": 12,
    "network.head_norm": "none",
    "method.negatives": 20,
    "batch_size": 8,
    "data.image_size": 8,
}


def made(objective: str) -> Method:
    torch.manual_seed(0)
    method = build_method(build({}, {**SMALL, "method.objective": objective}), images=12, classes=3)
    for branch in method.branches():
        torch.manual_seed(1)
        branch.encoder = nn.Sequential(nn.Flatten(), nn.Linear(192, 128), nn.Tanh())
    return method.double()


def average(value: torch.Tensor) -> torch.Tensor:
    if dist.is_initialized():
        dist.all_reduce(value)
        value /= dist.get_world_size()
    return value


def steps(objective: str, rank: int) -> dict[str, torch.Tensor]:
    method, found = made(objective), {}
    mine = slice(None) if rank < 0 else slice(4 * rank, 4 * rank + 4)
    generator = torch.Generator().manual_seed(2)
    for step in range(2):
        views = torch.rand(2, 8, 3, 8, 8, generator=generator, dtype=torch.float64)
        indices = torch.randperm(12, generator=generator)[:8]
        labels = torch.tensor([0, -1, 2, 1, -1, -1, -1, 2])  # unequally many on either side
        method.zero_grad()
        loss = method(Views(views[0, mine], views[1, mine], indices[mine], labels[mine]))
        loss.backward()
        found[f"loss {step}"] = average(loss.detach().clone())
        for name, p in method.named_parameters():
            if p.grad is not None:
                found[f"{name} {step}"] = p.grad = average(p.grad)
        with torch.no_grad():
            for p in method.parameters():
                if p.grad is not None:
                    p -= 0.1 * p.grad
        method.update_target(0.5)
    return {**found, **dict(method.named_buffers())}


def main(rank: int, folder: Path) -> None:
    if rank >= 0:
        dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.save({objective: steps(objective, rank) for objective in get_args(Objective)}, folder / f"{rank}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), Path(sys.argv[2]))
    if dist.is_initialized():
        dist.destroy_process_group()
