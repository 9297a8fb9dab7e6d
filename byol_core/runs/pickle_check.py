"""A checkpoint from elsewhere, looked at before anything loads it: tensors and plain values, and nothing else.

A checkpoint is a zip of raw numbers, and of one pickle that says which number belongs where. Here the pickle is read as
a list of instructions that nobody carries out. What passes is loaded at a resume, by torch with ``weights_only``.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from byol_core.errors import InputError
from byol_core.runs.unzip import BROKEN, opened

_PARTS = re.compile(
    r"(?P<top>[\w.-]+)/(data\.pkl|data/(?P<key>\d+)|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id)"
)
_MOST_BYTES = 8 * 2**20  # of the pickle; that of a large network has a tenth of it
_ITEM_BYTES = {
    **{"torch ByteStorage": 1, "torch CharStorage": 1, "torch BoolStorage": 1, "torch ShortStorage": 2},
    **{"torch HalfStorage": 2, "torch BFloat16Storage": 2, "torch IntStorage": 4, "torch FloatStorage": 4},
    **{"torch LongStorage": 8, "torch DoubleStorage": 8},
}
_NAMES = {*_ITEM_BYTES, "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter", "collections OrderedDict"}
# No instruction that finds a class or makes an object in another way than by the names above.
_INSTRUCTIONS = {
    "PROTO", "STOP", "MARK", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "APPEND",
    "APPENDS", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE",
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "BINPERSID", "GLOBAL", "REDUCE", "BUILD",
}  # fmt: skip
_MARK = object()


def check_checkpoint(path: Path) -> None:
    """InputError unless the file is a checkpoint as torch writes one, of tensors and plain values alone."""
    try:
        with opened(path) as archive:
            whole = _is_plain(archive)
    except BROKEN:
        whole = False
    if not whole:
        raise InputError(f"The run cannot be imported: '{path.name}' is broken, or holds more than numbers.")


def _is_plain(archive: zipfile.ZipFile) -> bool:
    entries = archive.infolist()
    found = [_PARTS.fullmatch(entry.filename) for entry in entries]
    named = [match for match in found if match is not None]
    if len({match.string for match in named}) < len(entries) or len({match["top"] for match in named}) != 1:
        return False
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size for entry in entries):
        return False
    sizes = {match["key"]: entry.file_size for match, entry in zip(named, entries, strict=True) if match["key"]}
    index = archive.NameToInfo.get(f"{named[0]['top']}/data.pkl")
    return index is not None and index.file_size <= _MOST_BYTES and _only_numbers(archive.read(index), sizes)


def _only_numbers(index: bytes, sizes: dict[str, int]) -> bool:
    """Whether each instruction is harmless, and each tensor's numbers are all there: torch does not count them."""
    told: list[Any] = []
    for name, value in _instructions(index):
        if name not in _INSTRUCTIONS or (name == "GLOBAL" and value not in _NAMES):
            return False
        if name == "BINPERSID" and not _is_there(told[-7:], sizes):
            return False
        told = [*told[-6:], value]
    return True


def _instructions(index: bytes) -> Iterator[tuple[str, Any]]:
    """Each with the plain value that it puts onto the stack; those that only remember it are left out."""
    memory: dict[Any, Any] = {}
    last: Any = None
    for instruction, argument, _ in pickletools.genops(index):
        if instruction.name in ("BINPUT", "LONG_BINPUT"):
            memory[argument] = last
            continue
        got = instruction.name in ("BINGET", "LONG_BINGET")
        last = memory.get(argument) if got else _MARK if instruction.name == "MARK" else argument
        yield instruction.name, last


def _is_there(told: list[Any], sizes: dict[str, int]) -> bool:
    """Whether ``( 'storage', its kind, its key, where it was, how many numbers )`` is no more than the file holds."""
    if len(told) != 7 or told[0] is not _MARK or told[1] != "storage" or told[6] is not None:
        return False
    _, _, kind, key, _, count, _ = told
    plain = isinstance(kind, str) and isinstance(key, str) and isinstance(count, int) and key in sizes
    return plain and kind in _ITEM_BYTES and 0 <= count * _ITEM_BYTES[kind] <= sizes[key]
