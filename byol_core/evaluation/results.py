"""The answers of a run on disk: ``evaluations/<key>.json`` (Judged) and ``<key>.safetensors`` (the predictions).

A key names the question and the weights that were asked, so that an answer is found again by page and command alike,
and is out of sight once the weights are others. Knows no torch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from byol_core.errors import LabError
from byol_core.evaluation.protocol import Judged, Protocol
from byol_core.jobs import status
from byol_core.system.files import because, is_disk_full, write_atomic
from byol_core.weights import encoder_files

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = "evaluations"
# Part of every key: raised when the same question would get another answer.
VERSION = "evaluate-2"
_KEY = re.compile(r"[0-9a-f]{24}")
# By so much may a probability of float32 be off.
_ROUNDING = 1e-4
# An answer that is longer was not written here.
_MOST_JSON_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the trained encoder predicted for each test image in the first split.

    probabilities: (Q, C) float32, each row sums to one. rows: (Q,) int64, rows of the image set. labels: (Q,) int64,
    the true classes.
    """

    probabilities: NDArray[np.float32]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def said(self) -> NDArray[np.int64]:
        """(Q,) the predicted class of each."""
        first: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return first

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(Q,) the probability of the predicted class."""
        highest: NDArray[np.float32] = self.probabilities.max(axis=1)
        return highest


def question(protocol: Protocol) -> str:
    """A name for the question alone: of one run, it is worked on at most once at a time."""
    return _hashed(_asked(protocol))


def key(run_folder: Path, protocol: Protocol) -> str:
    """The name of the answer of the weights that are in the folder now; LabError when there are none."""
    return key_of(encoder_files.digest(run_folder), protocol)


def key_of(digest: str, protocol: Protocol) -> str:
    """The name of the answer of weights with that digest."""
    return _hashed({**_asked(protocol), "weights": digest})


def _asked(protocol: Protocol) -> dict[str, Any]:
    """What the answer depends on; defaults are left out, so that a field that is added later changes no name."""
    kept = protocol.model_dump(exclude_defaults=True)
    others = () if protocol.method == "knn" else ("k", "temperature")
    return {name: value for name, value in kept.items() if name not in others}


def _hashed(tree: dict[str, Any]) -> str:
    text = json.dumps({**tree, "version": VERSION}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def result(run_folder: Path, protocol: Protocol) -> Judged | None:
    """The answer of the weights that are in the folder now; None when there is none that can be read."""
    with suppress(LabError):
        found = _read(_path(run_folder, key(run_folder, protocol), "json"))
        return found if found is not None and _asked(found.protocol) == _asked(protocol) else None
    return None


def is_answered(folder: Path, task: Mapping[str, Any]) -> bool:
    """Whether the answer to a job of ``RUN_FOLDER/evaluations`` is there."""
    return result(folder.parent, Protocol.model_validate(task)) is not None


def _read(file: Path) -> Judged | None:
    try:
        if file.stat().st_size > _MOST_JSON_BYTES:
            return None
        return Judged.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def predictions(run_folder: Path, protocol: Protocol) -> Predictions | None:
    """The prediction for each test image; None when it was not kept or cannot be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(_path(run_folder, key(run_folder, protocol), "safetensors"))
        kept = Predictions(found["probabilities"], found["rows"], found["labels"])
    except (OSError, SafetensorError, KeyError, LabError):
        return None
    judged = result(run_folder, protocol)
    return kept if judged is not None and _is_whole(kept, len(judged.classes)) else None


def _is_whole(kept: Predictions, classes: int) -> bool:
    """Whether the numbers fit together: a folder may come from somebody else's zip."""
    import numpy as np

    likely, rows, labels = kept.probabilities, kept.rows, kept.labels
    if rows.ndim != 1 or labels.shape != rows.shape or len(rows) == 0 or likely.shape != (len(rows), classes):
        return False
    if (likely.dtype.kind, rows.dtype.kind, labels.dtype.kind) != ("f", "i", "i"):
        return False
    if not (np.isfinite(likely).all() and likely.min() >= -_ROUNDING and likely.max() <= 1 + _ROUNDING):
        return False
    return bool(rows.min() >= 0 and labels.min() >= 0 and labels.max() < classes)


def answers(run_folder: Path) -> list[Judged]:
    """All answers of the weights that are in the folder now, newest first."""
    files = [path for path in _folder(run_folder).glob("*.json") if _KEY.fullmatch(path.stem)]
    found = [(judged, path) for path in sorted(files, key=_written, reverse=True) if (judged := _read(path))]
    try:
        weights = encoder_files.digest(run_folder) if found else ""
    except LabError:
        return []
    return [judged for judged, path in found if key_of(weights, judged.protocol) == path.stem]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def keep(run_folder: Path, name: str, judged: Judged, said: Predictions) -> None:
    """Put an answer under its key, whole or not at all; LabError in a sentence when it cannot be written."""
    import numpy as np
    from safetensors.numpy import save

    arrays = {"probabilities": said.probabilities, "rows": said.rows, "labels": said.labels}
    with writing(run_folder):
        _folder(run_folder).mkdir(exist_ok=True)
        packed = save({what: np.ascontiguousarray(array) for what, array in arrays.items()})
        write_atomic(_path(run_folder, name, "safetensors"), packed, make_folder=False)
        # Last: whoever finds it finds the rest as well.
        write_atomic(_path(run_folder, name, "json"), judged.as_file().encode(), make_folder=False)


def drop(run_folder: Path, name: str) -> None:
    """Remove an answer."""
    with writing(run_folder):
        for kind in ("json", "safetensors"):
            _path(run_folder, name, kind).unlink(missing_ok=True)


@contextmanager
def writing(run_folder: Path) -> Iterator[None]:
    """Turn what a disk or a deleted folder says into one sentence."""
    try:
        yield
    except OSError as error:
        if not run_folder.is_dir():
            raise LabError("The run was deleted while it was evaluated.") from None
        if is_disk_full(error):
            raise LabError(status.full(_folder(run_folder))) from None
        why = because(error)
        raise LabError(
            "The result cannot be saved: '{folder}' cannot be written ({why}).", folder=_folder(run_folder), why=why
        ) from None


def _folder(run_folder: Path) -> Path:
    return run_folder / FOLDER


def _path(run_folder: Path, name: str, kind: str) -> Path:
    return _folder(run_folder) / f"{name}.{kind}"
