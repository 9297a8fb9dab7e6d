"""Turns a name or a path into an ImageSet. Listing the sets needs no torch; loading one imports what it needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from byol_core.config import value_range
from byol_core.data.account import Account, Found, Remark
from byol_core.data.entries import ENTRIES, Entry
from byol_core.data.given_names import listed
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing, Message
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
            "There is not enough memory to read the images of '{source}': set runtime.images=disk, choose a smaller "
            "data.image_size, or set data.limit.",
            source=source,
        ) from None


def survey(source: str | Path, limit: int | None = None) -> Account:
    """What would be used of a set, from a listing: of a folder or archive no image is opened, of arrays only labels.

    Of a named set it is what the catalog says. Raises InputError or LabError with one sentence, as :func:`load` does.
    """
    source = str(source)
    entry = find(source)
    if entry is not None:
        train = min(entry.train_images, limit or entry.train_images)
        told = Account(
            train, entry.images - entry.train_images, decoded=False, thinned=entry.train_images - train
        )  # fmt: skip
        return _with_namesake(told, source, entry)
    with _at(source) as path:
        from byol_core.data.imageset import check_enough
        from byol_core.data.listing import listed

        told = listed(path, limit)
        check_enough(path.name, told.images, told.left_out)
        return told


def sample(source: str | Path, image_size: int, each: int, *, progress: Progress | None = None) -> ImageSet:
    """A few images of every class of a set, about ``each``; of a folder or archive nothing else is decoded.

    Raises InputError or LabError with one sentence, as :func:`load` does.
    """
    source = str(source)
    entry = find(source)
    if entry is not None:
        limit = each * max(1, entry.classes) if entry.download_mb else None
        return load(source, image_size, progress=progress, limit=limit)
    with _at(source) as path:
        from byol_core.data import sample as samples
        from byol_core.data.source_kind import SourceKind, source_kind

        if source_kind(path) in (SourceKind.FOLDER, SourceKind.ARCHIVE):
            return samples.sample(path, image_size, each, progress)
    known = survey(source)
    return load(source, image_size, progress=progress, limit=each * max(1, len(known.classes)))


def stamp(source: str | Path) -> str:
    """A digest that changes when the images at a path do; it opens none of them, and raises as :func:`load` does."""
    with _at(str(source)) as path:
        return _stamp(path)()


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
    found = cache.load_through(cache.Source(entry.name, identity, stamp, read), image_size, limit, images, progress)
    return replace(found, account=_with_namesake(found.account, source, entry))


def _with_namesake(account: Account, source: str, entry: Entry) -> Account:
    """The account, with a word on what lies here under the name of the set that was taken."""
    path = paths.typed(source)
    if not os.path.exists(path):  # noqa: PTH110 (never raises)
        return account
    return replace(
        account,
        remarks=(*account.remarks, Found.of(Remark.CATALOG_NAME, name=entry.name, path=f"./{path}")),
    )


def find(source: str) -> Entry | None:
    """The entry with this name, ignoring case and hyphens: ``CIFAR-10`` is ``cifar10``."""
    return next((entry for entry in ENTRIES if _normalized(entry.name) == _normalized(source)), None)


def _normalized(name: str) -> str:
    return paths.unquoted(name).lower().replace("-", "").replace("_", "")


def _load_path(
    source: str,
    size: int,
    progress: Progress | None,
    limit: int | None,
    images: Literal["auto", "memory", "disk"],
    values: str,
) -> ImageSet:
    with _at(source) as path:
        from byol_core.data import cache

        whole = path.resolve()
        read = partial(_loader(path), path, size, progress, limit, values=values)
        identity = str(whole) if values == value_range.AUTO else f"{whole} {values}"
        wanted = cache.Source(whole.name, identity, _stamp(path), read)
        return cache.load_through(wanted, size, limit, images, progress)


def _stamp(path: Path) -> Callable[[], str]:
    """What tells whether the images at a path have changed."""
    from byol_core.data import folder
    from byol_core.system import fingerprint

    whole = path.resolve()
    return partial(folder.stamp, whole) if path.is_dir() else partial(fingerprint.stamp_of, [whole])


@contextmanager
def _at(source: str) -> Iterator[Path]:
    """The path that a source means; what is wrong with it, or goes wrong while it is read, is one sentence."""
    path = paths.typed(source)
    try:
        if not source.strip() or not path.exists():
            raise InputError(_unknown(source, path))
        _loader(path)
        yield path
    except PermissionError as error:
        raise InputError("'{path}' cannot be read: permission denied.", path=error.filename or source) from None
    except OSError as error:
        raise InputError("'{path}' cannot be read: {why}.", path=source, why=error.strerror or str(error)) from None


class _Loader(Protocol):
    def __call__(
        self, path: Path, size: int, progress: Progress | None, limit: int | None, room: Room, /, *, values: str
    ) -> ImageSet: ...


def _loader(path: Path) -> _Loader:
    from byol_core.data import archive, arrays, folder
    from byol_core.data.source_kind import SourceKind, source_kind

    loaders: dict[SourceKind, _Loader] = {
        SourceKind.FOLDER: folder.load_folder,
        SourceKind.ARRAY: arrays.load_npy,
        SourceKind.ARRAYS: arrays.load_npz,
        SourceKind.ARCHIVE: archive.load_archive,
    }
    return loaders[source_kind(path)]


def _unknown(source: str, path: Path) -> str:
    """The message for an unknown source, with similar names of sets, or of files next to the missing path."""
    names = {entry.name: entry.name for entry in ENTRIES}
    with suppress(OSError):
        names |= {(path.parent / beside.name).as_posix(): beside.name for beside in path.parent.iterdir()}
    near = [name for name, short in names.items() if get_close_matches(path.name.lower(), [short.lower()], 1, 0.6)]
    if near:
        meant = Listing([Message("'{name}'", name=name) for name in near[:3]], "or")
        return Message("There is no image set and no path '{source}'; did you mean {near}?", source=source, near=meant)
    known = listed([entry.name for entry in ENTRIES])
    return Message("There is no image set and no path '{source}'; the sets are {known}.", source=source, known=known)
