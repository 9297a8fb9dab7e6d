"""Losses that distinguish an image from others: NT-Xent, InfoNCE, NCE, and the paper's bridge between them and BYOL."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.losses.precision import in_float32
from byol_core.losses.predictive import byol_loss


def _unit(rows: Tensor) -> Tensor:
    return F.normalize(rows, dim=1)


def _without_itself(similarity: Tensor) -> Tensor:
    """The square matrix with -inf on its diagonal, where an image would be compared with itself."""
    return similarity.masked_fill(torch.eye(len(similarity), dtype=torch.bool, device=similarity.device), -math.inf)


@in_float32
def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """SimCLR's loss: projections of the two views (B, D) each -> scalar >= 0, mean over the 2B anchors.

    -log( exp(s_ij / t) / sum_{k != i} exp(s_ik / t) ): j is the other view of i, k runs over all 2B rows
    (arXiv 2002.05709, eq. 1). ln(2B - 1) for vectors that are all alike.
    """
    rows = _unit(torch.cat([first, second]))
    logits = _without_itself(rows @ rows.T / temperature)
    # The other view of row i is B rows further on, around the end.
    other = torch.arange(len(rows), device=rows.device).roll(len(first))
    return F.cross_entropy(logits, other)


@in_float32
def info_nce(queries: Tensor, keys: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """MoCo's loss: queries and their keys (B, D), negatives (K, D) of unit length -> scalar >= 0, batch mean.

    -log( exp(q k / t) / (exp(q k / t) + sum over the negatives of exp(q n / t)) ) (arXiv 1911.05722, eq. 1).
    """
    queries, keys = _unit(queries), _unit(keys)
    # The positives and the negatives apart, without a matrix of all (B, K + 1) logits.
    positive = (queries * keys).sum(1) / temperature
    others = torch.logsumexp(queries @ negatives.T / temperature, 1)
    return (torch.logaddexp(positive, others) - positive).mean()


@in_float32
def nce(features: Tensor, own: Tensor, noise: Tensor, log_z: Tensor, images: int, temperature: float) -> Tensor:
    """Instance discrimination by noise-contrastive estimation (arXiv 1805.01978, eq. 4 to 7).

    Args:
        features: embeddings (B, D) of the images, normalized here.
        own: the memory bank's vectors (B, D) of the same images, of unit length.
        noise: the memory bank's vectors (m, D) of images drawn uniformly, of unit length; shared by the batch.
        log_z: logarithm of the normalizing constant, a scalar (:func:`estimate_log_z`).
        images: how many images the memory bank contains, so that the noise has probability 1 / images.
        temperature: divides the cosines; 0.07 in the paper.

    With P = exp(v f / t) / Z and h = P / (P + m / images): -log h of the own vector, minus log(1 - h) summed over the
    noise; mean over the batch. Both logarithms are log-sigmoids of log(P * images / m), which cannot overflow.
    """
    features = _unit(features)
    shift = log_z + math.log(len(noise) / images)
    positive = (features * own).sum(1) / temperature - shift
    negative = features @ noise.T / temperature - shift
    return -(F.logsigmoid(positive) + F.logsigmoid(-negative).sum(1)).mean()


@torch.no_grad()
@in_float32
def estimate_log_z(features: Tensor, noise: Tensor, images: int, temperature: float) -> Tensor:
    """log Z from features (B, D) and noise (m, D): images times the mean of exp(v f / t) (arXiv 1805.01978, eq. 8)."""
    logits = _unit(features) @ noise.T / temperature
    return torch.logsumexp(logits.flatten(), 0) + math.log(images / logits.numel())


@in_float32
def bridge_loss(q1: Tensor, q2: Tensor, t1: Tensor, t2: Tensor, beta: float, temperature: float) -> Tensor:
    """The paper's bridge between BYOL and a contrastive loss (arXiv 2006.07733, eq. 6), summed over both directions.

    Args:
        q1, q2: predictions (B, D) of the two views.
        t1, t2: target projections (B, D) of the two views.
        beta: weight of the negatives. 0 is exactly BYOL's loss; 1, without predictor and target, is 4 plus
            4 * temperature times NT-Xent.
        temperature: the paper's alpha; 0.3 is its best at beta 1 (Table 18).

    One direction is 2 - 2 mean S(v, v') + 2 alpha beta mean ln( sum_{j != i} e^{S(v_i, v_j) / alpha} + sum_j
    e^{S(v_i, v'_j) / alpha} ), where S is the cosine of a prediction and a target projection: the paper's, with the
    sign of a loss and BYOL's constant.
    """
    loss = byol_loss(q1, t2) + byol_loss(q2, t1)
    if beta == 0:
        return loss
    q1, q2, t1, t2 = (_unit(rows) for rows in (q1, q2, t1, t2))
    crowd = _log_sum(q1, t1, t2, temperature) + _log_sum(q2, t2, t1, temperature)
    return loss + 2 * temperature * beta * crowd


def _log_sum(anchors: Tensor, same_view: Tensor, other_view: Tensor, temperature: float) -> Tensor:
    """Mean over the anchors of ln sum exp(S / alpha), over all targets except the same view of the same image."""
    within = _without_itself(anchors @ same_view.T / temperature)
    across = anchors @ other_view.T / temperature
    return torch.logsumexp(torch.cat([within, across], 1), 1).mean()
