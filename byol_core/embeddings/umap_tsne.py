"""UMAP, t-SNE and densMAP: places that are found step by step, from a start that is given.

The start is the map of a neighboring evaluation, or PCA: an informative start decides how well the large shape is
kept, whichever method follows (Kobak & Linderman 2021, Nature Biotechnology 39), and one that is given keeps a film
from jumping. Many vectors are first brought to their 50 directions of largest variance, as is usual before t-SNE and
UMAP, which then takes seconds where it took minutes.
"""

from __future__ import annotations

import importlib
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from byol_core.embeddings.pca import Axes, aligned, axes_of, is_collapsed, pca
from byol_core.embeddings.settings import MapSettings
from byol_core.embeddings.snapshot import Matrix
from byol_core.errors import LabError
from byol_core.messages import Message
from byol_core.system import paths

# Below this there are no neighborhoods to speak of, and a start by eigenvectors fails.
FEWEST = 8
# From here on neighbors are looked for roughly, and in fewer directions.
_MANY, _DIRECTIONS = 4096, 50
# From a neighbor's map most of the way is done.
_EPOCHS_FROM_NEIGHBOR = 200
_FOUND = 0.1  # the share of the work that finding the neighbors is taken for
_ITERATIONS = 1000  # of t-SNE, as in scikit-learn
_SMALL_START = 1e-4  # t-SNE begins with all points close together (Kobak & Berens 2019, Nature Communications 10)

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Fit:
    """Places (n, 2), turned onto the start, and what they were found by, to place others among them.

    ``model`` is None where the method places no others; ``raw``: the places as the model has them.
    """

    xy: Matrix
    raw: Matrix
    model: Any = None
    axes: Axes | None = None

    def place(self, vectors: Matrix) -> Matrix:
        """Where other vectors (m, d) of length one belong, (m, 2); only with a model."""
        values = vectors if self.axes is None else self.axes.place(vectors)
        with _listening(_Heard(_nobody, r"(\d+)%", 100)):  # umap prints while it places
            placed = np.asarray(self.model.transform(values), dtype=np.float32)
        return aligned(np.vstack([self.raw, placed]), np.vstack([self.xy, np.full_like(placed, np.nan)]))[
            -len(placed) :
        ]


def fit(vectors: Matrix, settings: MapSettings, progress: Progress, neighbor: Matrix | None = None) -> Fit:
    """Places of vectors (n, d) of length one, on one core because a seed allows no more.

    ``neighbor``: the map (n, 2) to start from; None: PCA. ``progress`` gets 0 to 1 and a word, and may raise to end
    it. LabError when there are too few images, or too many are the same.
    """
    n, method = len(vectors), settings.method
    _check(vectors, method)
    start = pca(vectors).xy if neighbor is None else neighbor
    progress(0.0, Message("Loading {method}", method=method))
    axes = axes_of(vectors, _DIRECTIONS) if n > _MANY and vectors.shape[1] > _DIRECTIONS else None
    values = vectors if axes is None else axes.place(vectors)
    make = _tsne if method == "t-SNE" else _umap
    raw, model = make(values, settings, _apart(start, settings.seed), progress, neighbor is not None, axes is None)
    if not np.isfinite(raw).all():
        raise LabError("{method} found no layout for these vectors: too many of them are the same.", method=method)
    return Fit(aligned(raw, start), raw, model, axes)


def _check(vectors: Matrix, method: str) -> None:
    """Refuse what has no neighborhoods: a layout of it would be a cloud of nothing."""
    n = len(vectors)
    if n < FEWEST:
        raise LabError(
            "{method} needs at least {least} images, and here are {n}; PCA works with any number.",
            method=method,
            least=FEWEST,
            n=n,
        )
    if is_collapsed(vectors):
        raise LabError(
            "{method} has nothing to lay out: the vectors of all {n:,} images are the same (a collapse).",
            method=method,
            n=n,
        )
    different = len(np.unique(vectors, axis=0))
    if different < FEWEST:
        raise LabError(
            "{method} needs at least {least} different vectors, and the {n:,} images have {different}.",
            method=method,
            least=FEWEST,
            n=n,
            different=different,
        )


def _apart(start: Matrix, seed: int) -> Matrix:
    """The start in the unit of its own spread, and no two points at one place."""
    centered = (start - start.mean(0)) / max(float(start.std()), np.finfo(np.float32).tiny)
    noise = np.random.default_rng(seed).normal(scale=_SMALL_START, size=start.shape)
    moved: Matrix = (centered + noise).astype(np.float32)
    return moved


