"""What the points of a map can be colored by: classes, predictions, groups, and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from byol_core.embeddings.neighbors import AT_ONCE, near
from byol_core.embeddings.pca import unit
from byol_core.embeddings.snapshot import Evaluation, Labels, Matrix, Snapshot, read_predicted, read_space
from byol_core.errors import InputError, LabError
from byol_core.messages import Message, sentences

NEIGHBORS = 15
_CLUSTERS = 10  # where there are no classes to count
_MANY = 5000  # images from which k-means looks at some at a time
_MOST_FITTED, _FITTED = 20_000, 10_000  # of more images the centers are found among some of them
_MOST_CLUSTERS = 30
MOST_PREDICTED = 5_000  # images among which the missing predictions of an older run are found here
_K, _TEMPERATURE = 20, 0.1  # of the kNN among the mapped images, as the trainer's own
_TITLES = {
    "class": Message("Class"),
    "predicted": Message("Predicted class"),
    "error": Message("Right or wrong"),
    "cluster": Message("Cluster"),
    "split": Message("Split"),
    "confidence": Message("Confidence"),
    "agreement": Message("Neighbors of its class"),
    "nearest": Message("Distance to the nearest"),
    "length": Message("Length of the vector"),
    "moved": Message("Moved since the last evaluation"),
    "brightness": Message("Brightness"),
}
# In the order of SPLITS.
_SPLITS = (Message("train"), Message("validation"), Message("test"))
Near = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Field:
    """One value an image. "category": ``values`` int16 (n,), places in ``names``, -1 for none; "number": float32 (n,),

    NaN for none. ``note`` says where the values come from. What a table or a set calls something is plain text; of
    ours, ``title``, ``names`` and ``note`` are messages.
    """

    name: str
    title: str
    kind: Literal["category", "number"]
    values: NDArray[np.int16] | NDArray[np.float32]
    names: tuple[str, ...] = ()
    note: str = ""


def fields(snapshot: Snapshot, evaluation: Evaluation, space: str) -> list[tuple[str, str]]:
    """The names and titles of the fields that this evaluation has, without computing any."""
    without = {"agreement", "nearest"} if len(snapshot) < 2 else set()
    if not snapshot.labeled:
        without |= {"class", "predicted", "error", "confidence", "agreement"}
    if len(np.unique(snapshot.parts)) < 2:
        without.add("split")
    if space == "pixels" or evaluation.step == snapshot.evaluations[0].step:
        without.add("moved")
    return [(name, title) for name, title in _TITLES.items() if name not in without]


def field(snapshot: Snapshot, evaluation: Evaluation, space: str, name: str, near: Near | None = None) -> Field:
    """One of :func:`fields`. ``near`` (n, at least 15): the nearest of each image in that space, where it is known.

    InputError when this evaluation has no such field; LabError when what it is made of cannot be read, and when
    the nearest of more than 2,500 images are needed and not given.
    """
    if name not in dict(fields(snapshot, evaluation, space)):
        raise InputError("This map cannot be colored by '{name}'.", name=name[:40])
    return _MAKERS[name](_Asked(snapshot, evaluation, space, near))


@dataclass(frozen=True, eq=False)
class _Asked:
    snapshot: Snapshot
    evaluation: Evaluation
    space: str
    given: Near | None

    def vectors(self) -> Matrix:
        return read_space(self.snapshot, self.evaluation, self.space)

    def near(self) -> Near:
        """The nearest of each, from whoever asked, else found here when they are few."""
        if self.given is not None:
            return self.given
        if len(self.snapshot) > AT_ONCE:
            raise LabError("The nearest images are still being found; this color comes when they are there.")
        return near(self.vectors(), NEIGHBORS)

    def category(self, name: str, values: Labels, names: tuple[str, ...], note: str = "") -> Field:
        return Field(name, _TITLES[name], "category", values.astype(np.int16), names, note)

    def number(self, name: str, values: Matrix, note: str = "") -> Field:
        return Field(name, _TITLES[name], "number", values.astype(np.float32), (), note)


def _class(asked: _Asked) -> Field:
    return asked.category(
        "class", asked.snapshot.classes, asked.snapshot.class_names, Message("The label of the image.")
    )


def predictions(asked: _Asked) -> tuple[Labels, Matrix, str]:
    """Class and confidence of each image, and who said so."""
    kept = read_predicted(asked.snapshot, asked.evaluation)
    of = "" if asked.space == "representation" else Message("Of the representation, not of what is mapped here.")
    if kept is not None:
        return *kept, sentences(Message("By kNN among the training images, at this evaluation."), of)
    said, sure = _among_each_other(asked)
    how = Message("By kNN among the other images of the map: this run kept no predictions of its own.")
    return said, sure, sentences(how, of)


def _among_each_other(asked: _Asked) -> tuple[Labels, Matrix]:
    """Weighted kNN (arXiv 1805.01978) of each mapped image among the others, of the representation."""
    snapshot = asked.snapshot
    vectors = unit(read_space(snapshot, asked.evaluation, "representation"))
    if len(snapshot) > MOST_PREDICTED:
        raise LabError("This run kept no predictions, and its images are too many to predict them here.")
    nearest = near(vectors, _K)
    labels, cosine = snapshot.classes[nearest], np.einsum("nd,nkd->nk", vectors, vectors[nearest])
    weight = np.where(labels >= 0, np.exp((cosine - cosine[:, :1]) / _TEMPERATURE), 0)
    votes = np.zeros((len(snapshot), len(snapshot.class_names)), np.float32)
    np.add.at(votes, (np.arange(len(snapshot))[:, None], np.maximum(labels, 0)), weight)
    total = votes.sum(1)
    said = np.where(total > 0, votes.argmax(1), -1).astype(np.int16)
    sure: Matrix = votes.max(1) / np.maximum(total, np.finfo(np.float32).tiny)
    return said, sure.astype(np.float32)


def _predicted(asked: _Asked) -> Field:
    said, _, note = predictions(asked)
    return asked.category("predicted", said, asked.snapshot.class_names, note)


def _confidence(asked: _Asked) -> Field:
    _, sure, note = predictions(asked)
    return asked.number("confidence", sure, sentences(Message("The predicted class's share of the votes."), note))


def _error(asked: _Asked) -> Field:
    said, _, note = predictions(asked)
    classes = asked.snapshot.classes
    wrong = np.where((classes < 0) | (said < 0), -1, said != classes).astype(np.int16)
    return asked.category("error", wrong, (Message("right"), Message("wrong")), note)


def _cluster(asked: _Asked) -> Field:
    vectors, count = unit(asked.vectors()), min(len(asked.snapshot.class_names) or _CLUSTERS, _MOST_CLUSTERS)
    count = min(count, len(np.unique(vectors, axis=0)) if len(vectors) <= 2 * count else len(vectors))
    found = _grouped(vectors, count)
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    place = np.empty(count, np.int16)
    place[order] = np.arange(count)
    names = tuple(Message("Cluster {number}", number=number) for number in range(1, count + 1))
    note = Message("k-means with k = {count}, seed 0; the largest is first.", count=count)
    return asked.category("cluster", place[found], names, note)


def _grouped(vectors: Matrix, count: int) -> NDArray[np.int32]:
    """Which of ``count`` centers each vector is nearest to; a page has to answer, also of a large set."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    some = vectors
    if len(vectors) > _MOST_FITTED:
        some = vectors[np.sort(np.random.default_rng(0).choice(len(vectors), _FITTED, replace=False))]
    kind = MiniBatchKMeans if len(some) > _MANY else KMeans
    found: NDArray[np.int32] = kind(count, random_state=0, n_init=3).fit(some).predict(vectors)
    return found


