"""How far a map can be believed: trustworthiness and kNN preservation, two numbers from 0 to 1.

Trustworthiness (Venna & Kaski 2001, as in scikit-learn) falls with every neighbor on the map that is far away in the
full space: 1 when there is none, about 0.5 for points thrown at random. kNN preservation is the share of an image's
nearest in the full space that are among its nearest on the map; at random, k / n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from byol_core.embeddings.neighbors import closest
from byol_core.embeddings.pca import is_collapsed
from byol_core.embeddings.snapshot import Matrix

NEIGHBORS = 15
# Of more images than MOST, some are drawn: two digits do not change.
MOST, DRAWN = 3000, 1000
_FEWEST = 4
_ROWS = 512  # at a time: bounds the memory of the distances


@dataclass(frozen=True)
class Quality:
    """``trust`` and ``kept``, 0 to 1; ``looked_at``: images that they speak of.

    Both are NaN for fewer than four images, and when the vectors of all are the same.
    """

    trust: float
    kept: float
    looked_at: int


def quality(vectors: Matrix, xy: Matrix, k: int = NEIGHBORS) -> Quality:
    """Compare neighborhoods of k images among vectors (n, d) of length one with those among their places (n, 2)."""
    n = len(xy)
    k = min(k, (n - 1) // 2)
    if n < _FEWEST or not np.isfinite(xy).all() or is_collapsed(vectors):
        return Quality(float("nan"), float("nan"), 0)
    rows = np.arange(n)
    if n > MOST:
        rows = np.sort(np.random.default_rng(0).choice(n, min(n, DRAWN), replace=False))
    parts = [_compare(vectors, xy, rows[begin : begin + _ROWS], k) for begin in range(0, len(rows), _ROWS)]
    penalty, kept = (sum(values) for values in zip(*parts, strict=True))
    trust = 1 - 2 * penalty / (len(rows) * k * (2 * n - 3 * k - 1))
    return Quality(float(trust), float(kept / (len(rows) * k)), len(rows))


def _compare(vectors: Matrix, xy: Matrix, rows: NDArray[np.int64], k: int) -> tuple[float, int]:
    """How far beyond k the map's neighbors of these rows rank in the full space, and how many rank within."""
    full = 1 - vectors[rows] @ vectors.T
    flat = np.square(xy[rows, None, 0] - xy[None, :, 0]) + np.square(xy[rows, None, 1] - xy[None, :, 1])
    for distances in (full, flat):
        distances[np.arange(len(rows)), rows] = np.inf
    near = closest(flat, k)
    there = np.take_along_axis(full, near, 1)
    ranks = np.stack([(full < there[:, [place]]).sum(1) + 1 for place in range(k)], 1)
    return float(np.maximum(ranks - k, 0).sum()), int((ranks <= k).sum())
