"""The zip of a run, read with distrust: every file is named here, bounded, and as long and as its manifest says.

A zip that holds anything else, a link, a path or far more than its size allows is refused whole. What leaves this
module lies in a folder that no run has yet; :mod:`byol_core.runs.import_zip` makes it a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from byol_core.data import account
from byol_core.errors import InputError, LabError
from byol_core.messages import Message, decode
from byol_core.runs import folder
from byol_core.runs.run import STATES
from byol_core.system.bounded import BoundedFile
from byol_core.system.files import because

FORMAT, VERSION = "byol-lab run", 2  # from 2 on with the account of the images
READABLE = (1, 2)
MANIFEST, METRICS, SUMMARY, PROBE = "manifest.json", "metrics.csv", "summary.json", "embeddings/probe.json"

_FILES = re.compile(
    r"config\.json|metrics\.csv|summary\.json|account\.json|log\.txt|encoder\.safetensors|checkpoints/step-[0-9]{8,10}\.pt"
    r"|embeddings/(probe\.json|thumbnails(-[0-9]{1,3})?\.webp|(pixels|test)\.safetensors|step-[0-9]{8,10}\.safetensors)"
    r"|evaluations/[0-9a-f]{24}\.(json|safetensors)"
)
_MB, _GB = 2**20, 2**30
# Bytes of a file, unpacked; of those that are not named here _MOST_BYTES.
_MOST = {
    **{MANIFEST: 8 * _MB, folder.CONFIG: _MB, SUMMARY: _MB, account.FILE: 8 * _MB},
    **{PROBE: 64 * _MB, METRICS: _GB, folder.LOG: _GB},
}
_MOST_BYTES = 16 * _GB
_MOST_FILES = 20_000
# Bytes of the list of files inside the zip, which is read at once and held in memory.
_MOST_LIST = 16 * _MB
# Text shrinks well, but not more than this; and a small zip may hold this much in any case.
_MOST_RATIO, _ALWAYS = 200, 64 * _MB
_CHUNK = _MB
CUT_SHORT = Message("it is broken or cut short")
_TOO_MANY = Message("it holds far too many files")
_NOT_OURS = Message("it was not packed by BYOL Lab")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, ValueError)

Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Steps = Annotated[int, Field(ge=0, lt=2**31)]
Words = Annotated[str, Field(max_length=10_000)]


class Part(BaseModel):
    """Length and checksum of one file."""

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Told(BaseModel):
    """What the run is, as the manifest tells it."""

    run_id: str
    name: str
    state: Literal[STATES]  # type: ignore[valid-type]
    preset: str | None = Field(None, max_length=64)
    created: Seconds
    started: Seconds | None = None
    ended: Seconds | None = None
    attempt: int = Field(0, ge=0)
    step: Steps = 0
    total_steps: Steps = 0
    epoch: Number = 0.0
    images_per_second: Number = 0.0
    message: Words = ""
    alarm: Words | None = None
    alarm_kind: str = Field("", max_length=32)
    alarm_space: str = Field("", max_length=32)
    summary: dict[str, Any] = {}
    tags: list[str] = []
    notes: str = ""
    group: str = ""
    said: dict[str, Any] = {}

    def text(self, name: Literal["message", "alarm"]) -> str | None:
        """One of its texts, as it was said; plain English where that cannot be trusted."""
        english: str | None = getattr(self, name)
        return english and decode(english, self.said.get(name))


class Manifest(BaseModel):
    """The file that tells all others."""

    run: Told
    files: dict[str, Part]


def belongs(name: str) -> bool:
    """Whether a run's zip may hold a file of that name."""
    return _FILES.fullmatch(name) is not None


def extract(file: Path, target: Path) -> Told:
    """Unpack the zip into a new folder and say what run it is; InputError for a zip that is not one of ours, whole."""
    try:
        with opened(file) as archive:
            manifest = _manifest(archive, file)
            _check(archive, manifest, file)
            _check_room(archive, target.parent)
            for name, part in manifest.files.items():
                _extract(archive, name, part, target / name)
    except BROKEN:
        raise refused(file, CUT_SHORT) from None
    return manifest.run


def refused(file: Path, why: str) -> InputError:
    """The sentence for a zip that does not come in."""
    return InputError("The file '{file}' cannot be imported as a run: {why}.", file=file.name, why=why)


