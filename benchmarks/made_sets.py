"""Sets for the benchmarks that nobody has to download, and sets with symmetries that are known because they are made.

Everything is drawn by code from a seed. Images are (n, s, s, 3) uint8.
"""

from __future__ import annotations

import gzip
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from byol_core.system.paths import bundled

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
SIDE = 32
FASHION = Path("/usr/share/datasets/fashion-mnist")  # where Debian's dataset-fashion-mnist puts it
LETTERS = string.ascii_uppercase + "bdefghnqrt2345679"
_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf", "DejaVuSerif-Bold.ttf")

# Characters


def fonts() -> list[Any]:
    """DejaVu's where it is installed, and the font that comes with Pillow."""
    found: list[Any] = [ImageFont.load_default(22)]
    for name in _FONTS:
        try:
            found.append(ImageFont.truetype(name, 22))
        except OSError:
            continue
    return found


def character(letter: str, rng: Rng, known: list[Any]) -> Pixels:
    """A letter as somebody might write it: another font, slant, width, place, thickness and gray, on noisy paper."""
    canvas = Image.new("L", (48, 48))
    font = known[rng.integers(len(known))]
    ImageDraw.Draw(canvas).text((24, 24), letter, 255, font=font, anchor="mm", stroke_width=int(rng.integers(0, 2)))
    turn, shear, wide, high = rng.normal(0, 0.12), rng.normal(0, 0.18), *np.exp(rng.normal(0, 0.12, 2))
    a, b = np.cos(turn) / wide, (np.sin(turn) + shear) / wide
    c, d = -np.sin(turn) / high, np.cos(turn) / high
    x, y = 24 + rng.normal(0, 1.2, 2)
    warped = canvas.transform(
        (48, 48), Image.Transform.AFFINE, (a, b, x - 24 * (a + b), c, d, y - 24 * (c + d)), Image.Resampling.BICUBIC
    )
    ink = np.asarray(warped.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9))).crop((8, 8, 40, 40)), np.float32)
    paper, pen = rng.uniform(0.75, 1.0), rng.uniform(0.0, 0.35)
    light = paper + (pen - paper) * ink / 255 + rng.normal(0, 0.03, ink.shape)
    return _rgb(light)


def characters(n: int, seed: int = 0, letters: str = LETTERS) -> tuple[Pixels, NDArray[np.int64]]:
    """Written characters, as many of each kind, in turn."""
    rng, known = np.random.default_rng(seed), fonts()
    labels = np.arange(n) % len(letters)
    return np.stack([character(letters[label], rng, known) for label in labels]), labels


# Textures


def _rgb(light: NDArray[Any]) -> Pixels:
    return np.repeat((light.clip(0, 1) * 255).round().astype(np.uint8)[:, :, None], 3, 2)


def _smooth(rng: Rng, side: int, scale: float) -> NDArray[Any]:
    """Noise whose lumps are about ``scale`` pixels wide, with a deviation of one."""
    at = np.fft.fftfreq(side)
    kernel = np.exp(-2 * (np.pi * scale / 2) ** 2 * (at[:, None] ** 2 + at[None] ** 2))
    found = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) * kernel).real
    return np.asarray(found / found.std())


