"""One image of every kind becomes the right square, and no foreign file is more than a reason in words."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from byol_core.data import decode as module
from byol_core.data.account import Reason
from byol_core.data.decode import Unreadable, decode, may_be_picture
from tests.data.pictures import File, files, png16, saved, tiff


def color(content: bytes) -> list[int]:
    """The one color of a decoded image."""
    pixels = decode(content, 8)
    assert pixels.shape == (8, 8, 3)
    assert np.ptp(pixels.reshape(-1, 3).astype(int), axis=0).max() <= 2
    return [int(value) for value in pixels[4, 4]]


@pytest.mark.parametrize("file", files(), ids=lambda file: file.name)
def test_every_mode_and_depth_shows_its_colors(file: File) -> None:
    found = decode(file.content, 8)
    assert found.shape == (8, 8, 3)
    corners = found[[1, 1, 6, 6], [1, 6, 1, 6]].astype(int)
    assert np.abs(corners - np.array(file.corners)).max() <= file.tolerance


def test_an_odd_range_is_stretched() -> None:
    ramp = Image.fromarray(np.linspace(-500, 1500, 64, dtype=np.float32).reshape(8, 8))
    assert decode(saved(ramp, "TIFF"), 8)[[0, 7], [0, 7], 0].tolist() == [0, 255]


def test_all_bits_of_16_bit_color_are_read() -> None:
    values = np.random.default_rng(0).integers(0, 4096, (8, 8, 3), np.uint16)
    for content in (png16(values), tiff(values), tiff(values, order=">"), tiff(values, packed=True)):
        assert np.abs(decode(content, 8) - values / 4095 * 255).max() <= 1.3  # the two outermost of each image are cut


def test_float_without_numbers_is_named() -> None:
    with pytest.raises(Unreadable, match="not_numbers"):
        decode(saved(Image.fromarray(np.full((8, 8), np.nan, np.float32)), "TIFF"), 8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(orientation: int, kind: str) -> None:
    """The upright image has red on the upper left; each file stores it turned as EXIF says."""
    upright = np.zeros((32, 32, 3), np.uint8)
    upright[:16, :16, 0], upright[:16, 16:, 1], upright[16:, :16, 2] = 255, 255, 255
    undo = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = undo.get(orientation, module.TURNS.get(orientation))
    stored = Image.fromarray(upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(stored if turn is None else stored.transpose(turn), kind, exif=exif)
    assert np.abs(decode(content, 8)[[1, 1, 6], [1, 6, 1]].astype(int) - upright[[8, 8, 24], [8, 24, 8]]).max() < 60


def test_the_center_of_a_wide_picture_is_kept() -> None:
    wide = np.zeros((50, 150, 3), np.uint8)
    wide[:, 50:100] = 200
    found = decode(saved(Image.fromarray(wide), "PNG"), 10)
    assert (found[:, 1:-1] == 200).all()
    assert found.min() > 150  # the resize sees a little of what is cropped


def test_the_resize_is_antialiased() -> None:
    lines = np.zeros((64, 64), np.uint8)
    lines[:, ::2] = 255
    assert np.abs(decode(saved(Image.fromarray(lines), "PNG"), 8).astype(int) - 127).max() <= 12


def test_a_large_jpeg_is_decoded_at_reduced_size_accurately() -> None:
    picture = Image.fromarray(np.add.outer(np.arange(1024), np.arange(1024)).astype(np.uint16) // 8).convert("L")
    small = np.asarray(picture.resize((16, 16), Image.Resampling.BILINEAR))
    assert np.abs(decode(saved(picture, "JPEG", quality=95), 16)[..., 0].astype(int) - small).max() <= 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_the_first_frame_of_a_film_is_taken(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), value) for value in ((0, 0, 254), (254, 0, 0))]
    found = color(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert np.allclose(found, [0, 0, 254], atol=6)


def test_a_path_is_read_too(tmp_path: Path, png: Callable[..., bytes]) -> None:
    (tmp_path / "a.png").write_bytes(png())
    assert decode(tmp_path / "a.png", 4).shape == (4, 4, 3)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "other_kind"),
        (b"just some text, named .png", "not_an_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "other_kind"),
        (cut(saved(NOISE, "JPEG")), "cut_short"),
        (cut(saved(NOISE, "PNG")), "cut_short"),
        (cut(saved(NOISE, "WEBP")), "broken|cut_short|not_an_image"),
        (saved(NOISE, "PNG")[:60] + bytes(500), "broken|cut_short"),
    ],
)
def test_broken_and_foreign_files_get_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^({reason})$"):
        decode(content, 8)


def test_a_photo_of_an_iphone_says_what_it_is() -> None:
    with pytest.raises(Unreadable) as caught:
        decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50), 8)
    assert (caught.value.reason, caught.value.kind) == (Reason.OTHER_KIND, "heic")


def test_a_photo_of_an_iphone_is_read_with_its_package() -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    assert (
        np.abs(np.array(color(saved(Image.new("RGB", (64, 64), (200, 100, 50)), "HEIF"))) - (200, 100, 50)).max() <= 6
    )
    assert may_be_picture("IMG_0001.HEIC")


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises far more than it holds."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in (header, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [10_100, 50_000])
def test_a_decompression_bomb_is_refused_by_size_without_warning(side: int) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(Unreadable, match="too_many_pixels"):
            decode(bomb(side, side), 8)
    assert not heard


def test_between_pillows_limit_and_ours_there_is_no_warning() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(Unreadable, match=r"cut_short|broken"):
            decode(bomb(9_700, 9_700), 8)
    assert not heard


@pytest.mark.parametrize(
    ("path", "expected"), [("a.JPG", True), ("b/c", True), ("a.txt", False), ("x.eps", False), ("a.png.zip", False)]
)
def test_names_tell_pictures(path: str, expected: bool) -> None:
    assert may_be_picture(path) is expected
