"""Reads the images in a .zip or .tar in place: nothing is ever unpacked to the disk.

The whole archive is rejected if an entry has a path that leads out of it or is a device, or if the archive contains far
more than its size suggests. A hard link to a file of the archive is that file; other links are left out.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from byol_core.config import value_range
from byol_core.data import filetype
from byol_core.data.account import Reason
from byol_core.data.arrays import MOST_RATIO, MOST_TOTAL, Progress
from byol_core.data.decode import may_be_picture
from byol_core.data.files import load_tree
from byol_core.data.imageset import ImageSet
from byol_core.data.room import Room, in_memory
from byol_core.data.tree import File, Tree
from byol_core.errors import InputError
from byol_core.messages import Message
from byol_core.system.bounded import BoundedFile
from byol_core.system.text import storable

# Largest unpacked size of one image, in bytes.
MOST_MEMBER = 2**27
# What an entry without content is counted as, in bytes.
ENTRY = 512
# The number of entries that is always allowed, and how many bytes of archive each further one needs: an entry takes
# memory before anything is read.
LEAST_ENTRIES, BYTES_AN_ENTRY = 100_000, 256
# Bytes of an entry in the directory at the end of a .zip, with a name of usual length.
BYTES_LISTED = 128
# Longest name in characters, and deepest nesting of folders.
MOST_NAME, MOST_DEPTH = 1024, 32
# Memory that unpacking an .xz may take; `xz -9` needs 65 MB.
MOST_XZ_BYTES = 2**27
UTF8_NAME = 0x800  # the flag of a .zip for names that are UTF-8

_UNPACKERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_BROKEN = (
    *(OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, ValueError),
    *(NotImplementedError, OverflowError, MemoryError, struct.error, IndexError),
)


def load_archive(
    path: Path,
    size: int,
    progress: Progress | None,
    limit: int | None,
    room: Room = in_memory,
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load the images of a .zip or a .tar (plain, gzip, bzip2 or xz)."""
    with opened(path) as tree:
        if not tree.files:
            raise InputError("The archive '{name}' is empty: there are no images in it.", name=path.name)
        return load_tree(tree, size, progress, limit, room, values)


@contextmanager
def opened(path: Path) -> Iterator[Tree]:
    """What the archive lists; its files can be read inside the block."""
    with ExitStack() as stack:
        try:
            tree = _zip_tree(path, stack) if zipfile.is_zipfile(path) else _tar_tree(path, stack)
        except _BROKEN as error:
            raise InputError(_why(path, error)) from None
        yield tree


def _why(path: Path, error: Exception) -> str:
    # tarfile and gzip raise the same classes for what is broken and what ends early; only their texts differ.
    if isinstance(error, EOFError) or "unexpected end" in str(error):
        return Message("The archive '{name}' cannot be read: it is cut short.", name=path.name)
    if isinstance(error, tarfile.ReadError) and filetype.head(path).startswith(tuple(_UNPACKERS)):
        return filetype.sentence(path.name, "compressed")
    return Message("The archive '{name}' cannot be read: it is broken, or no .zip or .tar.", name=path.name)


def _unpacked(path: Path, stack: ExitStack) -> IO[bytes]:
    file = stack.enter_context(path.open("rb"))
    start = file.read(6)
    file.seek(0)
    _check_xz(file)
    unpacker = next((unpacker for mark, unpacker in _UNPACKERS.items() if start.startswith(mark)), None)
    return file if unpacker is None else stack.enter_context(unpacker(file, "rb"))


def _check_xz(file: IO[bytes]) -> None:
    """Raise LZMAError if an .xz needs a lot of memory: its header can demand any amount."""
    start = file.read(2**12)
    file.seek(0)
    if start.startswith(b"\xfd7zXZ\x00"):
        lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_XZ_BYTES).decompress(start, max_length=1)


def _bounded(file: IO[bytes], name: str, most: int) -> BoundedFile:
    refusal = InputError("The archive '{name}' holds an entry that is far too large to be read.", name=name)
    return BoundedFile(file, most, refusal)