def _place(rng: Rng, turn: float | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coordinates of the pixels, turned and shifted."""
    angle = rng.uniform(0, np.pi) if turn is None else turn
    y, x = np.mgrid[:SIDE, :SIDE] + rng.uniform(0, 100, (2, 1, 1))
    return np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x


def grating(rng: Rng, turn: float | None = None) -> NDArray[Any]:
    """Stripes."""
    across, _ = _place(rng, turn)
    return np.sin(2 * np.pi * across / rng.uniform(4, 7))


def waves(rng: Rng) -> NDArray[Any]:
    """Stripes that bend."""
    across, along = _place(rng)
    return np.sin(2 * np.pi * (across + 2.5 * np.sin(2 * np.pi * along / 14)) / rng.uniform(5, 8))


def checks(rng: Rng) -> NDArray[Any]:
    """A chessboard."""
    across, along = _place(rng)
    width = rng.uniform(3, 5)
    return np.sign(np.sin(np.pi * across / width) * np.sin(np.pi * along / width))


def dots(rng: Rng) -> NDArray[Any]:
    """Dots in rows."""
    across, along = _place(rng)
    width = rng.uniform(6, 9)
    near = np.hypot((across % width) - width / 2, (along % width) - width / 2)
    return np.where(near < width / 3.5, 1.0, -1.0)


def rings(rng: Rng) -> NDArray[Any]:
    """Rings around a point."""
    y, x = np.mgrid[:SIDE, :SIDE] - rng.uniform(0, SIDE, (2, 1, 1))
    return np.sin(2 * np.pi * np.hypot(x, y) / rng.uniform(4, 7))


def bricks(rng: Rng) -> NDArray[Any]:
    """A wall."""
    across, along = _place(rng)
    width = rng.uniform(5, 7)
    row = np.floor(along / width)
    joint = ((along % width) < 1.3) | (((across + row % 2 * width) % (2 * width)) < 1.3)
    return np.where(joint, 1.0, -1.0)


def cells(rng: Rng) -> NDArray[Any]:
    """The borders of the regions nearest to some points."""
    points = rng.uniform(-6, SIDE + 6, (rng.integers(24, 40), 2))
    at = np.stack(np.mgrid[:SIDE, :SIDE], -1).reshape(-1, 1, 2)
    near = np.sort(np.linalg.norm(at - points, axis=2), 1)
    return np.where(near[:, 1] - near[:, 0] < 1.2, 1.0, -1.0).reshape(SIDE, SIDE)


def spots(rng: Rng) -> NDArray[Any]:
    """Patches with clear borders."""
    return np.sign(_smooth(rng, SIDE, rng.uniform(4, 6)))


def clouds(rng: Rng) -> NDArray[Any]:
    """Lumps of every size."""
    return np.asarray(sum(_smooth(rng, SIDE, 1.5 * 2**k) * 2**k for k in range(4)) / 8)


def scratches(rng: Rng) -> NDArray[Any]:
    """Short lines in every direction."""
    image = Image.new("L", (SIDE, SIDE))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(14, 24)):
        (x, y), angle, half = rng.uniform(0, SIDE, 2), rng.uniform(0, np.pi), rng.uniform(3, 6)
        dx, dy = half * np.cos(angle), half * np.sin(angle)
        draw.line((x - dx, y - dy, x + dx, y + dy), 255)
    return np.asarray(image, np.float64) / 127.5 - 1


TEXTURES: Mapping[str, Callable[[Rng], NDArray[Any]]] = {
    each.__name__: each for each in (grating, waves, checks, dots, rings, bricks, cells, spots, clouds, scratches)
}


def dyed(pattern: NDArray[Any], rng: Rng) -> Pixels:
    """A pattern between two colors that say nothing of its kind, with uneven light and noise."""
    first, second = rng.uniform(0.1, 0.9, (2, 3))
    while np.abs(first - second).mean() < 0.2:
        second = rng.uniform(0.1, 0.9, 3)
    share = 0.5 + pattern[:, :, None] / 2
    light = first + (second - first) * share.clip(0, 1) + 0.05 * _smooth(rng, SIDE, 12)[:, :, None]
    return np.asarray(((light + rng.normal(0, 0.05, light.shape)).clip(0, 1) * 255).round(), np.uint8)


def textures(n: int, seed: int = 0) -> tuple[Pixels, NDArray[np.int64]]:
    """Ten kinds of patterns at any place, in any direction and color."""
    rng, kinds = np.random.default_rng(seed), list(TEXTURES.values())
    labels = np.arange(n) % len(kinds)
    return np.stack([dyed(kinds[label](rng), rng) for label in labels]), labels


# Sets that others have made


def fashion(folder: Path = FASHION) -> dict[str, Any]:
    """Fashion-MNIST from the files of Debian's dataset-fashion-mnist, as arrays for an .npz."""

    def read(name: str) -> Pixels:
        content = gzip.decompress((folder / f"{name}.gz").read_bytes())
        axes = content[3]
        shape = np.frombuffer(content, ">i4", axes, 4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)

    return {
        "x_train": read("train-images-idx3-ubyte"),
        "y_train": read("train-labels-idx1-ubyte").astype(np.int64),
        "x_test": read("t10k-images-idx3-ubyte"),
        "y_test": read("t10k-labels-idx1-ubyte").astype(np.int64),
    }


def digits() -> tuple[Pixels, NDArray[np.int64]]:
    """scikit-learn's 1,797 written digits of 8 pixels."""
    from sklearn.datasets import load_digits

    found = load_digits()
    light = (found.images * (255 / 16)).round().astype(np.uint8)
    return np.repeat(light[..., None], 3, 3), found.target.astype(np.int64)


def embedded(gray: bool = False, n: int | None = None) -> tuple[Pixels, NDArray[np.int64]]:
    """The 5,000 images of the embedded set, or the first ``n``, at 64 pixels; 4,000 of them are its training images."""
    import json

    from byol_core.data.embedded import cells as cut

    folder = bundled("assets/eurosat")
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    with Image.open(folder / "eurosat64_5000.webp") as sheet:
        images = cut(np.asarray(sheet), index["cols"])[: len(index["labels"])][:n]
    if gray:
        images = np.stack([np.asarray(Image.fromarray(image).convert("L").convert("RGB")) for image in images])
    return images, np.array(index["labels"], np.int64)[:n]


def write_folder(folder: Path, parts: Mapping[str, tuple[Pixels, NDArray[np.int64]]], names: list[str]) -> Path:
    """PNG files as people have them: ``train/bricks/00012.png``."""
    for part, (images, labels) in parts.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = folder / part / names[label] / f"{number:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return folder


# Sets whose symmetries are known, because they are made


def scenes(n: int, seed: int = 0) -> Pixels:
    """Bright sky over dark ground, and boxes that stand on it: mirrored they are the same kind, upside down not."""
    rng = np.random.default_rng(seed)
    return np.stack([_scene(rng) for _ in range(n)])


def _scene(rng: Rng) -> Pixels:
    horizon = int(rng.integers(16, 25))
    image = Image.new("RGB", (SIDE, SIDE), tuple(int(c) for c in rng.integers((120, 160, 200), 256)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, horizon, SIDE, SIDE), tuple(int(c) for c in rng.integers(20, (110, 120, 70))))
    for _ in range(rng.integers(1, 4)):
        width, height = rng.integers(3, 9), rng.integers(4, 14)
        x = rng.integers(-width, SIDE)  # as much cut off on the left as on the right
        draw.rectangle(
            (x, horizon + 2 - height, x + width, horizon + 2), tuple(int(c) for c in rng.integers(0, 256, 3))
        )
    return np.asarray((np.asarray(image) + rng.normal(0, 6, (SIDE, SIDE, 3))).clip(0, 255), np.uint8)


def disks(n: int, seed: int = 0) -> Pixels:
    """A disk in the middle of a plain ground: mirrored, upside down or turned, it is the same image."""
    rng, found = np.random.default_rng(seed), []
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    for _ in range(n):
        inside = np.clip(rng.uniform(5, 12) - np.hypot(x, y) + 0.5, 0, 1)[:, :, None]
        ground, color = rng.uniform(0, 1, (2, 3))
        light = ground + (color - ground) * inside + rng.normal(0, 0.02, (SIDE, SIDE, 3))
        found.append((light.clip(0, 1) * 255).astype(np.uint8))
    return np.stack(found)


def gratings(n: int, turn: float | None, seed: int = 0) -> Pixels:
    """Stripes in one direction, ``turn`` from upright; None: in any."""
    rng = np.random.default_rng(seed)
    return np.stack([dyed(grating(rng, turn), rng) for _ in range(n)])


def pointers(n: int, seed: int = 0) -> Pixels:
    """Triangles that point left, anywhere: shifted and upside down they are the same kind, mirrored not."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(n):
        image = Image.new("RGB", (SIDE, SIDE), tuple(int(c) for c in rng.integers(0, 100, 3)))
        (x, y), size = rng.uniform(0, SIDE, 2), rng.uniform(6, 9)
        corners = [(x - size, y), (x + size, y - size * 0.8), (x + size, y + size * 0.8)]
        for dx in (-SIDE, 0, SIDE):
            for dy in (-SIDE, 0, SIDE):
                color = tuple(int(c) for c in rng.integers(150, 256, 3))
                ImageDraw.Draw(image).polygon([(a + dx, b + dy) for a, b in corners], color)
        found.append((np.asarray(image) + rng.normal(0, 5, (SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8))
    return np.stack(found)


def flipped_at_random(images: Pixels, axis: int, seed: int = 0) -> Pixels:
    """The same set with half of its images mirrored along an axis, 1 up-down and 2 left-right: now it is symmetric."""
    chosen = np.random.default_rng(seed).random(len(images)) < 0.5
    return np.where(chosen[:, None, None, None], np.flip(images, axis), images)


def turned_at_random(images: Pixels, seed: int = 0) -> Pixels:
    """The same set with each image turned by any number of quarters."""
    quarters = np.random.default_rng(seed).integers(0, 4, len(images))
    return np.stack([np.rot90(image, count) for image, count in zip(images, quarters, strict=True)])