@contextmanager
def opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """A zip of which the list of files is short enough to be read; BROKEN or InputError otherwise."""
    try:
        with file.open("rb") as source:
            if os.fstat(source.fileno()).st_size > _MOST_BYTES:
                raise refused(file, Message("it is larger than {most} GB", most=_MOST_BYTES // _GB))
            bounded: Any = BoundedFile(source, _MOST_LIST, refused(file, _TOO_MANY))
            with zipfile.ZipFile(bounded) as archive:  # its list of files is one read
                yield archive
    except OSError as error:
        if error.filename not in (str(file), file):
            raise  # of the folder that it is unpacked into
        raise refused(file, Message("it cannot be read ({reason})", reason=error.strerror)) from None


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    entry = archive.NameToInfo.get(MANIFEST)
    if entry is None:
        raise refused(file, _NOT_OURS)
    if entry.file_size > _MOST[MANIFEST]:
        raise refused(file, Message("its manifest is far too large"))
    tree = plain_json(archive.read(entry), MANIFEST)
    if tree.get("format") != FORMAT:
        raise refused(file, _NOT_OURS)
    if tree.get("version") not in READABLE:
        raise refused(file, Message("it was packed by a newer release; update the lab and try again"))
    try:
        return Manifest.model_validate(tree)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise refused(file, Message("its manifest is wrong at '{key}'", key=_shown(where))) from None


def plain_json(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object that any database can hold; InputError otherwise."""
    try:
        tree = json.loads(data)
        text = json.dumps(tree, ensure_ascii=False, allow_nan=False)  # a number that is none is of no use
        text.encode()  # half a character cannot be
    except (ValueError, RecursionError):
        tree, text = None, ""
    if not isinstance(tree, dict) or "\\u0000" in text:
        raise InputError("The file '{file}' of this run cannot be read.", file=name)
    return tree


def _check(archive: zipfile.ZipFile, manifest: Manifest, file: Path) -> None:
    """Every file is one of ours, plain, told in the manifest, and within bounds."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > _MOST_FILES:
        raise refused(file, _TOO_MANY)
    for entry in entries:
        if why := _wrong(entry):
            raise refused(file, why)
    if sorted(names) != sorted([MANIFEST, *manifest.files]):
        raise refused(file, Message("it does not hold the files that its manifest tells"))
    if not {folder.CONFIG, METRICS} <= set(names):
        raise refused(file, Message("its settings or its curves are missing"))
    total, most = sum(entry.file_size for entry in entries), max(_ALWAYS, _MOST_RATIO * file.stat().st_size)
    if total > most:
        raise refused(file, Message("it holds far more than its size allows"))


def _shown(name: str) -> str:
    """A name from anywhere as part of a sentence."""
    return "".join(character if character.isprintable() else "?" for character in name[:80])


def _wrong(entry: zipfile.ZipInfo) -> str:
    """What is wrong with an entry; nothing when all is well."""
    kind, name = stat.S_IFMT(entry.external_attr >> 16), _shown(entry.filename)
    if entry.filename != MANIFEST and not belongs(entry.filename):
        return Message("it holds '{name}', which is no file of a run", name=name)
    if kind not in (0, stat.S_IFREG):
        return Message("it holds '{name}', which is a link, a device or another special file", name=name)
    if entry.flag_bits & 1:
        return Message("it holds '{name}', which is locked with a password", name=name)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Message("it holds '{name}', which is packed in a way that is not read", name=name)
    if entry.file_size > _MOST.get(entry.filename, _MOST_BYTES):
        return Message("it holds '{name}', which is far too large ({mb:,.0f} MB)", name=name, mb=entry.file_size / _MB)
    return ""


def _check_room(archive: zipfile.ZipFile, home: Path) -> None:
    needed = sum(entry.file_size for entry in archive.infolist()) + folder.LEAST_FREE_BYTES
    free = shutil.disk_usage(home).free
    if free < needed:
        raise InputError(
            "There is no space for the run in '{folder}': {free:,.0f} MB are free and it needs {needed:,.0f} MB; free "
            "some, or set BYOL_LAB_HOME to another disk.",
            folder=home,
            free=free / 1e6,
            needed=needed / 1e6,
        )


def _extract(archive: zipfile.ZipFile, name: str, part: Part, path: Path) -> None:
    """Write one file through to the disk; its length and checksum are those of the manifest, or it is refused."""
    digest, length = hashlib.sha256(), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, path.open("xb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                length += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        raise LabError(
            "The run cannot be written to '{folder}' ({reason}).", folder=path.parent, reason=because(error)
        ) from None
    if (length, digest.hexdigest()) != (part.bytes, part.sha256):
        raise InputError("The run cannot be imported: its file '{file}' is not as it was packed.", file=name)
