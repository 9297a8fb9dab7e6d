"""Measures how a set of vectors is distributed in its space, without labels: the signs of health as numbers.

Conventions, without which a rank or a cosine means little: the std ratio, the cosines, alignment and uniformity use
rows of unit length; RankMe uses the rows as they are (not centered); the participation ratio and the spectrum use
centered rows. The vectors come from the network in evaluation mode. Nothing here raises for the output of a broken
network: what cannot be measured is NaN. Only arguments that are not matrices of numbers, or pairs of different shapes,
raise ArgumentError.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.system import checks

# The output for n images: representations (n, d) and projections (n, p).
Vectors: TypeAlias = tuple[Tensor, Tensor]

RANKME_EPSILON = 1e-7  # arXiv 2210.02885, eq. 1
UNIFORMITY_T = 2.0  # arXiv 2005.10242, §4
UNIFORMITY_ROWS = 2000  # the cost grows with the square of the rows
_DRAW = 2005_10242  # the seed that selects those rows, so that measuring the same vectors again gives the same value
# A spread below this share of the vectors' energy is rounding error, which would look like a high rank.
_NO_SPREAD = 1e-12


@torch.no_grad()
def measure(
    representation: Tensor,
    projection: Tensor,
    *,
    views: Vectors | None = None,
    first: Vectors | None = None,
    target: Vectors | None = None,
) -> dict[str, float]:
    """Every sign for the representations (n, d) and, with the prefix ``projection_``, for the projections (n, p) of n
    images.

    ``views`` are the vectors of an augmented view of the images. They are compared row by row with ``first``, another
    view of the same images, or with the images themselves if that is None; this gives ``alignment`` and
    ``cross_view_cosine``. ``target`` are the target network's vectors of the first images, all or fewer; they give
    ``target_cosine``. Signs whose vectors are missing are left out, and those that cannot be measured are NaN. All
    values are transferred to the host at once.
    """
    _check_all(representation, projection, views, first, target)
    with torch.autocast(representation.device.type, enabled=False):
        found: dict[str, Tensor] = {}
        for i, (prefix, vectors) in enumerate((("", representation), ("projection_", projection))):
            signs = _alone(vectors)
            if views is not None:
                other = vectors[: len(views[i])] if first is None else first[i]
                signs["alignment"] = _alignment(other, views[i])
                signs["cross_view_cosine"] = 1 - signs["alignment"] / 2  # |u - v|^2 = 2 - 2 u.v
            if target is not None:
                signs["target_cosine"] = _paired_cosine(vectors[: len(target[i])], target[i])
            found |= {prefix + key: value for key, value in signs.items()}
        values = torch.stack([value.float() for value in found.values()]).tolist()
    return dict(zip(found, values, strict=True))


@torch.no_grad()
def spectrum(vectors: Tensor) -> Tensor:
    """The singular values of the centered rows (n, d), divided by the largest: (min(n, d),) float32, descending.

    Zeros if all rows are equal, NaN if a row is not finite. They show partial collapse (arXiv 2209.15007).
    """
    rows = _usable(_matrix(vectors))
    singular = _singular(rows - rows.mean(0)) if len(rows) else rows.new_zeros(0)
    whole = singular / singular.amax().clamp(min=1e-300) if len(singular) else singular
    whole = torch.where(_has_spread(rows), whole, 0.0)
    return torch.where(torch.isfinite(vectors).all().to(whole.device), whole, math.nan).float()


def std_ratio(vectors: Tensor) -> float:
    """sqrt(d) times the mean standard deviation of the normalized rows (n, d): 1 is spread evenly, 0 is collapsed.

    Below 0.3 is an alarm, below 0.1 a collapse. SimSiam, arXiv 2011.10566, §4.1. NaN for fewer than two rows.
    """
    return float(_std_ratio(_unit(_matrix(vectors))))


def mean_cosine(vectors: Tensor) -> float:
    """Mean cosine over all pairs of different rows (n, d): 0 if they point everywhere, 1 if they point the same way."""
    return float(_mean_cosine(_unit(_matrix(vectors))))


def rankme(vectors: Tensor) -> float:
    """exp of the entropy of the singular values of the raw rows (n, d): 1 to min(n, d). arXiv 2210.02885, eq. 1."""
    return float(_rankme(_usable(_matrix(vectors))))


def participation_ratio(vectors: Tensor) -> float:
    """(sum of eigenvalues)^2 / (sum of their squares) of the covariance of rows (n, d): from 1 to min(n - 1, d)."""
    return float(_participation(_usable(_matrix(vectors))))


def alignment(first: Tensor, second: Tensor) -> float:
    """Mean squared distance between the normalized rows i of both: 0 to 4. arXiv 2005.10242, alpha = 2."""
    return float(_alignment(*_pair(first, second)))


def uniformity(vectors: Tensor) -> float:
    """log of the mean of exp(-2 distance^2) over pairs of normalized rows (n, d): 0 is a single point, about -4 is
    even.

    Uses pairs of different rows, from at most 2,000 rows selected with a fixed seed: rows that are sorted by class, or
    alternate, are then represented in proportion. arXiv 2005.10242, t = 2.
    """
    return float(_uniformity(_unit(_matrix(vectors))))


def paired_cosine(first: Tensor, second: Tensor) -> float:
    """Mean cosine between the rows i of both, (n, d) each: 1 is the same direction."""
    return float(_paired_cosine(*_pair(first, second)))


def is_finite(value: Tensor) -> bool:
    """Whether every number is finite."""
    if not checks.is_tensor(value):
        raise checks.wrong("value", "a tensor", value)
    return bool(torch.isfinite(value).all())


def _matrix(vectors: Tensor, name: str = "vectors") -> Tensor:
    """Check that the vectors are rows of numbers; there may be none."""
    checks.rows(name, vectors, least=0, any_real=True)
    return vectors


def _pair(first: Tensor, second: Tensor, names: tuple[str, str] = ("first", "second")) -> tuple[Tensor, Tensor]:
    one, other = _matrix(first, names[0]), _matrix(second, names[1])
    checks.alike(**{names[0]: one, names[1]: other})
    return one, other


def _check_all(
    representation: Tensor, projection: Tensor, views: Vectors | None, first: Vectors | None, target: Vectors | None
) -> None:
    for i, (name, vectors) in enumerate((("representation", representation), ("projection", projection))):
        _matrix(vectors, name)
        if views is not None:
            _pair(vectors[: len(views[i])] if first is None else first[i], views[i], (name, f"views[{i}]"))
        if target is not None:
            _pair(vectors[: len(target[i])], target[i], (name, f"target[{i}]"))


def _alone(vectors: Tensor) -> dict[str, Tensor]:
    """The signs that need only the vectors (n, d), each a number on their device."""
    unit, rows = _unit(vectors), _usable(vectors)
    finite = torch.isfinite(vectors).all().to(rows.device)
    signs = {
        "std_ratio": _std_ratio(unit),
        "mean_cosine": _mean_cosine(unit),
        "rankme": torch.where(finite, _rankme(rows), math.nan),
        "participation": torch.where(finite, _participation(rows), math.nan),
        "uniformity": _uniformity(unit),
    }
    return {key: value.float().to(vectors.device) for key, value in signs.items()}


def _unit(vectors: Tensor) -> Tensor:
    return F.normalize(vectors.float(), dim=1)


def _usable(vectors: Tensor) -> Tensor:
    """The rows in float64, for precision, and without values that would stop an eigenvalue solver.

    Apple's GPUs have no float64, so their vectors are measured on the CPU.
    """
    here = vectors.cpu() if vectors.device.type == "mps" else vectors
    return torch.nan_to_num(here.double(), nan=0.0, posinf=0.0, neginf=0.0)


def _std_ratio(unit: Tensor) -> Tensor:
    if len(unit) < 2:
        return unit.new_full((), math.nan)
    return unit.std(0).mean() * math.sqrt(unit.shape[1])


def _mean_cosine(unit: Tensor) -> Tensor:
    """From the length of the sum of the rows, which contains every pair twice, and each row with itself once."""
    n = len(unit)
    if n < 2:
        return unit.new_full((), math.nan)
    itself = unit.square().sum()
    pairs = (unit.sum(0).square().sum() - itself) / (n * (n - 1))
    return torch.where(itself > 0, pairs, math.nan)


def _rankme(rows: Tensor) -> Tensor:
    singular = _singular(rows)
    share = singular / singular.sum() + RANKME_EPSILON
    # Without rows, 0 / 0: a NaN on the right device.
    return torch.exp(-(share * share.log()).sum()) if len(singular) else singular.sum() / 0


def _participation(rows: Tensor) -> Tensor:
    """From the trace and the Frobenius norm of the covariance; this needs no eigenvalues."""
    if not len(rows):
        return rows.new_full((), math.nan)
    gram = _gram(rows - rows.mean(0))
    ratio = gram.diagonal().sum().square() / gram.square().sum()
    return torch.where(_has_spread(rows), ratio, math.nan)


def _has_spread(rows: Tensor) -> Tensor:
    return (rows - rows.mean(0)).square().sum() > _NO_SPREAD * rows.square().sum()


def _singular(rows: Tensor) -> Tensor:
    """The min(n, d) singular values of rows (n, d), descending, from the Gram matrix of the smaller side."""
    try:
        squares: Tensor = torch.linalg.eigvalsh(_gram(rows))
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]  # did not converge: no reason to end a run
        squares = rows.new_full((min(rows.shape),), math.nan)
    return squares.flip(0).clamp(min=0).sqrt()


def _gram(rows: Tensor) -> Tensor:
    n, d = rows.shape
    return rows @ rows.T if n < d else rows.T @ rows


def _alignment(first: Tensor, second: Tensor) -> Tensor:
    return (_unit(first) - _unit(second)).square().sum(1).mean()


def _paired_cosine(first: Tensor, second: Tensor) -> Tensor:
    return (_unit(first) * _unit(second)).sum(1).mean()


def _uniformity(unit: Tensor) -> Tensor:
    """Distances relative to the center; those of a nearly collapsed set would otherwise lose all their digits."""
    if len(unit) > UNIFORMITY_ROWS:
        # A generator of its own: drawing from the global one would change the training that follows.
        drawn = torch.randperm(len(unit), generator=torch.Generator().manual_seed(_DRAW))[:UNIFORMITY_ROWS]
        unit = unit[drawn.to(unit.device)]
    n = len(unit)
    if n < 2:
        return unit.new_full((), math.nan)
    unit = unit - unit.mean(0)
    length = unit.square().sum(1)
    # Through a matrix product: the differences of all pairs would take (n, n, d) numbers.
    squares = (length[:, None] + length[None] - 2 * unit @ unit.T).clamp(min=0)
    return torch.log(torch.exp(-UNIFORMITY_T * squares).fill_diagonal_(0).sum() / (n * (n - 1)))
