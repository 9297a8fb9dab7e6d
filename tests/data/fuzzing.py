"""A process of its own that feeds thousands of malformed files to the real loaders, and reports what came of it.

``python -m tests.data.fuzzing FOLDER [EVERY]`` feeds one file of EVERY, or all, and prints a JSON object. An audit hook
sees every file that is opened, whoever opens it in Python; a crash in a C library ends the process, which the test
sees.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import resource
import struct
import sys
import tarfile
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from byol_core.data.catalog import load
from byol_core.data.decode import Unreadable, decode
from byol_core.data.imageset import ImageSet
from byol_core.errors import LabError

SIZE = 8
PICTURES, ARCHIVES, ARRAYS = 6_500, 2_400, 1_600  # files of each kind
Files = dict[str, bytes]
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# What no loader may do at all.
NEVER = ("pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect")
TOUCHING = ("os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate")


class Watch:
    """Notes what is opened or changed outside of a folder; reading the installed software is no news."""

    def __init__(self, folder: Path) -> None:
        roots = {sys.prefix, sys.base_prefix, str(Path(__file__).parents[2])}
        self.folder, self.software = str(folder), tuple({*roots, *map(os.path.realpath, roots)})
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in NEVER:
            self.seen.append(f"{event} {arguments[:2]!r}")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            self._opened(os.fsdecode(arguments[0]), arguments[2] or 0)
        elif event in TOUCHING and not self._inside(os.fsdecode(arguments[0])):
            self.seen.append(f"{event} {arguments[0]!r}")

    def _opened(self, name: str, flags: int) -> None:
        software = os.path.realpath(name).startswith((*self.software, "/proc/", "/sys/", "/dev/null", "/dev/shm"))
        if not self._inside(name) and (flags & WRITING or not software):
            self.seen.append(f"open {name!r} {flags:#x}")

    def _inside(self, name: str) -> bool:
        return os.path.realpath(name).startswith(self.folder)


def good_pictures() -> list[bytes]:
    """Honest images of every kind, small, with what makes readers stumble: palettes, depth, frames, metadata."""
    noise = np.random.default_rng(0).integers(0, 255, (24, 20, 3), np.uint8)
    color, gray = Image.fromarray(noise), Image.fromarray(noise[..., 0])
    exif = Image.Exif()
    exif[0x0112] = 6
    ways: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (color, "PNG", {}),
        (color.convert("P"), "PNG", {"transparency": 3}),
        (Image.fromarray(noise[..., 0].astype(np.uint16) * 200), "PNG", {}),
        (color, "JPEG", {"exif": exif}),
        (color, "JPEG", {"progressive": True}),
        (color.convert("CMYK"), "JPEG", {}),
        (color.convert("P"), "GIF", {"save_all": True, "append_images": [color.rotate(90).convert("P")]}),
        (color, "TIFF", {"compression": "tiff_lzw"}),
        (color, "TIFF", {"compression": "tiff_deflate"}),
        (Image.fromarray(noise[..., 0].astype(np.float32)), "TIFF", {}),
        (gray, "TIFF", {"compression": "jpeg"}),
        (color, "WEBP", {}),
        (color.convert("RGBA"), "WEBP", {"lossless": True}),
        (color, "BMP", {}),
        (gray, "PPM", {}),
        (color, "JPEG2000", {}),
    ]
    return [_saved(picture, kind, options) for picture, kind, options in ways]


def _saved(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The bytes after a few of the ways in which files break or are broken; the start is hit most."""
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = int(len(broken) * chance.random() ** chance.choice((1, 3)))
        length = chance.choice((1, 2, 4, 8, 64, 512))
        match chance.randrange(8):
            case 0:
                broken[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                broken[place : place + length] = bytes([chance.choice((0, 0xFF, 0x7F, 0x80))]) * length
            case 2:
                number = chance.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 65_000, 100_000))
                broken[place : place + 4] = struct.pack(chance.choice("<>") + "I", number)
            case 3:
                del broken[place:]
            case 4:
                del broken[place : place + length]
            case 5:
                broken[place:place] = broken[place : place + length] * chance.choice((1, 2, 50))
            case 6:
                broken[place : place + length] = other[place : place + length]
            case _:
                broken[place:place] = chance.randbytes(length)
    return bytes(broken)


def with_right_sums(png: bytes) -> bytes:
    """A PNG of which the checksums fit again, so that a reader goes on to what they cover."""
    parts, place = [png[:8]], 8
    while place + 12 <= len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        body = png[place + 4 : place + 8 + min(length, len(png))]
        parts += [png[place : place + 4], body, struct.pack(">I", zlib.crc32(body))]
        place += 12 + length
    return b"".join(parts)


