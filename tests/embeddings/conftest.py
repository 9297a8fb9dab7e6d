"""A run's ``embeddings/`` for tests: real pictures of the embedded set, with color histograms as what was learned."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import save_file

from byol_core.embeddings.thumbnails import sheet_name
from byol_core.jobs.worker import Worker
from byol_core.system import paths, processes

CELL, SOURCE_COLUMNS, FIRST_TEST, COLUMNS = 64, 50, 4000, 10
Pictures = NDArray[np.uint8]


@cache
def real_test_pictures() -> tuple[Pictures, list[int], list[str]]:
    """The embedded test pictures (1000, 64, 64, 3), their labels and the class names."""
    folder = paths.bundled("assets/eurosat")
    about = json.loads((folder / "index.json").read_text())
    with Image.open(folder / "eurosat64_5000.webp") as sheet:
        below = np.asarray(sheet.crop((0, FIRST_TEST // SOURCE_COLUMNS * CELL, sheet.width, sheet.height)))
    cells = below.reshape(-1, CELL, SOURCE_COLUMNS, CELL, 3).swapaxes(1, 2).reshape(-1, CELL, CELL, 3)
    return cells, about["labels"][FIRST_TEST:], about["class_names"]


def histograms(pictures: Pictures, bins: int) -> NDArray[np.float16]:
    """How often each of ``bins`` cubed colors occurs in each picture."""
    levels = (pictures.astype(int) * bins) // 256
    codes = (levels[..., 0] * bins + levels[..., 1]) * bins + levels[..., 2]
    counts = [np.bincount(code.ravel(), minlength=bins**3) for code in codes]
    return (np.sqrt(np.array(counts)) / CELL).astype(np.float16)


def write_embeddings(
    folder: Path,
    n: int = 60,
    labeled: bool = True,
    steps: tuple[int, ...] = (0, 320),
    per_sheet: int | None = None,
    **more: Any,
) -> Path:
    """Fill ``folder`` as training does; a later step sees finer colors."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, labels, names = real_test_pictures()
    pictures = pictures[:n]
    evaluations = [_evaluation(folder, pictures, place, step, labeled) for place, step in enumerate(steps)]
    small = np.stack([np.asarray(Image.fromarray(picture).resize((16, 16))) for picture in pictures])
    pixels = np.ascontiguousarray(small.transpose(0, 3, 1, 2).reshape(len(pictures), -1))
    save_file({"pixels": pixels}, folder / "pixels.safetensors")
    for number, begin in enumerate(range(0, n, per_sheet or n)):
        (folder / sheet_name(number)).write_bytes(_sheet(pictures[begin : begin + (per_sheet or n)]))
    about = {
        "source": "eurosat",
        "image_size": 32,
        "indices": list(range(FIRST_TEST, FIRST_TEST + n)),
        "labels": labels[:n] if labeled else None,
        "class_names": names if labeled else [],
        "columns": COLUMNS,
        "cell": CELL,
        "evaluations": evaluations,
        **({"per_sheet": per_sheet} if per_sheet else {}),
        **more,
    }
    (folder / "probe.json").write_text(json.dumps(about))
    return folder


def _evaluation(folder: Path, pictures: Pictures, place: int, step: int, labeled: bool) -> dict[str, Any]:
    file = f"step-{step:08d}.safetensors"
    save_file({"representation": histograms(pictures, 4 + place), "projection": histograms(pictures, 3)}, folder / file)
    return {"step": step, "epoch": step / 32, "file": file, "knn_accuracy": 0.6 + place / 50 if labeled else None}


def _sheet(pictures: Pictures) -> bytes:
    rows = -(-len(pictures) // COLUMNS)
    cells = np.zeros((rows * COLUMNS, CELL, CELL, 3), np.uint8)
    cells[: len(pictures)] = pictures
    whole = cells.reshape(rows, COLUMNS, CELL, CELL, 3).swapaxes(1, 2).reshape(rows * CELL, COLUMNS * CELL, 3)
    packed = io.BytesIO()
    Image.fromarray(whole).save(packed, "WEBP", quality=90)
    return packed.getvalue()


@pytest.fixture
def make_embeddings() -> Callable[..., Path]:
    """Write an ``embeddings/`` folder: ``make_embeddings(folder, n=60, labeled=True, steps=(0, 320))``."""
    return write_embeddings


@pytest.fixture
def embeddings(tmp_path: Path) -> Path:
    """60 labeled pictures, evaluated at steps 0 and 320."""
    return write_embeddings(tmp_path / "embeddings")


@pytest.fixture
def unlabeled(tmp_path: Path) -> Path:
    """The same without labels."""
    return write_embeddings(tmp_path / "embeddings", labeled=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home without runs."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warm process is not started, so that the test itself answers."""
    monkeypatch.setattr(processes, "start_detached", lambda *_, **__: None)
    monkeypatch.setattr("byol_core.jobs.service._is_coming", lambda home, lane: False)


@pytest.fixture
def answer(home: Path, nobody: None) -> Callable[[], None]:
    """Answer all that waits, in this process."""
    return lambda: Worker(home, "interactive", 0.0).serve()


@pytest.fixture
def real_pictures() -> Pictures:
    """The embedded test pictures (1000, 64, 64, 3)."""
    return real_test_pictures()[0]
