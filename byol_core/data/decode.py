"""Decodes image files to square RGB: grayscale, alpha over white, palette, 16-bit, CMYK, EXIF rotation, first frame.

Safe for untrusted files: only common formats are tried, sizes are checked before pixels are unpacked, and every
exception of Pillow becomes a short reason.
"""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from byol_core.config import value_range
from byol_core.data import deep, filetype
from byol_core.data.account import Reason
from byol_core.data.pixels import AS_STORED, MOST_PIXELS, Array, Scale
from byol_core.data.ranges import Edges, Survey, data_type, edges_of
from byol_core.errors import InputError
from byol_core.messages import Message

Picture = NDArray[np.uint8]

# Left out: formats for which Pillow starts other programs (EPS), and those without a signature (TGA).
FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif"}
)
HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})  # read with the package pillow-heif
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


@dataclass(frozen=True)
class Decoded:
    """An image (size, size, 3) uint8; or the edges of its values if they are no bytes and there is no scale for them.

    ``other_band``: whether a fourth band was left out that is no transparency.
    """

    pixels: Picture | None
    edges: Edges | None = None
    other_band: bool = False


# The scale of each data type. Without one, deep images are not decoded but surveyed.
Scales = Mapping[str, Scale]
SURVEY: Scales = {}


def may_be_picture(path: str) -> bool:
    """Whether a file with this name can be an image: it has a known suffix, or none."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in SUFFIXES or not suffix or (suffix in HEIF_SUFFIXES and reads_heif())


@cache
def reads_heif() -> bool:
    """Whether the package is installed that reads the photos of iPhones."""
    return find_spec("pillow_heif") is not None


def decode(source: bytes | Path, size: int) -> Picture:
    """Decode to (size, size, 3) uint8: the shorter side is resized to ``size``, then the center is cropped.

    An image of more than 8 bits is scaled by its own range. Raises Unreadable if it is not a usable image.
    """
    found = read(source, size, SURVEY)
    if found.pixels is not None:
        return found.pixels
    try:
        scales = scales_of([found], value_range.AUTO, Message("the image"))
    except InputError:  # all its values are the same
        scales = {found.edges.dtype: AS_STORED} if found.edges else SURVEY
    pixels = read(source, size, scales).pixels
    if pixels is None:
        raise Unreadable(Reason.BROKEN)
    return pixels


def scales_of(found: Iterable[Decoded], wanted: str, what: str) -> Scales:
    """The scales for images that were surveyed; ``wanted`` as ``data.range``."""
    survey = Survey()
    for each in found:
        if each.edges is not None:
            survey.add(each.edges)
    return survey.scales(wanted, what)


def read(source: bytes | Path, size: int, scales: Scales) -> Decoded:
    """Decode an image, or survey it if it is deep and has no scale. Raises Unreadable if it is not a usable image."""
    _silence_pillow()
    try:
        with _opened(source) as picture:
            return _square(picture, size, scales, partial(_opened, source))
    except Unreadable:
        raise
    except Exception as error:  # Pillow raises nearly anything for broken files
        raise _unreadable(error, source) from None


def _opened(source: bytes | Path) -> ImageFile:
    return Image.open(source if isinstance(source, Path) else io.BytesIO(source), formats=_formats())


def decode_all(
    sources: Iterable[Callable[[], bytes | Path]],
    size: int,
    progress: Callable[[int], None] | None = None,
    scales: Scales = SURVEY,
) -> Iterator[Decoded | Unreadable]:
    """Yield each image in order, or why it is unusable.

    Sources are opened one by one, and decoded in threads.
    """
    done = 0
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for batch in _batches(sources):
            # An archive can only be read by one thread, so its bytes are read first and decoded in threads.
            yield from pool.map(lambda source: _decoded_or_reason(source, size, scales), batch)
            done += len(batch)
            if progress:
                progress(done)


def _decoded_or_reason(source: bytes | Path | Unreadable, size: int, scales: Scales) -> Decoded | Unreadable:
    if isinstance(source, Unreadable):
        return source
    try:
        return read(source, size, scales)
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
    if reads_heif():
        with suppress(Exception):  # a package that cannot be loaded reads nothing
            import_module("pillow_heif").register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _square(picture: ImageFile, size: int, scales: Scales, again: Callable[[], ImageFile]) -> Decoded:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise Unreadable(Reason.TOO_MANY_PIXELS)
    picture.draft(None, (2 * size, 2 * size))  # decodes a JPEG at 1/2, 1/4 or 1/8 of its size if that is enough
    with _one_large if picture.width * picture.height > LARGE else nullcontext():
        return _unpacked(picture, size, scales, again)


def _unpacked(picture: ImageFile, size: int, scales: Scales, again: Callable[[], ImageFile]) -> Decoded:
    other_band = deep.has_other_band(picture)
    values = deep.values_of(picture, again)
    if values is None:
        return Decoded(_resized(_colored(picture, other_band), size, _turn(picture)), None, other_band)
    scale = scales.get(data_type(values.values.dtype))
    if scale is None:
        return Decoded(None, _edges(values.values), other_band)
    return Decoded(_resized(values.picture(scale), size, _turn(picture)), None, other_band)


def _edges(values: Array) -> Edges:
    edges = edges_of(values)
    if not np.isfinite([edges.lowest, edges.highest]).all():
        raise Unreadable(Reason.NOT_NUMBERS)
    return edges


def _resized(colored: Image.Image, size: int, turn: Image.Transpose | None) -> Picture:
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


def _colored(picture: Image.Image, other_band: bool) -> Image.Image:
    """Convert any mode to RGB, or to RGBA if something is transparent."""
    return picture.convert("RGBA" if picture.has_transparency_data and not other_band else "RGB")


def _unreadable(error: Exception, source: bytes | Path) -> Unreadable:
    reason = _reason(error)
    kind = filetype.of_content(filetype.head(source)) if reason == Reason.NOT_AN_IMAGE else ""
    return Unreadable(Reason.OTHER_KIND, kind) if kind else Unreadable(reason)


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