class _Inspector:
    """Checks every entry before it is read, and rejects the archive at the first one that may be harmful."""

    def __init__(self, path: Path) -> None:
        self.name, self.total, self.entries = path.name, 0, 0
        weight = path.stat().st_size
        self.most = max(MOST_TOTAL, MOST_RATIO * weight)
        self.most_entries = max(LEAST_ENTRIES, weight // BYTES_AN_ENTRY)

    def count(self) -> None:
        """Count an entry."""
        self.entries += 1
        if self.entries > self.most_entries:
            raise InputError(
                "The archive '{archive}' is refused: it holds more than {most:,} entries, far more than its size on "
                "the disk allows.",
                archive=self.name,
                most=self.most_entries,
            )

    def check(self, name: str, size: int, plain: bool) -> None:
        """Check an entry by its name, its unpacked size, and whether it is a plain file or folder."""
        if len(name) > MOST_NAME or name.count("/") > MOST_DEPTH:
            raise InputError(
                "The archive '{archive}' is refused: it holds '{name}…', a name that is far too long.",
                archive=self.name,
                name=name[:40],
            )
        if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
            raise InputError(
                "The archive '{archive}' is refused: it holds '{name}', which points outside of it.",
                archive=self.name,
                name=name,
            )
        if not plain:
            raise InputError(
                "The archive '{archive}' is refused: it holds '{name}', which is a device or another special file.",
                archive=self.name,
                name=name,
            )
        if size > MOST_MEMBER and may_be_picture(name):
            raise InputError(
                "The archive '{archive}' is refused: it holds '{name}' of {size:,.0f} MB, and {most:.0f} MB are the "
                "most for an image.",
                archive=self.name,
                name=name,
                size=size / 2**20,
                most=MOST_MEMBER / 2**20,
            )
        self.total += size + ENTRY
        if self.total > self.most:
            raise InputError(
                "The archive '{archive}' is refused: it holds more than {most:,.0f} MB, far more than its size on the "
                "disk allows.",
                archive=self.name,
                most=self.most / 2**20,
            )


def _zip_tree(path: Path, stack: ExitStack) -> Tree:
    tree, inspector, folders = Tree(path.name), _Inspector(path), []
    content: Any = _bounded(stack.enter_context(path.open("rb")), path.name, BYTES_LISTED * inspector.most_entries)
    archive = stack.enter_context(zipfile.ZipFile(content))  # the list of its entries is one read
    content.most = MOST_MEMBER
    for entry in archive.infolist():
        inspector.count()
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(
                "The archive '{name}' is packed in a rare way: pack it with plain zip (deflate).", name=path.name
            )
        name, kind = _zip_name(entry), stat.S_IFMT(entry.external_attr >> 16)
        inspector.check(name, entry.file_size, kind in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK))
        if entry.flag_bits & 1:
            raise InputError("The archive '{name}' is locked with a password: unpack it first.", name=path.name)
        if kind == stat.S_IFLNK:
            tree.ledger.leave_out(Reason.LINK, storable(_clean(name)))
        elif name.endswith("/"):
            folders.append(_clean(name))
        else:
            tree.files.append(File(_clean(name), partial(_read_zip, archive, entry), size=entry.file_size))
    return _with_empty(tree, folders)


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry with the separators of Linux, and as UTF-8 where it is so but is not marked as such."""
    name = entry.filename
    if not entry.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):  # zipfile has read the bytes as those of the first PC
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _tar_tree(path: Path, stack: ExitStack) -> Tree:
    content: Any = _bounded(_unpacked(path, stack), path.name, MOST_MEMBER)
    tar = stack.enter_context(tarfile.TarFile(fileobj=content))
    tree, inspector, members = Tree(path.name), _Inspector(path), _Members(tar)
    for entry in tar:
        inspector.count()
        target = members.target(entry)
        size = target.size if target else entry.size
        inspector.check(entry.name, size, entry.isfile() or entry.isdir() or entry.issym() or entry.islnk())
        if entry.isdir():
            members.folders.append(_clean(entry.name))
        elif target is None:
            tree.ledger.leave_out(Reason.LINK, storable(_clean(entry.name)))
        else:
            members.add(entry, target)
    tree.files.extend(members.files())
    return _with_empty(tree, members.folders)


class _Members:
    """The files of a .tar. A hard link stands for an earlier file; symbolic links are never followed."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar, self.folders = tar, list[str]()
        self._known: dict[str, tarfile.TarInfo] = {}
        self._found: list[tuple[tarfile.TarInfo, File]] = []
        self._last: tuple[tarfile.TarInfo, bytes] | None = None

    def target(self, entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        """The entry with the content of this one; None for a link that leads to no file of the archive."""
        return self._known.get(_clean(entry.linkname)) if entry.islnk() else None if entry.issym() else entry

    def add(self, entry: tarfile.TarInfo, target: tarfile.TarInfo) -> None:
        """Take a file in."""
        self._known[_clean(entry.name)] = target
        self._found.append((target, File(_clean(entry.name), partial(self._read, target), size=target.size)))

    def files(self) -> list[File]:
        """The files in the order of their content, since a packed archive can only be read forward."""
        return [file for target, file in sorted(self._found, key=lambda each: each[0].offset_data)]

    def _read(self, target: tarfile.TarInfo) -> bytes:
        # The links of a file follow it directly: with its content kept, no archive is unpacked once more for each.
        if self._last is None or self._last[0] is not target:
            file = self.tar.extractfile(target)
            self._last = (target, file.read() if file else b"")
        return self._last[1]


def _clean(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _with_empty(tree: Tree, folders: list[str]) -> Tree:
    """Add the folders that contain nothing, since each may stand for an empty class."""
    names = [*(file.path for file in tree.files), *folders]
    full = {parent.as_posix() for name in names for parent in Path(name).parents}
    tree.empty.extend(folder for folder in folders if folder and folder not in full)
    return tree


def _read_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        return file.read(MOST_MEMBER)
