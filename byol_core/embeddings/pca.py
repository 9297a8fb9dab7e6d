"""From vectors to places by PCA, and places turned so that they lie over others.

Vectors are first brought to length one: BYOL compares directions (arXiv 2006.07733, eq. 2), and so does the kNN that
evaluates a run, so a map, its neighbors and the accuracy all speak of the same geometry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from byol_core.embeddings.snapshot import Matrix

_ROWS = 8192  # at a time: the sums are in float64, the products of so many rows in float32


# Of all variance; what lies below is rounding, and points anywhere.
_LEAST = 1e-10


@dataclass(frozen=True, eq=False)
class Projection:
    """Places (n, 2) and how much of all variance each of the two axes holds (0 to 1)."""

    xy: Matrix
    shares: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Axes:
    """The directions of largest variance: ``mean`` (d,), ``axes`` (d, m), ``shares`` (m,) of all variance."""

    mean: Matrix
    axes: Matrix
    shares: Matrix

    def place(self, vectors: Matrix) -> Matrix:
        """Where vectors (n, d) lie along them, (n, m)."""
        placed: Matrix = ((vectors - self.mean) @ self.axes).astype(np.float32)
        return placed


def unit(vectors: Matrix) -> Matrix:
    """Every row at length one; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def is_collapsed(vectors: Matrix) -> bool:
    """Whether vectors of length one are all the same but for rounding, so that there is nothing to map."""
    centered = vectors - vectors.mean(0, dtype=np.float64).astype(np.float32)
    return bool(np.vdot(centered, centered) <= np.finfo(np.float32).eps * len(vectors))


def pca(vectors: Matrix) -> Projection:
    """The two directions of largest variance; each axis points to where its largest entry is, so that runs repeat."""
    found = axes_of(vectors, 2)
    xy = found.place(vectors)
    xy = np.pad(xy, ((0, 0), (0, 2 - xy.shape[1])))
    shares = np.pad(found.shares, (0, 2))
    return Projection(xy, (float(shares[0]), float(shares[1])))


def axes_of(vectors: Matrix, count: int) -> Axes:
    """The ``count`` directions (fewer where there are fewer) of largest variance, largest first; zeros when collapsed.

    Each points to where the entry that is largest along it lies.
    """
    n, d = vectors.shape
    mean = vectors.mean(0, dtype=np.float64).astype(np.float32)
    small = _products(vectors, mean)
    total = float(np.trace(small))
    if total <= np.finfo(np.float32).eps * n:  # collapsed: vectors of length one that are all the same
        return Axes(mean, np.zeros((d, min(count, d)), np.float32), np.zeros(min(count, d), np.float32))
    values, axes = _largest(small, count)
    if n < d:
        known = values > _LEAST * total
        axes = (vectors - mean).T @ np.where(known, axes, 0) / np.sqrt(np.where(known, values, 1))
    found = Axes(mean, axes.astype(np.float32), (np.maximum(values, 0) / total).astype(np.float32))
    along = found.place(vectors)
    found.axes[:, along[np.abs(along).argmax(0), np.arange(along.shape[1])] < 0] *= -1
    return found


def _products(vectors: Matrix, mean: Matrix) -> NDArray[np.float64]:
    """Of the columns with each other, or of the rows where there are fewer: the same eigenvalues either way."""
    n, d = vectors.shape
    if n < d:
        centered = (vectors - mean).astype(np.float64)
        rows: NDArray[np.float64] = centered @ centered.T
        return rows
    small = np.zeros((d, d))
    for begin in range(0, n, _ROWS):
        part = vectors[begin : begin + _ROWS] - mean
        small += part.T @ part
    return small


def _largest(small: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues and their vectors, largest first, without the hundreds that nobody asks for."""
    from scipy.linalg import eigh

    values, axes = eigh(small, subset_by_index=(max(0, len(small) - count), len(small) - 1))
    return values[::-1], axes[:, ::-1]


def aligned(xy: Matrix, to: Matrix) -> Matrix:
    """Places (n, 2), turned, mirrored and moved so that they lie over others (n, 2) as well as can be.

    Orthogonal Procrustes (Schönemann 1966): distances stay as they are, the scale with them. Rows that are not finite
    in either have no say.
    """
    both = np.isfinite(xy).all(1) & np.isfinite(to).all(1)
    if not both.any():
        return xy
    here, there = xy[both].mean(0), to[both].mean(0)
    left, _, right = np.linalg.svd((xy[both] - here).T.astype(np.float64) @ (to[both] - there))
    turned: Matrix = ((xy - here) @ (left @ right) + there).astype(np.float32)
    return turned
