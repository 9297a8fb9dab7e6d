"""Decodes image files to square RGB: grayscale, alpha over white, palette, 16-bit, CMYK, EXIF rotation, first frame.

Safe for untrusted files: only common formats are tried, sizes are checked before pixels are unpacked, and every
exception of Pillow becomes a short reason.
"""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from byol_core.data.account import Reason
from byol_core.data.pixels import MOST_PIXELS, SIXTEEN_BIT, Scale, find_scale
from byol_core.errors import InputError

Picture = NDArray[np.uint8]

# Left out: formats for which Pillow starts other programs (EPS), and those without a signature (TGA).
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif"}
)
# Images with more pixels are unpacked one at a time: eight of the largest at once would take gigabytes.
LARGE = 2**24
_one_large = threading.Lock()
# How many encoded bytes and files from an archive are in memory at the same time.
BATCH_BYTES = 2**26
BATCH_FILES = 64

# The EXIF orientations and what undoes them.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Unreadable(Exception):
    """Why a file is not a usable image; ``kind`` is the code of what it is instead, where that is known."""

    def __init__(self, reason: Reason, kind: str = "") -> None:
        super().__init__(reason)
        self.reason, self.kind = reason, kind


def may_be_picture(path: str) -> bool:
    """Whether a file with this name can be an image: it has a known suffix, or none."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES | {""}


def decode(source: bytes | Path, size: int) -> Picture:
    """Decode to (size, size, 3) uint8: the shorter side is resized to ``size``, then the center is cropped.

    Raises Unreadable if it is not a usable image.
    """
    _silence_pillow()
    try:
        with Image.open(source if isinstance(source, Path) else io.BytesIO(source), formats=_formats()) as picture:
            return _square(picture, size)
    except Unreadable:
        raise
    except Exception as error:  # Pillow raises nearly anything for broken files
        raise Unreadable(_reason(error)) from None


def decode_all(
    sources: Iterable[Callable[[], bytes | Path]], size: int, progress: Callable[[int], None] | None = None
) -> Iterator[Picture | Unreadable]:
    """Yield each image in order, or why it is unusable.

    Sources are opened one by one, and decoded in threads.
    """
    done = 0
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for batch in _batches(sources):
            # An archive can only be read by one thread, so its bytes are read first and decoded in threads.
            yield from pool.map(lambda source: _picture_or_reason(source, size), batch)
            done += len(batch)
            if progress:
                progress(done)


def _picture_or_reason(source: bytes | Path | Unreadable, size: int) -> Picture | Unreadable:
    if isinstance(source, Unreadable):
        return source
    try:
        return decode(source, size)
    except Unreadable as error:
        return error


def _batches(sources: Iterable[Callable[[], bytes | Path]]) -> Iterator[list[bytes | Path | Unreadable]]:
    batch: list[bytes | Path | Unreadable] = []
    weight = 0
    for open_source in sources:
        batch.append(_content(open_source))
        weight += len(batch[-1]) if isinstance(batch[-1], bytes) else 0
        if weight >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _content(open_source: Callable[[], bytes | Path]) -> bytes | Path | Unreadable:
    try:
        return open_source()
    except InputError:
        raise
    except MemoryError:
        return Unreadable(Reason.TOO_LARGE)
    except Exception:  # a broken member of an archive
        return Unreadable(Reason.BROKEN_IN_ARCHIVE)


def _silence_pillow() -> None:
    """Silence Pillow's warnings about large images and odd metadata; both are handled here."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _square(picture: Image.Image, size: int) -> Picture:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise Unreadable(Reason.TOO_MANY_PIXELS)
    picture.draft(None, (2 * size, 2 * size))  # decodes a JPEG at 1/2, 1/4 or 1/8 of its size if that is enough
    with _one_large if picture.width * picture.height > LARGE else nullcontext():
        return _unpacked(picture, size)


def _unpacked(picture: Image.Image, size: int) -> Picture:
    picture.load()
    turn = _turn(picture)
    colored = _colored(picture)
    shorter = min(colored.size)
    left, top = (colored.width - shorter) / 2, (colored.height - shorter) / 2
    box = (left, top, left + shorter, top + shorter)
    # One resize from the crop box: cropping first would copy the large image.
    small = colored.resize((size, size), Image.Resampling.BILINEAR, box=box)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return np.asarray(small.transpose(turn) if turn is not None else small)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    with suppress(Exception):  # an image with broken metadata is still usable
        return TURNS.get(picture.getexif().get(0x0112, 1))
    return None


def _colored(picture: Image.Image) -> Image.Image:
    """Convert any mode to RGB, or to RGBA if something is transparent."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return Image.fromarray(_deep_to_uint8(picture)).convert("RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _deep_to_uint8(picture: Image.Image) -> Picture:
    """Scale 16-bit grayscale by its range, other depths by one of the usual ranges or by their own."""
    values = np.asarray(picture)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise Unreadable(Reason.NOT_NUMBERS)
    if values.dtype.kind != "f" and low >= 0 and high <= 65535:
        return SIXTEEN_BIT(values)
    try:
        return find_scale(values.dtype.kind, low, high, "")(values)
    except InputError:
        return Scale(-low, 255 / (high - low), "")(values)


def _reason(error: Exception) -> Reason:
    if isinstance(error, MemoryError):
        return Reason.TOO_LARGE
    if isinstance(error, UnidentifiedImageError):
        return Reason.NOT_AN_IMAGE
    if isinstance(error, Image.DecompressionBombError):
        return Reason.TOO_MANY_PIXELS
    if isinstance(error, PermissionError | FileNotFoundError):
        return Reason.CANNOT_BE_OPENED
    # Pillow raises an OSError for both; only its text tells a file that ends early.
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return Reason.CUT_SHORT
    return Reason.BROKEN
