"""The accuracies of a run as figures: of which split each is, on how many images it rests, and how sure it is.

What ends in the summary is of the test images, what is logged while a run learns of its validation images, under the
same keys; here they part. Runs of earlier releases did not count everything; what is missing is worked out where it can
be, and left out where not.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byol_core.evaluation.intervals import Accuracy, Difference, difference
from byol_core.runs.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ACCURACY, UNTRAINED, PIXELS = KEYS = ("knn_accuracy", "knn_untrained", "knn_pixels")
_MOST_BYTES = 2**26  # of a file that a page reads; a million test images take a third of it
PROBE, TEST = "embeddings/probe.json", "embeddings/test.safetensors"


def at_end(run: Run) -> dict[str, Accuracy]:
    """The accuracies of the summary that are there, by their keys, on the test images."""
    images = _count(run.summary, "knn_images") or _count(run.summary, "test_images")
    found = {key: _share(run.summary.get(key)) for key in KEYS}
    return {key: Accuracy(value, images) for key, value in found.items() if value is not None and images}


def brought(run: Run, before: str = UNTRAINED) -> Difference | None:
    """By how much the trained encoder is above the untrained one (or raw pixels); None without both."""
    found = at_end(run)
    if ACCURACY not in found or before not in found:
        return None
    gained, lost = (_count(run.summary, f"{before}_{which}") for which in ("gained", "lost"))
    return difference(found[ACCURACY], found[before], gained, lost)


def between(run: Run, other: Run) -> Difference | None:
    """By how much one run's accuracy is above another's; None unless both have one, on the same set of images.

    Where both kept which test images they got right, and these have the same places and labels in the set, its
    interval is a paired one.
    """
    ours, theirs = (at_end(each).get(ACCURACY) for each in (run, other))
    if ours is None or theirs is None or _source(run) != _source(other):
        return None
    mine, its = _right(run.folder / TEST), _right(other.folder / TEST)
    if mine is None or its is None or mine.images != its.images:
        return difference(ours, theirs)
    return difference(ours, theirs, int((mine.right & ~its.right).sum()), int((its.right & ~mine.right).sum()))


@dataclass(frozen=True, eq=False)
class _Right:
    """Which test images a run got right, (n,) bool; ``images`` tell which images they are."""

    images: bytes
    right: NDArray[np.bool_]


def _right(file: Path) -> _Right | None:
    try:
        about = file.stat()
        return _loaded(file, about.st_mtime_ns) if about.st_size <= _MOST_BYTES else None
    except OSError:
        return None


@lru_cache(maxsize=256)
def _loaded(file: Path, _written: int) -> _Right | None:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(file)
        rows, labels, right = found["rows"], found["labels"], found[ACCURACY]
    except (OSError, SafetensorError, KeyError, AttributeError, TypeError):
        return None
    if not rows.shape == labels.shape == right.shape == (rows.size,) or {rows.dtype.kind, labels.dtype.kind} != {"i"}:
        return None
    return _Right(hashlib.sha256(rows.tobytes() + labels.tobytes()).digest(), right != 0)


def _source(run: Run) -> object:
    data = run.config.get("data")
    return data.get("source") if isinstance(data, Mapping) else None


def while_learning(run: Run, value: float | None) -> Accuracy | None:
    """A value of one of the logged accuracies, on the validation images; None without it, or without their number."""
    share, images = _share(value), validation_images(run)
    return Accuracy(share, images, "validation") if share is not None and images else None


def validation_images(run: Run) -> int | None:
    """How many labeled images the logged accuracies rest on; None where that cannot be known."""
    return _count(run.summary, "validation_images") or _kept(run.folder / PROBE) or _derived(run)


def as_object(run: Run) -> dict[str, Any]:
    """For ``--json``: each figure of the end with its split, images and interval, and what training brought."""
    gain = brought(run)
    figures = {key: found.as_dict() for key, found in at_end(run).items()}
    return {"accuracies": figures, "brought": gain.as_dict() if gain else None}


def _share(value: Any) -> float | None:
    """A value that can be an accuracy: a run that came from elsewhere may say anything."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 <= value <= 1 else None


def _count(summary: Mapping[str, Any], key: str) -> int | None:
    value = summary.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40 else None


def _kept(file: Path) -> int | None:
    """What the run wrote beside its last evaluation."""
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=256)
def _read(file: Path, _written: int) -> int | None:
    try:
        found = json.loads(file.read_bytes())["evaluations"][-1].get("knn_images")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return _count({"found": found}, "found")


def _derived(run: Run) -> int | None:
    """From the images that were trained on and the share that was held out, as if all of them had labels."""
    trained, config, data = _count(run.summary, "train_images"), run.config, run.config.get("data")
    share = _share(data.get("validation")) if isinstance(data, Mapping) else None
    if not trained or share is None or not 0 < share < 1:
        return None
    evaluation = config.get("evaluation")
    bank = _count(evaluation, "bank") if isinstance(evaluation, Mapping) else None
    held_out = round(trained / (1 - share)) - trained
    return min(held_out, bank or held_out) or None
