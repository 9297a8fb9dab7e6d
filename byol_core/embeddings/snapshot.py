"""The stored representations of a run's probe images: what ``embeddings/`` holds, read with doubt.

A folder may have been copied by hand or cut off by a full disk, so everything is checked before it is used, and
whatever is wrong is said in one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from byol_core.errors import LabError
from byol_core.messages import Message

PROBE, PIXELS, MAPS = "probe.json", "pixels.safetensors", "maps"
# What can be mapped: the encoder's output, the projector's output, and what the network was given.
SPACES = ("representation", "projection", "pixels")
# What an image was for the run, by its number in ``splits``.
SPLITS = ("train", "validation", "test")
TEST = SPLITS.index("test")
LABEL_MOST = np.iinfo(np.int16).max
_DIVERGED = {
    "representation": Message("The representations in '{file}' hold values that are not finite: training diverged."),
    "projection": Message("The projections in '{file}' hold values that are not finite: training diverged."),
    "pixels": Message("The pixels in '{file}' hold values that are not finite."),
}
_LOST = Message("The file '{file}' of this run is missing or damaged; try another evaluation.")
_OTHER_NUMBERS = Message("The file '{file}' of this run holds other numbers than a run keeps.")

Matrix = NDArray[np.float32]  # (n, d)
Labels = NDArray[np.int16]  # (n,), -1 for none
Name = Annotated[str, Field(pattern=r"^step-\d+\.safetensors$")]  # no path can hide in it
Count = Annotated[int, Field(ge=1)]


class Evaluation(BaseModel):
    """One look at the probe images during training.

    ``knn_accuracy`` is on the images of ``knn_split``, which are not those of the map, ``knn_images`` of them; None: of
    an earlier release, which did not say how many.
    """

    model_config = ConfigDict(frozen=True)

    step: int = Field(ge=0)
    epoch: float = Field(ge=0)
    file: Name
    knn_accuracy: float | None = None
    knn_split: Literal["validation"] = "validation"
    knn_images: Annotated[int, Field(ge=0)] | None = None


class Snapshot(BaseModel):
    """The probe images of a run and the evaluations at which their representations were kept.

    ``splits`` says of each image what it was for the run, by its place in :data:`SPLITS`; None: all are test images.
    ``per_sheet``: images on one sheet of thumbnails; None: all are on one.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    source: str = ""
    image_size: Count
    indices: tuple[int, ...] = Field(min_length=1)
    labels: tuple[Annotated[int, Field(ge=-1)], ...] | None = None
    class_names: Annotated[tuple[str, ...], Field(max_length=int(LABEL_MOST))] = ()
    splits: tuple[Literal[0, 1, 2], ...] | None = None
    columns: Count
    cell: Count
    per_sheet: Count | None = None
    evaluations: tuple[Evaluation, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Snapshot:
        if self.labels is not None and len(self.labels) != len(self.indices):
            raise _inconsistent(Message("{labels} labels for {n} images", labels=len(self.labels), n=len(self)))
        if self.labels is not None and max(self.labels) >= len(self.class_names):
            raise _inconsistent(Message("a label without a class name"))
        if self.splits is not None and len(self.splits) != len(self.indices):
            raise _inconsistent(Message("{splits} splits for {n} images", splits=len(self.splits), n=len(self)))
        return self

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labeled(self) -> bool:
        """Whether any image has a class."""
        return self.labels is not None and max(self.labels) >= 0

    @cached_property
    def ids(self) -> NDArray[np.int32]:
        """(n,) the row of each image in the set."""
        return np.asarray(self.indices, dtype=np.int32)

    @cached_property
    def classes(self) -> Labels:
        """(n,) the class of each image, -1 for none."""
        return np.asarray([-1] * len(self) if self.labels is None else self.labels, dtype=np.int16)

    @cached_property
    def parts(self) -> Labels:
        """(n,) what each image was for the run, by its place in :data:`SPLITS`."""
        return np.asarray([TEST] * len(self) if self.splits is None else self.splits, dtype=np.int16)

    def class_of(self, i: int) -> str:
        """The class of image ``i``, empty when it has none."""
        label = -1 if self.labels is None else self.labels[i]
        return self.class_names[label] if label >= 0 else ""

    def evaluation(self, step: int) -> Evaluation:
        """The evaluation at that step; LabError when none was kept."""
        for evaluation in self.evaluations:
            if evaluation.step == step:
                return evaluation
        raise LabError("This run kept no representations at step {step}.", step=step)


def has_snapshot(folder: Path) -> bool:
    """Whether a run has written representations yet."""
    return (folder / PROBE).is_file()


def read_snapshot(folder: Path) -> Snapshot:
    """Read ``probe.json`` of an ``embeddings`` folder, evaluations in order of their steps."""
    try:
        text = (folder / PROBE).read_text(encoding="utf-8")
        snapshot = Snapshot.model_validate({**_object(text), "folder": folder})
    except OSError:
        raise LabError(
            "This run has no stored representations: '{file}' cannot be read.", file=folder / PROBE
        ) from None
    except (ValidationError, ValueError) as error:
        raise LabError(
            "The file '{file}' is damaged ({why}); the run itself is not.", file=folder / PROBE, why=_reason(error)
        ) from None
    ordered = tuple(sorted(snapshot.evaluations, key=lambda evaluation: evaluation.step))
    return snapshot.model_copy(update={"evaluations": ordered})


def _object(text: str) -> dict[str, Any]:
    from pydantic_core import from_json

    value = from_json(text)
    if not isinstance(value, dict):
        raise ValueError(Message("not a JSON object"))
    return value


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        said = error.args[0] if error.args else ""
        return said if isinstance(said, Message) else str(error)
    first = error.errors()[0]
    if isinstance(words := first.get("ctx", {}).get("words"), Message):
        return words
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def _inconsistent(words: str) -> PydanticCustomError:
    """An error whose message is these words alone; of a ValueError pydantic would say "Value error, " before them."""
    return PydanticCustomError("inconsistent", "{words}", {"words": words})


def read_space(snapshot: Snapshot, evaluation: Evaluation, space: str) -> Matrix:
    """The vectors (n, d) of all probe images in one of :data:`SPACES`; the pixels are the same at every evaluation."""
    name = PIXELS if space == "pixels" else evaluation.file
    vectors = _tensor(snapshot.folder / name, space)
    if vectors.ndim != 2 or len(vectors) != len(snapshot):
        raise LabError("The file '{file}' of this run does not belong to its {n} images.", file=name, n=len(snapshot))
    matrix = vectors.astype(np.float32)
    if not np.isfinite(matrix).all():
        raise LabError(_DIVERGED[space], file=name)
    return matrix


def read_predicted(snapshot: Snapshot, evaluation: Evaluation) -> tuple[Labels, Matrix] | None:
    """What kNN among the training images predicted for each image at that evaluation, and how sure it was: (n,), (n,).

    None where the run kept neither: it has no labels, or was trained by an earlier release.
    """
    kept = tensors(snapshot.folder / evaluation.file, "predicted", "confidence")
    if len(kept) < 2:
        return None
    said, sure = kept["predicted"], kept["confidence"].astype(np.float32)
    fits = said.shape == sure.shape == (len(snapshot),) and said.dtype.kind == "i"
    if not fits or said.min() < -1 or said.max() >= len(snapshot.class_names):
        raise LabError("The predictions in '{file}' do not belong to the images of this run.", file=evaluation.file)
    return said.astype(np.int16), sure


def width(snapshot: Snapshot, evaluation: Evaluation, space: str) -> int:
    """How many numbers a vector of :func:`read_space` has, without reading them."""
    path = snapshot.folder / (PIXELS if space == "pixels" else evaluation.file)
    with _reading(path) as file:
        shape: list[int] = file.get_slice(space).get_shape()
    return shape[-1]


def tensors(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    """Those of the named tensors that a file has; LabError when it cannot be read."""
    with _reading(path) as file:
        there = set(file.keys())
        found = {name: file.get_tensor(name) for name in names if name in there}
    if any(tensor.dtype.kind not in "fiub" for tensor in found.values()):
        raise LabError(_OTHER_NUMBERS, file=path.name)
    return found


@contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """A file of tensors, opened; what is wrong with it is told in a sentence."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except (OSError, SafetensorError):
        raise LabError(_LOST, file=path.name) from None
    except (AttributeError, TypeError):  # bfloat16 and the like, which NumPy does not know
        raise LabError(_OTHER_NUMBERS, file=path.name) from None


def _tensor(path: Path, name: str) -> NDArray[Any]:
    found = tensors(path, name)
    if name not in found:
        raise LabError(_LOST, file=path.name)
    return found[name]
