"""The stored representations of a run's probe images: what ``embeddings/`` holds, read with doubt.

A folder may have been copied by hand or cut off by a full disk, so everything is checked before it is used, and
whatever is wrong is said in one sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from byol_core.errors import LabError

if TYPE_CHECKING:
    from PIL import Image

PROBE, SHEET, PIXELS, MAPS = "probe.json", "thumbnails.webp", "pixels.safetensors", "maps"
# What can be mapped: the encoder's output, the projector's output, and what the network was given.
SPACES = ("representation", "projection", "pixels")
_SHEET_LOST = f"The pictures of this run ('{SHEET}') are missing or damaged."

Matrix = NDArray[np.float32]  # (n, d)
Sheet = NDArray[np.uint8]  # (rows * cell, columns * cell, 3)
Name = Annotated[str, Field(pattern=r"^step-\d+\.safetensors$")]  # no path can hide in it
Count = Annotated[int, Field(ge=1)]


class Evaluation(BaseModel):
    """One look at the probe images during training."""

    model_config = ConfigDict(frozen=True)

    step: int = Field(ge=0)
    epoch: float = Field(ge=0)
    file: Name
    knn_accuracy: float | None = None


class Probe(BaseModel):
    """The probe images of a run and the evaluations at which their representations were kept."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    source: str = ""
    image_size: Count
    indices: tuple[int, ...] = Field(min_length=1)
    labels: tuple[Annotated[int, Field(ge=-1)], ...] | None = None
    class_names: tuple[str, ...] = ()
    columns: Count
    cell: Count
    evaluations: tuple[Evaluation, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Probe:
        if self.labels is not None and len(self.labels) != len(self.indices):
            raise ValueError(f"{len(self.labels)} labels for {len(self.indices)} images")
        if self.labels is not None and max(self.labels) >= len(self.class_names):
            raise ValueError("a label without a class name")
        return self

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labelled(self) -> bool:
        """Whether any image has a class."""
        return self.labels is not None and max(self.labels) >= 0

    def class_of(self, i: int) -> str:
        """The class of image ``i``, empty when it has none."""
        label = -1 if self.labels is None else self.labels[i]
        return self.class_names[label] if label >= 0 else ""

    def evaluation(self, step: int) -> Evaluation:
        """The evaluation at that step; LabError when none was kept."""
        for evaluation in self.evaluations:
            if evaluation.step == step:
                return evaluation
        raise LabError(f"This run kept no representations at step {step}.")


def has_probe(folder: Path) -> bool:
    """Whether a run has written representations yet."""
    return (folder / PROBE).is_file()


def read_probe(folder: Path) -> Probe:
    """Read ``probe.json`` of an ``embeddings`` folder, evaluations in order of their steps."""
    try:
        text = (folder / PROBE).read_text(encoding="utf-8")
        probe = Probe.model_validate({**_object(text), "folder": folder})
    except OSError:
        raise LabError(f"This run has no stored representations: '{folder / PROBE}' cannot be read.") from None
    except (ValidationError, ValueError) as error:
        raise LabError(f"The file '{folder / PROBE}' is damaged ({_reason(error)}); the run itself is not.") from None
    ordered = tuple(sorted(probe.evaluations, key=lambda evaluation: evaluation.step))
    return probe.model_copy(update={"evaluations": ordered})


def _object(text: str) -> dict[str, Any]:
    from pydantic_core import from_json

    value = from_json(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _reason(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def read_space(probe: Probe, evaluation: Evaluation, space: str) -> Matrix:
    """The vectors (n, d) of all probe images in one of :data:`SPACES`; the pixels are the same at every evaluation."""
    name = PIXELS if space == "pixels" else evaluation.file
    vectors = _tensor(probe.folder / name, space)
    if vectors.ndim != 2 or len(vectors) != len(probe):
        raise LabError(f"The file '{name}' of this run does not belong to its {len(probe)} images.")
    matrix = vectors.astype(np.float32)
    if not np.isfinite(matrix).all():
        raise LabError(f"The {space} in '{name}' holds values that are not finite: training diverged.")
    return matrix


def _tensor(path: Path, name: str) -> NDArray[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            tensor: NDArray[Any] = file.get_tensor(name)
            return tensor
    except (OSError, SafetensorError):
        raise LabError(f"The file '{path.name}' of this run is missing or damaged; try another evaluation.") from None


def sheet_bytes(probe: Probe) -> bytes:
    """The thumbnails' sheet as it lies on disk, after a look at whether it has a place for every image."""
    with _open_sheet(probe):
        return (probe.folder / SHEET).read_bytes()


def read_sheet(probe: Probe) -> Sheet:
    """The thumbnails' sheet, decoded: (rows * cell, columns * cell, 3) uint8."""
    try:
        with _open_sheet(probe) as picture:
            return np.asarray(picture.convert("RGB"))
    except OSError:
        raise LabError(_SHEET_LOST) from None


def thumbnail(sheet: Sheet, probe: Probe, i: int) -> Sheet:
    """The picture of image ``i`` (cell, cell, 3), cut from the sheet."""
    row, column = divmod(i, probe.columns)
    top, left = row * probe.cell, column * probe.cell
    return sheet[top : top + probe.cell, left : left + probe.cell]


def _open_sheet(probe: Probe) -> Image.Image:
    # Importing the format's own module spares Pillow from importing all the others.
    from PIL import Image, WebPImagePlugin  # noqa: F401

    rows = -(-len(probe) // probe.columns)
    try:
        picture = Image.open(probe.folder / SHEET, formats=["WEBP"])
    except (OSError, Image.DecompressionBombError):
        raise LabError(_SHEET_LOST) from None
    if picture.width < min(len(probe), probe.columns) * probe.cell or picture.height < rows * probe.cell:
        picture.close()
        raise LabError(_SHEET_LOST)
    return picture
