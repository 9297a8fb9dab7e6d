"""What a path is as a source of images: by what the file is, and not by what it is called."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from byol_core.data import filetype
from byol_core.data.decode import SUFFIXES
from byol_core.errors import InputError


class SourceKind(StrEnum):
    """How the images of a path are read."""

    FOLDER = "folder"
    ARRAY = "array"
    ARRAYS = "arrays"
    ARCHIVE = "archive"


_BY_SUFFIX = {".npz": SourceKind.ARRAYS, ".npy": SourceKind.ARRAY}


def source_kind(path: Path) -> SourceKind:
    """The kind of an existing path; InputError with what to do for one that is no set of images."""
    if path.is_dir():
        return SourceKind.FOLDER
    if not path.is_file():
        raise InputError("'{path}' is neither a file nor a folder.", path=path)
    start, suffix = filetype.head(path), path.suffix.lower()
    if suffix in SUFFIXES or filetype.is_image(start):
        raise InputError("'{path}' is a single image: give the folder that holds the images.", path=path)
    if filetype.is_array(start):
        return SourceKind.ARRAY
    if filetype.is_arrays(start):
        return SourceKind.ARRAYS
    kind = filetype.of_file(path)
    if kind not in ("", "archive", "numpy"):
        raise InputError(filetype.sentence(path.name, kind))
    return _BY_SUFFIX.get(suffix, SourceKind.ARCHIVE)
