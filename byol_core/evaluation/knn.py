"""Weighted kNN (arXiv 1805.01978): the k nearest of a bank vote with weight exp(cosine / T).

``knn_predict`` and ``knn_accuracy`` look at what they are given; ``knn_votes`` does not.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.errors import ArgumentError
from byol_core.system import checks

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
    """Classes (Q,) with the most votes, of queries (Q, D) and a bank (N, D) with labels (N,) from 0 to ``classes`` - 1.

    ArgumentError when an argument is of the wrong kind, shape or range, or a vector is not finite.
    """
    _check(bank, bank_labels, queries, k, temperature)
    checks.whole("classes", classes)
    checks.labels("bank_labels", bank_labels, len(bank), classes)
    if int(bank_labels.min()) < 0:
        raise ArgumentError("'bank_labels' should have a class for every row: leave out those without one.")
    return knn_votes(bank, bank_labels, queries, classes=classes, k=k, temperature=temperature).argmax(1)


def knn_accuracy(
    bank: Tensor, bank_labels: Tensor, queries: Tensor, labels: Tensor, *, k: int = 20, temperature: float = 0.1
) -> float | None:
    """Share of queries whose class is found; rows labeled -1 are left out. None when no labeled pair is left.

    The bank is (N, D) with labels (N,) int64, the queries (Q, D) with labels (Q,); k is cut to the labeled rows.
    ArgumentError when an argument is of the wrong kind, shape or range, or a vector is not finite.
    """
    _check(bank, bank_labels, queries, k, temperature)
    checks.labels("labels", labels, len(queries))
    checks.on_one_device(queries=queries, labels=labels)
    known, asked = bank_labels >= 0, labels >= 0
    if not known.any() or not asked.any():
        return None
    classes = int(bank_labels.max()) + 1
    votes = knn_votes(bank[known], bank_labels[known], queries[asked], classes=classes, k=k, temperature=temperature)
    return float((votes.argmax(1) == labels[asked]).float().mean())


def _check(bank: Tensor, bank_labels: Tensor, queries: Tensor, k: int, temperature: float) -> None:
    for name, vectors in (("bank", bank), ("queries", queries)):
        checks.rows(name, vectors, least=0, any_real=True)
        checks.finite(name, vectors)
    checks.as_long(bank=bank, queries=queries)
    checks.labels("bank_labels", bank_labels, len(bank))
    checks.on_one_device(bank=bank, bank_labels=bank_labels)
    checks.whole("k", k)
    checks.number("temperature", temperature, above=0)