def zipped(files: Files, chance: random.Random) -> bytes:
    """A .zip of these files, now and then with foreign names and kinds of entries."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(_odd(name, chance))
            entry.compress_type = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
            entry.external_attr = chance.choice((0o100644, 0o100644, 0o120777, 0o060644)) << 16
            archive.writestr(entry, data)
    return content.getvalue()


def tarred(files: Files, chance: random.Random, broken: Callable[[bytes], bytes]) -> bytes:
    """A .tar that was broken before it was packed, or after."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=chance.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(_odd(name, chance))
            entry.size, entry.linkname = len(data), "/etc/passwd"
            entry.type = chance.choice((b"0", b"0", b"0", b"2", b"1", b"3", b"S", b"x"))
            tar.addfile(entry, io.BytesIO(data))
    pack = chance.choice((bytes, bytes, gzip.compress, bz2.compress, lzma.compress))
    return pack(broken(content.getvalue())) if chance.random() < 0.7 else broken(pack(content.getvalue()))


def _odd(name: str, chance: random.Random) -> str:
    names = ("../../outside.png", "/tmp/outside.png", "..\\outside.png", "C:\\outside.png", "a/" * 200 + "b.png", "")
    return chance.choice(names) if chance.random() < 0.03 else name


def arrays(chance: random.Random, broken: Callable[[bytes], bytes]) -> tuple[str, bytes]:
    """A .npy or an .npz, broken inside or outside; now and then of Python objects."""
    images = np.random.default_rng(1).integers(0, 255, (6, 10, 10, 3)).astype(chance.choice("Bhfd"))
    if chance.random() < 0.05:
        images = np.array([{"an": "object"}] * 3, dtype=object)
    content = io.BytesIO()
    np.save(content, np.asfortranarray(images) if chance.random() < 0.2 else images, allow_pickle=True)
    if chance.random() < 0.5:
        return "set.npy", broken(content.getvalue())
    inside = content.getvalue() if chance.random() < 0.5 else broken(content.getvalue())
    labels = io.BytesIO()
    np.save(labels, np.array(chance.choice(([0, 1, 0, 1, 0, 1], ["a", "b"] * 3, [9] * 4, [0.5] * 6))))
    packed = zipped({"x_train.npy": inside, "y_train.npy": labels.getvalue()}, chance)
    return "set.npz", packed if inside is not content.getvalue() else broken(packed)


def a_picture(good: list[bytes], chance: random.Random) -> bytes:
    """One broken image."""
    data = mutated(chance.choice(good), chance.choice(good), chance)
    return with_right_sums(data) if data.startswith(b"\x89PNG") and chance.random() < 0.7 else data


def a_set(kind: str, good: list[bytes], chance: random.Random) -> tuple[str, bytes]:
    """One broken file of many images."""

    def broken(data: bytes) -> bytes:
        return mutated(data, chance.choice(good), chance) if chance.random() < 0.8 else data

    if kind == "arrays":
        return arrays(chance, broken)
    pictures = [chance.choice((chance.choice(good), a_picture(good, chance))) for _ in range(4)]
    files = {f"{'ab'[i % 2]}/{i}.png": picture for i, picture in enumerate(pictures)}
    if chance.random() < 0.5:
        return "set.zip", broken(zipped(files, chance))
    return "set.tar", tarred(files, chance, broken)


def outcome(work: Callable[[], Any]) -> str:
    """ "read", "refused", or what should not have happened."""
    try:
        found = work()
    except (LabError, Unreadable):
        return "refused"
    except BaseException:
        return traceback.format_exc(limit=-4)
    fits = isinstance(found, ImageSet) or (found.shape == (SIZE, SIZE, 3) and found.dtype == np.uint8)
    return "read" if fits else f"{type(found)} came back"


def main(folder: Path, every: int) -> dict[str, Any]:
    """The files, one after another, each from its own seed."""
    good, kept, wrong = good_pictures(), Counter[str](), []
    decode(good[0], SIZE)
    (folder / "warm.zip").write_bytes(zipped({"a.png": good[0], "b.png": good[1]}, random.Random(1)))
    outcome(partial(load, str(folder / "warm.zip"), SIZE))
    watch, before = Watch(folder), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.addaudithook(watch)
    for seed in range(0, PICTURES + ARCHIVES + ARRAYS, every):
        chance = random.Random(seed)
        if seed < PICTURES:
            picture = a_picture(good, chance)
            said = outcome(partial(decode, picture, SIZE))
        else:
            name, data = a_set("archives" if seed < PICTURES + ARCHIVES else "arrays", good, chance)
            (folder / name).write_bytes(data)
            said = outcome(partial(load, str(folder / name), SIZE))
        fine = said in ("read", "refused")
        kept[said if fine else "wrong"] += 1
        wrong += [] if fine else [f"seed {seed}: {said}"]
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {**kept, "outside": watch.seen[:5], "examples": wrong[:5], "grown_mb": grown // 1024}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).resolve(), int(*sys.argv[2:]) or 1)))
