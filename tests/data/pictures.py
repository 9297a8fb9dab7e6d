"""Picture files of every mode and depth, each with the colors that it shows: made here, so that they are known."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from byol_core.data.decode import TURNS

SIDE = 32
Color = tuple[int, int, int]
ORANGE, CLEAR = (200, 100, 50), (255, 255, 255)
CORNERS: tuple[Color, ...] = ((250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0))  # row by row


@dataclass(frozen=True)
class File:
    """A picture file, the colors of its four corners row by row, and by how much they may differ.

    alone: whether its range would be another one beside the other files.
    """

    name: str
    content: bytes
    corners: tuple[Color, ...]
    tolerance: int = 0
    alone: bool = False


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png16(values: np.ndarray) -> bytes:
    """A PNG of 16 bits with 1 to 4 bands (H, W, C)."""
    height, width, bands = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, (0, 4, 2, 6)[bands - 1], 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(
    values: np.ndarray, photometric: int | None = None, extra: int | None = None, packed: bool = False, order: str = "<"
) -> bytes:
    """A TIFF of (H, W, C) with the data type of the values; ``extra`` says what a fourth band is, None nothing."""
    height, width, bands = values.shape
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    data = zlib.compress(data) if packed else data
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    color = (2 if bands >= 3 else 1) if photometric is None else photometric
    tags: list[tuple[int, tuple[int, ...]]] = [
        (256, (width,)),
        (257, (height,)),
        (258, (values.dtype.itemsize * 8,) * bands),
        (259, (8 if packed else 1,)),
        (262, (color,)),
        (273, (0,)),
        (277, (bands,)),
        (278, (height,)),
        (279, (len(data),)),
        *([] if extra is None else [(338, (extra,))]),
        (339, (kind,) * bands),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    outside, entries = b"", b""
    for tag, numbers in tags:
        if len(numbers) > 2:
            entries += struct.pack(f"{order}HHII", tag, 3, len(numbers), start + len(outside))
            outside += struct.pack(f"{order}{len(numbers)}H", *numbers)
        elif len(numbers) == 2:
            entries += struct.pack(f"{order}HHIHH", tag, 3, 2, *numbers)
        else:
            place = start + sum(2 * len(each) for _, each in tags if len(each) > 2) if tag == 273 else numbers[0]
            entries += struct.pack(f"{order}HHII", tag, 4, 1, place)
    mark = b"II\x2a\0" if order == "<" else b"MM\0\x2a"
    head = mark + struct.pack(f"{order}IH", 8, len(tags))
    return head + entries + struct.pack(f"{order}I", 0) + outside + data


def plane(*values: float, dtype: Any = np.uint16) -> np.ndarray:
    """Values of one color, (H, W, C)."""
    return np.full((SIDE, SIDE, len(values)), values, dtype)


def one(mode: str, value: Any) -> Image.Image:
    """A picture of one color."""
    return Image.new(mode, (SIDE, SIDE), value)


def palette(*colors: Color) -> Image.Image:
    """A picture that shows the last of these colors."""
    found = one("P", len(colors) - 1)
    found.putpalette([value for color in colors for value in color])
    return found


def gray(value: int) -> Color:
    """A gray."""
    return (value, value, value)


def upright() -> Image.Image:
    """A picture with a color in each corner."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    half = SIDE // 2
    for place, color in enumerate(CORNERS):
        top, left = half * (place // 2), half * (place % 2)
        pixels[top : top + half, left : left + half] = color
    return Image.fromarray(pixels)


def turned(orientation: int, kind: str) -> bytes:
    """The picture with the corners, stored as a camera does that was held in this way."""
    undo = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = undo.get(orientation, TURNS.get(orientation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = upright() if turn is None else upright().transpose(turn)
    return saved(picture, kind, exif=exif, **({"quality": 98, "subsampling": 0} if kind == "JPEG" else {}))


def files() -> list[File]:
    """All of them; the names are in the order of the alphabet."""
    made = [*_pngs(), *_tiffs(), *_jpegs(), *_others()]
    return sorted(made, key=lambda file: file.name)


def _flat(name: str, content: bytes, color: Color, tolerance: int = 0, alone: bool = False) -> File:
    return File(name, content, (color,) * 4, tolerance, alone)


def _pngs() -> Iterator[File]:
    yield _flat("1-bit.png", saved(one("1", 1), "PNG"), gray(255))
    yield _flat("gray.png", saved(one("L", 77), "PNG"), gray(77))
    yield _flat("gray-alpha.png", saved(one("LA", (0, 51)), "PNG"), gray(204))
    yield _flat("gray-clear-value.png", saved(one("L", 77), "PNG", transparency=77), CLEAR)
    yield _flat("color.png", saved(one("RGB", ORANGE), "PNG"), ORANGE)
    yield _flat("color-alpha.png", saved(one("RGBA", (0, 0, 0, 51)), "PNG"), gray(204))
    yield _flat("color-clear-value.png", saved(one("RGB", ORANGE), "PNG", transparency=ORANGE), CLEAR)
    yield _flat("palette.png", saved(palette((9, 9, 9), ORANGE), "PNG"), ORANGE)
    yield _flat("palette-2-bit.png", saved(palette((9, 9, 9), (1, 1, 1), ORANGE), "PNG", bits=2), ORANGE)
    yield _flat("palette-clear.png", saved(palette((9, 9, 9), ORANGE), "PNG", transparency=1), CLEAR)
    yield _flat("palette-alpha.png", saved(palette((9, 9, 9), (0, 0, 0)), "PNG", transparency=b"\xff\x33"), gray(204))
    yield _flat("gray-16.png", png16(plane(51400)), gray(200))
    yield _flat("gray-alpha-16.png", png16(plane(0, 13107)), gray(204))
    yield _flat("gray-alpha-16-solid.png", png16(plane(51400, 65535)), gray(200))
    yield _flat("color-16.png", png16(plane(51400, 25700, 12850)), ORANGE)
    yield _flat("color-alpha-16.png", png16(plane(51400, 25700, 12850, 65535)), ORANGE)
    yield _flat("color-12-in-16.png", png16(plane(3212, 1606, 803)), ORANGE, 1, alone=True)
    yield _flat("gray-12-in-16.png", png16(plane(3212)), gray(200), 1, alone=True)
    yield _flat("gray-10-in-16.png", png16(plane(803)), gray(200), 1, alone=True)
    yield _flat("gray-8-in-16.png", png16(plane(200)), gray(200), alone=True)


def _tiffs() -> Iterator[File]:
    byte = np.uint8
    yield _flat("1-bit.tif", saved(one("1", 1), "TIFF"), gray(255))
    yield _flat("gray.tif", saved(one("L", 77), "TIFF"), gray(77))
    yield _flat("gray-white-is-zero.tif", tiff(plane(55, dtype=byte), photometric=0), gray(200))
    yield _flat("color.tif", saved(one("RGB", ORANGE), "TIFF"), ORANGE)
    yield _flat("color-lzw.tif", saved(one("RGB", ORANGE), "TIFF", compression="tiff_lzw"), ORANGE)
    yield _flat("color-jpeg.tif", saved(one("RGB", ORANGE), "TIFF", compression="jpeg"), ORANGE, 4)
    yield _flat("palette.tif", saved(palette((9, 9, 9), ORANGE), "TIFF"), ORANGE)
    yield _flat("cmyk.tif", saved(one("CMYK", (0, 255, 255, 0)), "TIFF"), (255, 0, 0))
    yield _flat("alpha.tif", saved(one("RGBA", (0, 0, 0, 51)), "TIFF"), gray(204))
    yield _flat("fourth-band.tif", tiff(plane(*ORANGE, 51, dtype=byte)), ORANGE)
    yield _flat("fourth-band-unspecified.tif", tiff(plane(*ORANGE, 51, dtype=byte), extra=0), ORANGE)
    yield _flat("fourth-band-alpha.tif", tiff(plane(0, 0, 0, 51, dtype=byte), extra=2), gray(204))
    yield _flat("gray-16.tif", tiff(plane(51400)), gray(200))
    yield _flat("gray-16-big-endian.tif", tiff(plane(51400), order=">"), gray(200))
    yield _flat("gray-16-packed.tif", tiff(plane(51400), packed=True), gray(200))
    yield _flat("gray-16-white-is-zero.tif", tiff(plane(65535 - 12850), photometric=0), gray(50))
    yield _flat("gray-12-in-16.tif", tiff(plane(3212)), gray(200), 1, alone=True)
    yield _flat("gray-14-in-16.tif", tiff(plane(12850)), gray(200), 1, alone=True)
    yield _flat("color-16.tif", tiff(plane(51400, 25700, 12850)), ORANGE)
    yield _flat("color-16-big-endian.tif", tiff(plane(51400, 25700, 12850), order=">"), ORANGE)
    yield _flat("color-16-packed.tif", tiff(plane(51400, 25700, 12850), packed=True), ORANGE)
    yield _flat("color-12-in-16.tif", tiff(plane(3212, 1606, 803)), ORANGE, 1, alone=True)
    yield _flat("fourth-band-16.tif", tiff(plane(51400, 25700, 12850, 99)), ORANGE)
    yield _flat("fourth-band-16-unspecified.tif", tiff(plane(51400, 25700, 12850, 99), extra=0), ORANGE)
    yield _flat("fourth-band-16-alpha.tif", tiff(plane(51400, 25700, 12850, 0), extra=2), CLEAR)
    yield _flat("gray-16-signed.tif", tiff(plane(3212, dtype=np.int16)), gray(200), 1, alone=True)
    yield _flat("gray-32.tif", tiff(plane(51400, dtype=np.int32)), gray(200))
    yield _flat("gray-float.tif", tiff(plane(0.2, dtype=np.float32)), gray(51))
    yield _flat("gray-float-bytes.tif", tiff(plane(200, dtype=np.float32)), gray(200), alone=True)


def _jpegs() -> Iterator[File]:
    yield _flat("gray.jpg", saved(one("L", 77), "JPEG"), gray(77), 2)
    yield _flat("color.jpg", saved(one("RGB", ORANGE), "JPEG"), ORANGE, 4)
    yield _flat("progressive.jpg", saved(one("RGB", ORANGE), "JPEG", progressive=True), ORANGE, 4)
    yield _flat("cmyk.jpg", saved(one("CMYK", (0, 255, 255, 0)), "JPEG"), (255, 0, 0), 4)
    for orientation in range(1, 9):
        yield File(f"exif-{orientation}.jpg", turned(orientation, "JPEG"), CORNERS, 12)
    yield File("exif-6.png", turned(6, "PNG"), CORNERS)
    yield File("exif-8.webp", turned(8, "WEBP"), CORNERS, 40)


def _others() -> Iterator[File]:
    frames = {"save_all": True, "append_images": [one("RGB", (0, 0, 254))]}
    yield _flat("color.bmp", saved(one("RGB", ORANGE), "BMP"), ORANGE)
    yield _flat("gray.bmp", saved(one("L", 77), "BMP"), gray(77))
    yield _flat("palette.bmp", saved(palette((9, 9, 9), ORANGE), "BMP"), ORANGE)
    yield _flat("palette.gif", saved(palette((9, 9, 9), ORANGE), "GIF"), ORANGE)
    yield _flat("clear.gif", saved(palette((9, 9, 9), ORANGE), "GIF", transparency=1), CLEAR)
    yield _flat("film.gif", saved(one("RGB", ORANGE), "GIF", **frames), ORANGE, 6)
    yield _flat("lossless.webp", saved(one("RGB", ORANGE), "WEBP", lossless=True), ORANGE)
    yield _flat("lossy.webp", saved(one("RGB", ORANGE), "WEBP"), ORANGE, 6)
    yield _flat("alpha.webp", saved(one("RGBA", (0, 0, 0, 51)), "WEBP", lossless=True), gray(204))
    yield _flat("film.webp", saved(one("RGB", ORANGE), "WEBP", lossless=True, **frames), ORANGE, 2)
    yield _flat("gray.pgm", saved(one("L", 77), "PPM"), gray(77))
    yield _flat("color.ppm", saved(one("RGB", ORANGE), "PPM"), ORANGE)
    yield _flat("1-bit.pbm", saved(one("1", 1), "PPM"), gray(255))
    yield _flat("gray-16.pgm", b"P5 32 32 65535\n" + (51400).to_bytes(2, "big") * SIDE**2, gray(200))
    yield _flat("gray-of-4095.pgm", b"P5 32 32 4095\n" + (3212).to_bytes(2, "big") * SIDE**2, gray(200))
    yield _flat("gray.jp2", saved(one("L", 77), "JPEG2000"), gray(77))
    yield _flat("color.jp2", saved(one("RGB", ORANGE), "JPEG2000"), ORANGE, 2)
    yield _flat("color.avif", saved(one("RGB", ORANGE), "AVIF", quality=95), ORANGE, 6)
    yield _flat("two.mpo", saved(one("RGB", ORANGE), "MPO", **frames), ORANGE, 4)
