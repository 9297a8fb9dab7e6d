"""Picture files to square RGB: gray, alpha over white, palette, 16-bit, CMYK, EXIF rotation, first frame of a film.

Foreign files cannot do harm here: only common formats are tried, sizes are checked before pixels are unpacked, and
whatever Pillow raises becomes one reason in words.
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

from byol_core.data.pixels import MOST_PIXELS, SIXTEEN_BIT, Scale, find_scale
from byol_core.errors import InputError

Picture = NDArray[np.uint8]

# Pillow also knows formats that start other programs (EPS) or have no mark of their own (TGA): those are left out.
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif"}
)
# Pictures of more pixels are unpacked one at a time: eight of the largest together would take gigabytes.
LARGE = 2**24
_one_large = threading.Lock()
# Encoded bytes and files that are in memory together, when they come from an archive.
BATCH_BYTES = 2**26
BATCH_FILES = 64

TOO_LARGE = "too large for the memory that is free"

# What EXIF's orientation asks for.
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
    """Why one file is no usable picture, in a few words."""


def may_be_picture(path: str) -> bool:
    """Whether the name allows for a picture: a known suffix, or none at all."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES | {""}


def decode(source: bytes | Path, size: int) -> Picture:
    """(size, size, 3) uint8: shorter side resized to ``size``, center crop; Unreadable when it is no usable picture."""
    _hush_pillow()
    try:
        with Image.open(source if isinstance(source, Path) else io.BytesIO(source), formats=_formats()) as picture:
            return _square(picture, size)
    except Unreadable:
        raise
    except Exception as error:  # Pillow raises nearly anything on broken files
        raise Unreadable(_reason(error)) from None


def decode_all(
    sources: Iterable[Callable[[], bytes | Path]], size: int, progress: Callable[[int], None] | None = None
) -> Iterator[Picture | str]:
    """Each picture in order, or the reason why it is none; sources are opened one after another, decoded in threads."""
    done = 0
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for batch in _batches(sources):
            yield from pool.map(lambda source: _picture_or_reason(source, size), batch)
            done += len(batch)
            if progress:
                progress(done)


def _picture_or_reason(source: bytes | Path | str, size: int) -> Picture | str:
    if isinstance(source, str):
        return source
    try:
        return decode(source, size)
    except Unreadable as error:
        return str(error)


def _batches(sources: Iterable[Callable[[], bytes | Path]]) -> Iterator[list[bytes | Path | str]]:
    batch: list[bytes | Path | str] = []
    weight = 0
    for open_source in sources:
        batch.append(_content(open_source))
        weight += len(batch[-1]) if isinstance(batch[-1], bytes) else 0
        if weight >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _content(open_source: Callable[[], bytes | Path]) -> bytes | Path | str:
    try:
        return open_source()
    except InputError:
        raise
    except MemoryError:
        return TOO_LARGE
    except Exception:  # a broken member of an archive
        return "broken in the archive"


def _hush_pillow() -> None:
    """Pillow warns of large pictures and odd metadata; both are dealt with here, in words or silently."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _square(picture: Image.Image, size: int) -> Picture:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise Unreadable(f"{pixels / 1e6:.0f} megapixels, more than the {MOST_PIXELS / 1e6:.0f} that are read")
    picture.draft(None, (2 * size, 2 * size))  # a JPEG is unpacked at a half, quarter or eighth when that is enough
    with _one_large if picture.width * picture.height > LARGE else nullcontext():
        return _unpacked(picture, size)


def _unpacked(picture: Image.Image, size: int) -> Picture:
    picture.load()
    turn = _turn(picture)
    colored = _colored(picture)
    shorter = min(colored.size)
    left, top = (colored.width - shorter) / 2, (colored.height - shorter) / 2
    box = (left, top, left + shorter, top + shorter)
    small = colored.resize((size, size), Image.Resampling.BILINEAR, box=box)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
    return np.asarray(small.transpose(turn) if turn is not None else small)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    with suppress(Exception):  # broken metadata does not make a picture unusable
        return TURNS.get(picture.getexif().get(0x0112, 1))
    return None


def _colored(picture: Image.Image) -> Image.Image:
    """Any mode to RGB, or to RGBA where something is transparent."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return Image.fromarray(_deep_to_uint8(picture)).convert("RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _deep_to_uint8(picture: Image.Image) -> Picture:
    """16-bit gray by its range; other depths by the usual ranges, or from their lowest to their highest value."""
    values = np.asarray(picture)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise Unreadable("holds values that are not numbers")
    if values.dtype.kind != "f" and low >= 0 and high <= 65535:
        return SIXTEEN_BIT(values)
    try:
        return find_scale(values.dtype.kind, low, high, "")(values)
    except InputError:
        return Scale(-low, 255 / (high - low), "")(values)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return TOO_LARGE
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the {MOST_PIXELS / 1e6:.0f} megapixels that are read"
    if isinstance(error, PermissionError | FileNotFoundError):
        return "cannot be opened"
    # Pillow raises an OSError for both; only its text tells a file that ends early.
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return "cut short"
    return "broken"
