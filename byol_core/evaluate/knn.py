"""Weighted kNN (arXiv 1805.01978): the k nearest of a bank vote with weight exp(cosine / T)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

_CHUNK = 2048  # queries at a time: bounds the memory of the similarities


def knn_votes(
    bank: Tensor,
    bank_labels: Tensor,
    queries: Tensor,
    *,
    classes: int,
    k: int = 20,
    temperature: float = 0.1,
    itself: Tensor | None = None,
) -> Tensor:
    """Each class's share of the votes (Q, classes) for queries (Q, D), from a bank (N, D) with labels (N,).

    k is at most N; cosines are in float32. ``itself``: (Q,) the place of each query in the bank, where it does not vote
    for itself, -1 for those that are not in it.
    """
    unit = F.normalize(bank.float(), dim=1)
    k = min(k, len(bank) - (itself is not None))
    answers = []
    for place, chunk in enumerate(torch.split(queries, _CHUNK)):
        cosine = F.normalize(chunk.float(), dim=1) @ unit.T
        if itself is not None:
            mine = itself[place * _CHUNK : place * _CHUNK + len(chunk)]
            cosine[mine >= 0, mine[mine >= 0]] = -2.0  # less than any cosine
        cosine, nearest = cosine.topk(k, dim=1)
        votes = torch.zeros(len(chunk), classes, device=bank.device)
        # Relative to the nearest, which changes no vote: exp(1 / T) alone overflows at a small temperature.
        votes.scatter_add_(1, bank_labels[nearest], torch.exp((cosine - cosine[:, :1]) / temperature))
        answers.append(votes / votes.sum(1, keepdim=True))
    return torch.cat(answers)


def knn_predict(
    bank: Tensor, bank_labels: Tensor, queries: Tensor, *, classes: int, k: int = 20, temperature: float = 0.1
) -> Tensor:
    """Classes (Q,) with the most votes."""
    return knn_votes(bank, bank_labels, queries, classes=classes, k=k, temperature=temperature).argmax(1)


def knn_accuracy(
    bank: Tensor, bank_labels: Tensor, queries: Tensor, labels: Tensor, *, k: int = 20, temperature: float = 0.1
) -> float | None:
    """Share of queries whose class is found; rows labelled -1 are left out. None when no labelled pair is left."""
    known, asked = bank_labels >= 0, labels >= 0
    if not known.any() or not asked.any():
        return None
    classes = int(bank_labels.max()) + 1
    answer = knn_predict(bank[known], bank_labels[known], queries[asked], classes=classes, k=k, temperature=temperature)
    return float((answer == labels[asked]).float().mean())
