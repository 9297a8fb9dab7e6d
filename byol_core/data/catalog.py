"""Turns a name or a path into an ImageSet. Listing the sets needs no torch; loading one imports what it needs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from byol_core.config import value_range
from byol_core.data.entries import ENTRIES, Entry
from byol_core.errors import InputError, LabError
from byol_core.system import checks, paths
from byol_core.system.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet
    from byol_core.data.room import Room

Progress = Callable[[str, float], None]
MOST_PIXELS = 4096  # of a side; a larger number is a typo


def entries() -> tuple[Entry, ...]:
    """Every named set, the embedded one first."""
    return ENTRIES


def load(
    source: str | Path,
    image_size: int,
    *,
    progress: Progress | None = None,
    limit: int | None = None,
    images: Literal["auto", "memory", "disk"] = "auto",
    values: str = value_range.AUTO,
) -> ImageSet:
    """Load the set with this name or path, with every image resized once to ``image_size``.

    A name takes precedence over a path with the same spelling; ``./mnist`` is the path. ``limit`` reduces the training
    images evenly over the classes. ``progress`` is called with what is being done and the share that is done, 0 to 1.
    ``images`` selects where the images are stored: in memory, or on disk in a cache that is built once; "auto" uses the
    disk if they do not fit into memory. ``values`` is how values of more than 8 bits become brightness, as
    ``data.range``; named sets are read as they are. Raises InputError or LabError with one sentence.
    """
    _check(source, image_size, limit, images, progress)
    _check_range(values)
    source = str(source)
    try:
        return _load(source, image_size, progress, limit, images, values)
    except (MemoryError, RuntimeError) as error:  # torch reports it as a RuntimeError
        if not is_out_of_memory(error):
            raise
        raise LabError(
            f"There is not enough memory to read the images of '{source}': set runtime.images=disk, choose a smaller "
            "data.image_size, or set data.limit."
        ) from None


def _check(source: object, image_size: object, limit: object, images: object, progress: object) -> None:
    checks.kind("source", source, (str, Path), "the name of a set, or a path")
    checks.whole("image_size", image_size, 1, MOST_PIXELS)
    if limit is not None:
        checks.whole("limit", limit, 2)
    checks.one_of("images", images, ("auto", "memory", "disk"))
    if not (progress is None or callable(progress)):
        raise checks.wrong("progress", "a function of a text and a share", progress)


def _check_range(values: object) -> None:
    try:
        value_range.limits(str(values))
    except ValueError:
        raise checks.wrong("values", value_range.WANTED, values) from None


def _load(
    source: str,
    image_size: int,
    progress: Progress | None,
    limit: int | None,
    images: Literal["auto", "memory", "disk"],
    values: str,
) -> ImageSet:
    entry = find(source)
    if entry is None:
        return _load_path(source, image_size, progress, limit, images, values)
    from byol_core.data import cache, embedded, remote
    from byol_core.system import fingerprint

    if entry.download_mb:
        stamp, read = partial(remote.stamp, entry), partial(remote.load_remote, entry, image_size, progress, limit)
        identity = f"{entry.name} in {remote.data_home()}"
    else:
        stamp = partial(fingerprint.stamp_of, embedded.files())
        read = partial(embedded.load_embedded, image_size, progress, limit)
        identity = entry.name
    return cache.load_through(cache.Source(entry.name, identity, stamp, read), image_size, limit, images, progress)


def find(source: str) -> Entry | None:
    """The entry with this name, ignoring case and hyphens: ``CIFAR-10`` is ``cifar10``."""
    return next((entry for entry in ENTRIES if _normalized(entry.name) == _normalized(source)), None)


def _normalized(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")


def _load_path(
    source: str,
    size: int,
    progress: Progress | None,
    limit: int | None,
    images: Literal["auto", "memory", "disk"],
    values: str,
) -> ImageSet:
    path = paths.expand(source)
    try:
        if not source.strip() or not path.exists():
            raise InputError(_unknown(source, path))
        loader = _loader(path)
        from byol_core.data import cache, folder
        from byol_core.system import fingerprint

        whole = path.resolve()
        stamp = partial(folder.stamp, whole) if path.is_dir() else partial(fingerprint.stamp_of, [whole])
        read = partial(loader, path, size, progress, limit, values=values)
        identity = str(whole) if values == value_range.AUTO else f"{whole} {values}"
        wanted = cache.Source(whole.name, identity, stamp, read)
        return cache.load_through(wanted, size, limit, images, progress)
    except PermissionError as error:
        raise InputError(f"'{error.filename or source}' cannot be read: permission denied.") from None
    except OSError as error:
        raise InputError(f"'{source}' cannot be read: {error.strerror or error}.") from None


class _Loader(Protocol):
    def __call__(
        self, path: Path, size: int, progress: Progress | None, limit: int | None, room: Room, /, *, values: str
    ) -> ImageSet: ...


def _loader(path: Path) -> _Loader:
    """What reads a source, by what it is and not by what it is called."""
    from byol_core.data import archive, arrays, filetype, folder
    from byol_core.data.decode import SUFFIXES

    if path.is_dir():
        return folder.load_folder
    if not path.is_file():
        raise InputError(f"'{path}' is neither a file nor a folder.")
    start, suffix = filetype.head(path), path.suffix.lower()
    if suffix in SUFFIXES or filetype.is_image(start):
        raise InputError(f"'{path}' is a single image: give the folder that holds the images.")
    if filetype.is_array(start):
        return arrays.load_npy
    if filetype.is_arrays(start):
        return arrays.load_npz
    kind = filetype.of_file(path)
    if kind not in ("", "archive", "numpy"):
        raise InputError(filetype.sentence(path.name, kind))
    return {".npz": arrays.load_npz, ".npy": arrays.load_npy}.get(suffix, archive.load_archive)


def _unknown(source: str, path: Path) -> str:
    """The message for an unknown source, with similar names of sets, or of files next to the missing path."""
    names = {entry.name: entry.name for entry in ENTRIES}
    with suppress(OSError):
        names |= {(path.parent / beside.name).as_posix(): beside.name for beside in path.parent.iterdir()}
    near = [name for name, short in names.items() if get_close_matches(path.name.lower(), [short.lower()], 1, 0.6)]
    known = ", ".join(entry.name for entry in ENTRIES)
    hint = f"did you mean {' or '.join(repr(name) for name in near[:3])}?" if near else f"the sets are {known}."
    return f"There is no image set and no path '{source}'; {hint}"