def _split(asked: _Asked) -> Field:
    return asked.category("split", asked.snapshot.parts, _SPLITS, Message("What the image was for the run."))


def _agreement(asked: _Asked) -> Field:
    classes, nearest = asked.snapshot.classes, asked.near()[:, :NEIGHBORS]
    known = (classes[nearest] >= 0).sum(1)
    same = ((classes[nearest] == classes[:, None]) & (classes[nearest] >= 0)).sum(1) / np.maximum(known, 1)
    note = Message("Share of the {n} nearest in the full space that have the image's class.", n=nearest.shape[1])
    if (classes < 0).any():
        note = Message(
            "Share of the {n} nearest in the full space that have the image's class, of those that have a label.",
            n=nearest.shape[1],
        )
    return asked.number("agreement", np.where((classes < 0) | (known == 0), np.nan, same), note)


def _nearest(asked: _Asked) -> Field:
    vectors, nearest = unit(asked.vectors()), asked.near()[:, 0]
    distances = 1 - np.einsum("nd,nd->n", vectors, vectors[nearest])
    return asked.number("nearest", np.maximum(distances, 0), Message("Cosine distance in the full space."))


def _length(asked: _Asked) -> Field:
    note = Message("Before it is brought to length one, as everything else compares angles.")
    return asked.number("length", np.linalg.norm(asked.vectors(), axis=1), note)


def _moved(asked: _Asked) -> Field:
    steps = asked.snapshot.evaluations
    before = steps[[found.step for found in steps].index(asked.evaluation.step) - 1]
    now, then = unit(asked.vectors()), unit(read_space(asked.snapshot, before, asked.space))
    if now.shape != then.shape:
        raise LabError("The vectors of epoch {epoch:g} have another length.", epoch=before.epoch)
    distances = 1 - np.einsum("nd,nd->n", now, then)
    note = Message("Cosine distance to the vector at epoch {epoch:g}.", epoch=before.epoch)
    return asked.number("moved", np.maximum(distances, 0), note)


def _brightness(asked: _Asked) -> Field:
    light = read_space(asked.snapshot, asked.evaluation, "pixels").mean(1) / 255
    return asked.number("brightness", light, Message("Mean of all pixels, 0 black to 1 white."))


_MAKERS: dict[str, Callable[[_Asked], Field]] = {
    "class": _class,
    "predicted": _predicted,
    "error": _error,
    "cluster": _cluster,
    "split": _split,
    "confidence": _confidence,
    "agreement": _agreement,
    "nearest": _nearest,
    "length": _length,
    "moved": _moved,
    "brightness": _brightness,
}
