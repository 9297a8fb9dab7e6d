"""A linear classifier on features that are kept: multinomial logistic regression by L-BFGS (arXiv 2006.07733, D.2).

The features are centered and divided by one number, ``scale``, the root mean square of all of them, so that a strength
means the same whatever the encoder's units. The loss is the sum of the cross-entropies plus ``strength / 2`` times the
squared norm of the weights of those features, of which the intercepts are no part. On the features as they are, the
strength is therefore ``1 / (C * scale**2)`` of scikit-learn's C (of two classes ``2 / (C * scale**2)``: there it has
one set of weights for both). It is one of the paper's 45 from 1e-6 to 1e5, chosen on labels that are held out of those
in use, and the classifier is then fitted again to all of them.

The features are turned into their principal directions first. That changes no solution, since the penalty looks the
same from every side, but there the curvature is known direction by direction, and a fit takes ten looks and not a
hundred. The folds are fitted side by side.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from byol_core.errors import ArgumentError
from byol_core.evaluation.threads import as_many_as_pay
from byol_core.jobs.context import Told, no_one
from byol_core.messages import Message
from byol_core.system import checks

STRENGTHS = tuple(10 ** (quarter / 4) for quarter in range(-24, 21))  # the paper's: 45 from 1e-6 to 1e5
UNCHOSEN = 3.0  # where no label can be held out; with one a class all strengths from 0.1 to 30 gave the same
_STRIDE = 4  # first a strength of each power of ten, then those beside the best
_CHOOSING, _FINAL = 15, 200  # iterations
_ROUGHLY, _EXACTLY = 1e-4, 1e-6  # the slope at which a fit ends
_PATIENCE = 2  # strengths in a row that were worse
_LOOKS = 14  # about so many are looked at
_HISTORY = 10  # steps that the solver remembers
_RANK = 1e-9  # directions with less than this share of the largest variance are rounding


@dataclass(frozen=True)
class Classifier:
    """weights (D, C) and bias (C,) of features as they are."""

    weights: Tensor
    bias: Tensor

    def probabilities(self, features: Tensor) -> Tensor:
        """(n, C) of features (n, D)."""
        return (features @ self.weights + self.bias).softmax(1)


@dataclass(frozen=True)
class Choice:
    """A strength, and the share of held-out labels that it found; None when none could be held out."""

    strength: float
    accuracy: float | None

    @property
    def told(self) -> str:
        """In words."""
        if self.accuracy is None:
            return Message("strength {strength:.2g}, fixed: too few labels to choose", strength=self.strength)
        return Message(
            "strength {strength:.2g}, {accuracy:.1%} on validation", strength=self.strength, accuracy=self.accuracy
        )


class LinearProbe:
    """The logistic regressions of features (N, D) with labels (N,), 0 to ``classes`` - 1, every class among them.

    ArgumentError when they are of another kind or shape, not finite, or of other classes.
    """

    def __init__(self, features: Tensor, labels: Tensor, classes: int) -> None:
        _check(features, labels, classes)
        self.labels, self.classes = labels, classes
        self.mean = features.mean(0)
        centered = features - self.mean
        self.scale = centered.square().mean().sqrt().clamp(min=1e-12)  # one for all directions
        self.basis, self.variance = _principal(centered / self.scale)
        self.rows = (centered / self.scale) @ self.basis
        self.truth = F.one_hot(labels, classes).T.to(self.rows)

    def choose(self, folds: Tensor, progress: Told = no_one) -> Choice:
        """The best strength, of equals the greatest; ``folds`` as :func:`.labels.folds` has them."""
        if not len(folds):
            return Choice(UNCHOSEN, None)
        walk = _Walk(self, folds, progress)
        walk.down(range(len(STRENGTHS) - 1, -1, -_STRIDE))
        best = walk.best
        walk.down(range(min(len(STRENGTHS) - 1, best + _STRIDE - 1), max(-1, best - _STRIDE), -1))
        return walk.found[walk.best]

    def fit(self, strength: float, progress: Told = no_one) -> Classifier:
        """The classifier of all rows, exact: in double precision where the device has it."""
        checks.number("strength", strength, above=0)
        everything = torch.ones(1, len(self.labels), dtype=torch.bool, device=self.labels.device)
        state = self.solve(everything, strength, self.zeros(1), _FINAL, _ROUGHLY, lambda share: progress(share / 2))
        state = state if state.device.type == "mps" else state.double()
        exact = self.solve(everything, strength, state, _FINAL, _EXACTLY, lambda share: progress(0.5 + share / 2))
        state = exact[0].to(self.rows)
        weights = self.basis @ state[:, :-1].T / self.scale
        return Classifier(weights, state[:, -1] - self.mean @ weights)

    def zeros(self, fits: int) -> Tensor:
        """The start of so many fits: (F, C, d + 1), the last column intercepts."""
        return self.rows.new_zeros(fits, self.classes, self.rows.shape[1] + 1)

    def solve(
        self, used: Tensor, strength: float, state: Tensor, iterations: int, tolerance: float, progress: Told = no_one
    ) -> Tensor:
        """Minimize for each of the masks ``used`` (F, N), side by side, in the precision of ``state``."""
        rows, truth = self.rows.to(state), self.truth.to(state)
        columns = rows.T.contiguous()  # thin products are several times faster along the rows of memory
        count = used.sum(1).to(state)[:, None, None]
        share, penalty = used[:, None] / count, strength / count  # of the mean over the rows of each fit
        stretch = self._curvature(penalty.mean()).rsqrt()
        free = state / stretch
        optimizer = torch.optim.LBFGS(
            [free], max_iter=iterations, tolerance_grad=tolerance, tolerance_change=tolerance / 1000,
            history_size=_HISTORY, line_search_fn="strong_wolfe",
        )  # fmt: skip
        looks = itertools.count()

        def loss() -> Tensor:
            progress(min(1.0, next(looks) / iterations))
            weights = free * stretch
            logs = logits(columns, weights).log_softmax(1)
            error = (logs.exp() - truth) * share
            slope = (error.flatten(0, 1) @ rows).view_as(weights[..., :-1]) + penalty * weights[..., :-1]
            free.grad = torch.cat([slope, error.sum(2, keepdim=True)], 2) * stretch
            return (penalty * weights[..., :-1].square()).sum() / 2 - (logs * truth * share).sum()

        with as_many_as_pay(rows.numel() * self.classes * len(used)):
            optimizer.step(loss)  # type: ignore[no-untyped-call]
        return free * stretch

    def _curvature(self, penalty: Tensor) -> Tensor:
        """About how fast the loss curves along each direction (d + 1,), the last the intercepts'."""
        spread = torch.cat([self.variance, self.variance.new_ones(1)]).to(penalty)
        spread[:-1] += 4 * penalty
        return spread / 4


