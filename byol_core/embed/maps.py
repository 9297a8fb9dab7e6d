"""From vectors to places on a map, and from an image to those most like it.

Vectors are first brought to length one: BYOL compares directions (arXiv 2006.07733, eq. 2), and so does the kNN that
judges a run, so a map, its neighbours and the accuracy all speak of the same geometry.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from byol_core.embed.probe import Matrix
from byol_core.errors import LabError

# Below this UMAP has no neighbourhoods to speak of, and its spectral start fails.
FEWEST_FOR_UMAP = 8


@dataclass(frozen=True)
class UmapSettings:
    """What a UMAP depends on. Few neighbours show detail, many show the whole; the seed makes it the same again."""

    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 0

    def as_dict(self) -> dict[str, float]:
        """Plain values, for a key or a command line."""
        return asdict(self)


@dataclass(frozen=True)
class Projection:
    """Places (n, 2) and how much of all variance each of the two axes holds (0 to 1)."""

    xy: Matrix
    shares: tuple[float, float]


def unit(vectors: Matrix) -> Matrix:
    """Every row at length one; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def pca(vectors: Matrix) -> Projection:
    """The two directions of largest variance; each axis points to where its largest entry is, so that runs repeat."""
    n, d = vectors.shape
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    small = centred.T @ centred if d <= n else centred @ centred.T  # the same eigenvalues either way
    total = float(np.trace(small))
    if total <= np.finfo(np.float32).eps * n:  # collapsed: vectors of length one that are all the same
        return Projection(np.zeros((n, 2), np.float32), (0.0, 0.0))
    values, axes = _largest_two(small)
    xy = centred @ axes if d <= n else axes * np.sqrt(np.maximum(values, 0))
    xy = np.pad(xy, ((0, 0), (0, 2 - xy.shape[1])))
    xy *= np.where(xy[np.abs(xy).argmax(0), [0, 1]] < 0, -1.0, 1.0)
    first, second = (float(value) / total for value in np.pad(values, (0, 2))[:2])
    return Projection(xy.astype(np.float32), (first, second))


def _largest_two(small: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two largest eigenvalues and their vectors, largest first, without the hundreds that nobody asks for."""
    if len(small) <= 16:
        values, axes = np.linalg.eigh(small)
    else:
        from scipy.sparse.linalg import eigsh

        values, axes = eigsh(small, k=2, v0=np.ones(len(small)))
    return values[::-1][:2], axes[:, ::-1][:, :2]


def umap_map(vectors: Matrix, settings: UmapSettings, progress: Callable[[float], None] | None = None) -> Matrix:
    """UMAP (arXiv 1802.03426) by cosine, on one core because a seed allows no more; ``progress`` gets 0 to 1."""
    n = len(vectors)
    if n < FEWEST_FOR_UMAP:
        raise LabError(f"UMAP needs at least {FEWEST_FOR_UMAP} images, and here are {n}; PCA works with any number.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # umap mourns a TensorFlow that nobody needs here
        from umap import UMAP

    model = UMAP(
        n_neighbors=min(settings.n_neighbors, n - 1),
        min_dist=settings.min_dist,
        metric="cosine",
        random_state=settings.seed,
        n_jobs=1,
        verbose=progress is not None,
        tqdm_kwds={"file": _Percent(progress), "mininterval": 0.2},
    )
    xy: Matrix = np.asarray(model.fit_transform(vectors), dtype=np.float32)
    if not np.isfinite(xy).all():
        raise LabError("UMAP found no layout for these vectors: too many of them are the same.")
    return xy


class _Percent:
    """A file for tqdm that passes on the percentage alone."""

    def __init__(self, progress: Callable[[float], None] | None) -> None:
        self.progress = progress

    def write(self, text: str) -> None:
        before, sign, _ = text.partition("%")
        if self.progress and sign and (digits := before.rsplit(":", 1)[-1].strip()).isdigit():
            self.progress(int(digits) / 100)

    def flush(self) -> None:
        """Nothing is kept back."""


def nearest(vectors: Matrix, i: int, k: int) -> tuple[NDArray[np.int64], Matrix]:
    """The k images most like image ``i`` in the full space, itself left out, and their cosine distances (0 to 2)."""
    directions = unit(vectors)
    distances = 1 - directions @ directions[i]
    distances[i] = np.inf
    order = np.argsort(distances, kind="stable")[: min(k, len(vectors) - 1)]
    return order, np.maximum(distances[order], 0)