def _umap(
    values: Matrix, settings: MapSettings, start: Matrix, progress: Progress, near: bool, angles: bool
) -> tuple[Matrix, Any]:
    """UMAP (arXiv 1802.03426) or densMAP (Narayan et al. 2021), by cosine, or by distance in fewer directions."""
    metric, used = "cosine" if angles else "euclidean", settings.in_effect(len(values))
    shared = {
        "n_neighbors": int(used["neighbors"]), "min_dist": used["min_dist"],
        "metric": metric, "random_state": settings.seed,
    }  # fmt: skip
    if settings.method == "UMAP" and (gpu := _gpu_umap()):
        model = gpu(**shared, output_type="numpy")
        progress(0.1, Message("Laying out the map on the GPU"))
        return np.asarray(model.fit_transform(values), dtype=np.float32), model
    umap = _loaded("umap", settings.method)
    progress(0.02, Message("Finding neighbors"))
    callback = _Heard(progress, r"(\d+)%", 100)
    dense = settings.method == "densMAP"
    model = umap.UMAP(
        **shared, init=start, n_epochs=_EPOCHS_FROM_NEIGHBOR if near else None, n_jobs=1, densmap=dense,
        verbose=True, tqdm_kwds={"file": callback, "mininterval": 0.2},
    )  # fmt: skip
    with _listening(callback):
        xy = np.asarray(model.fit_transform(values), dtype=np.float32)
    callback.progress = _nobody  # the model keeps it, and writes to it again when it places others
    return xy, None if dense else model


def _loaded(library: str, method: str) -> Any:
    """A library that may be missing, or not fit the others: numba, for one, raises whatever it likes then."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # umap mourns a TensorFlow that nobody needs here
            return _imported(library)
    except LabError:
        raise
    except Exception as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise LabError(
            "{method} cannot be loaded on this machine ({why}).", method=method, why=why.rstrip(".")
        ) from error


def _imported(library: str) -> Any:
    """UMAP refuses to load if numba has no folder for its compiled code; then it gets one in the cache of the lab.

    By default numba writes beside the library or into the cache of the user. In a container neither may be writable.
    """
    try:
        return importlib.import_module(library)
    except RuntimeError:
        config = importlib.import_module("numba").config
        if config.CACHE_DIR:
            raise
        config.CACHE_DIR = str(paths.cache() / "numba")
        return _imported_again(library, Path(config.CACHE_DIR))


def _imported_again(library: str, cache: Path) -> Any:
    try:
        return importlib.import_module(library)
    except RuntimeError:
        if os.access(cache, os.W_OK):
            raise
        raise LabError(
            "A map needs a folder for compiled code; '{cache}' cannot be written, so set BYOL_LAB_CACHE.", cache=cache
        ) from None


def _gpu_umap() -> Any:
    """UMAP of cuML, when that is installed and there is a GPU."""
    if find_spec("cuml") is None:
        return None
    import torch

    return importlib.import_module("cuml.manifold").UMAP if torch.cuda.is_available() else None


def _tsne(
    values: Matrix, settings: MapSettings, start: Matrix, progress: Progress, near: bool, angles: bool
) -> tuple[Matrix, Any]:
    """t-SNE (van der Maaten & Hinton 2008) by distance, of vectors of length one the same as by angle."""
    manifold, limits = _loaded("sklearn.manifold", "t-SNE"), _loaded("threadpoolctl", "t-SNE")
    callback = _Heard(progress, r"Iteration (\d+)", _ITERATIONS)
    model = manifold.TSNE(
        perplexity=settings.in_effect(len(values))["perplexity"], init=start * np.float32(_SMALL_START),
        random_state=settings.seed, max_iter=_ITERATIONS, n_jobs=1, verbose=2,
    )  # fmt: skip
    progress(0.02, Message("Finding neighbors"))
    # Its gradient sums over threads in whatever order they end; and one core is all that a map may take.
    with _listening(callback), limits.threadpool_limits(1, "openmp"):
        return np.asarray(model.fit_transform(values), dtype=np.float32), None


def _nobody(share: float, text: str) -> None:
    """The progress of a computation that nobody waits for."""


class _Heard:
    """A file that passes on how far it is, of what tqdm and scikit-learn write, and nothing else."""

    def __init__(self, progress: Progress, pattern: str, whole: int) -> None:
        self.progress, self.pattern, self.whole = progress, re.compile(pattern), whole

    def write(self, text: str) -> int:
        if found := self.pattern.search(text):
            share = _FOUND + (1 - _FOUND) * min(1.0, int(found[1]) / self.whole)
            self.progress(share, Message("Laying out the map"))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


@contextmanager
def _listening(callback: Any) -> Iterator[None]:
    """What these libraries print is no answer of a command."""
    with redirect_stdout(callback), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(n_jobs|precomputed|Spectral|densmap|KMeans).*")
        yield