def _check(features: Tensor, labels: Tensor, classes: int) -> None:
    checks.rows("features", features)
    checks.finite("features", features)
    checks.whole("classes", classes, 2)
    checks.labels("labels", labels, len(features), classes)
    if int(labels.min()) < 0:
        raise ArgumentError("'labels' should have a class for every row: leave out those without one.")


def logits(columns: Tensor, state: Tensor) -> Tensor:
    """(F, C, N) of columns (d, N) by F fits, (F, C, d + 1)."""
    return (state[..., :-1].flatten(0, 1) @ columns).view(*state.shape[:2], -1) + state[..., -1:]


class _Walk:
    """From strong to weak, each fit from where the one before ended; what each strength found on held-out labels.

    The cross-entropy of the held-out labels decides: of few labels the share that is right takes few values, and the
    best of them is a matter of luck.
    """

    def __init__(self, probe: LinearProbe, folds: Tensor, progress: Told) -> None:
        self.probe, self.folds, self.progress = probe, folds, progress
        self.columns = probe.rows.T.contiguous()
        self.state = probe.zeros(len(folds))
        self.found: dict[int, Choice] = {}
        self.losses: dict[int, float] = {}

    @property
    def best(self) -> int:
        return min(self.losses, key=lambda index: (self.losses[index], -index))

    def down(self, indices: range) -> None:
        """Go on until two in a row are worse than the best: the weakest fits take the longest."""
        worse = 0
        for index in indices:
            if index not in self.found:
                self._look(index)
            worse = worse + 1 if self.losses[index] > self.losses[self.best] else 0
            if worse == _PATIENCE and index < self.best:
                return

    def _beat(self, share: float) -> None:
        self.progress(min(1.0, (len(self.found) + share) / _LOOKS))

    def _look(self, index: int) -> None:
        strength = STRENGTHS[index]
        self.state = self.probe.solve(~self.folds, strength, self.state, _CHOOSING, _ROUGHLY, self._beat)
        logs = logits(self.columns, self.state).log_softmax(1).transpose(1, 2)[self.folds]
        labels = self.probe.labels.expand(len(self.folds), -1)[self.folds]
        self.losses[index] = float(F.nll_loss(logs, labels))
        self.found[index] = Choice(strength, float((logs.argmax(1) == labels).float().mean()))


def _principal(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Directions (D, d) in which centered rows (N, D) lie, d at most N and D, and the variance (d,) along each."""
    count, wide = len(rows), rows.shape[1] > len(rows)
    exact = rows.double() if rows.device.type != "mps" else rows.cpu().double()
    gram = (exact @ exact.T if wide else exact.T @ exact) / count
    variance, vectors = torch.linalg.eigh(gram)
    kept = variance > _RANK * variance[-1].clamp(min=1e-300)
    variance, vectors = variance[kept], vectors[:, kept]
    if wide:
        vectors = exact.T @ vectors / (count * variance).sqrt()
    return vectors.to(rows), variance.to(rows)
