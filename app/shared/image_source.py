"""Where the images come from: a set of the catalog, a path on this machine, or an upload into the home of the runs."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

import streamlit as st

from app.shared import access, formatting, kept_uploads
from app.shared.language import N_, _, n_, tell
from byol_core.data.catalog import entries, find
from byol_core.data.entries import Entry
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing
from byol_core.runs.uploads import FOLDER
from byol_core.system import paths
from byol_core.system.files import because, write_atomic

# What the loader reads from one file; of two that fit a name the longer one counts.
SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar", ".npz", ".npy")
PHOTOS = frozenset({".heic", ".heif", ".svg", ".dng"})  # beside the images that are read
UPLOAD = "upload images"
USE_PATHS = "use images by their path"
TITLES = {"set": N_("Named set"), "path": N_("On this machine"), "upload": N_("Upload")}


def catalog() -> dict[str, Entry]:
    """The named sets that the viewer may choose from."""
    return {entry.name: entry for entry in entries()}


def problem(source: str) -> str:
    """One sentence when there can be no images at ``source``; nothing otherwise."""
    if find(source):
        return ""
    if not access.is_teacher():  # a viewer must not learn what lies where on the disk
        return tell(access.refusal(USE_PATHS))
    if not source:
        return _("Say where the images are: the path of a folder, a .zip, .tar, .npz or .npy.")
    here = os.path.exists(paths.typed(source))  # noqa: PTH110 (never raises)
    return "" if here else _("There is nothing at '{source}' on this machine.", source=source)


def pick(source: str, home: Path, changed: Callable[[str, Any], None]) -> None:
    """Draw the choice of images; ``changed("data.source", value)`` is told of a new one."""
    st.session_state.setdefault("setting:source_kind", "set" if find(source) else "path")
    kind = st.segmented_control(
        _("Source"),
        list(TITLES),
        key="setting:source_kind",
        format_func=lambda kind: tell(TITLES[kind]),
        required=True,
        on_change=lambda: _kind_changed(changed),
        help=_("The images to learn from. Labels are never used for training."),
    )
    if kind == "set":
        _named(source, changed)
    elif kind == "path":
        _path(source, changed)
    else:
        _upload(home, changed)
        kept_uploads.draw(source)


def _named(source: str, changed: Callable[[str, Any], None]) -> None:
    sets, known = catalog(), find(source)
    first = known.name if known else next(iter(sets))
    st.session_state.setdefault("setting:source_name", first)
    name = st.selectbox(
        _("Set"),
        list(sets),
        key="setting:source_name",
        format_func=lambda name: tell(sets[name].title),
        on_change=lambda: changed("data.source", st.session_state.get("setting:source_name", first)),
    )
    st.caption(describe(sets[name]))


def describe(entry: Entry) -> str:
    """A set in two lines."""
    size = entry.download_mb
    facts = (
        n_("{n} image", "{n} images", entry.images, n=formatting.count(entry.images)),
        n_("{n} class", "{n} classes", entry.classes) if entry.classes else _("no labels"),
        _("{size:g} MB to download on first use", size=size) if size else _("on this machine already"),
        tell(entry.license),
    )
    return f"{tell(entry.sentence)}  \n{' · '.join(facts)}"


def _kind_changed(changed: Callable[[str, Any], None]) -> None:
    kept = st.session_state
    named = kept.get("setting:source_kind", "set") == "set"
    name = kept.get("setting:source_name", next(iter(catalog())))
    changed("data.source", name if named else meant(kept.get("setting:source_path", "")))


def meant(text: str) -> str:
    """The source that somebody typed or pasted: the name of a set, or a path without what is around it."""
    path = paths.typed(text)
    here = find(text) is None and os.path.exists(path)  # noqa: PTH110 (never raises)
    return str(path.absolute()) if text.strip() and here else text.strip()


def _path(source: str, changed: Callable[[str, Any], None]) -> None:
    st.session_state.setdefault("setting:source_path", "" if find(source) else source)
    st.text_input(
        _("Path"),
        key="setting:source_path",
        live="400ms",
        placeholder="/home/me/photos",
        help=_("A folder of images, with a sub-folder for each class or without; or a .zip, .tar, .npz or .npy."),
        on_change=lambda: changed("data.source", meant(st.session_state.get("setting:source_path", source))),
    )
    if source and (complaint := problem(source)):
        st.caption(f":red[:material/error: {complaint}]")


def _upload(home: Path, changed: Callable[[str, Any], None]) -> None:
    file = st.file_uploader(
        _("Archive file"),
        key="source_file",  # of any type, so that our own sentence says what to do with another one
        help=_("A .zip, .tar or .tar.gz of images (a folder for each class, or none), or arrays as .npz or .npy."),
    )
    if file is None:
        st.caption(_("It is kept on this machine, in the folder of the runs, and goes nowhere else."))
        return
    if st.session_state.get("source_kept", ("", ""))[0] != file.file_id:
        try:
            path = keep(file.name, file.getvalue(), home)
        except LabError as error:
            st.error(formatting.plain(tell(error)))
            return
        st.session_state["source_kept"] = (file.file_id, path.name)
        changed("data.source", str(path))
        st.rerun()
    st.caption(_("Kept as `{name}`.", name=st.session_state["source_kept"][1]))


def keep(name: str, content: bytes, home: Path) -> Path:
    """Write an upload under a safe name that its content makes unique; InputError for a foreign kind of file.

    Only a teacher's is kept.
    """
    access.require(UPLOAD)
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    suffix = next((ending for ending in SUFFIXES if last.lower().endswith(ending)), "")
    if not suffix:
        raise _foreign(last)
    stem = last[: -len(suffix)]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip(".-")[:60] or "upload"
    path = home / FOLDER / f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}{suffix}"
    try:
        if not path.exists():
            write_atomic(path, content)
    except OSError as error:
        raise LabError(
            "The upload could not be kept in '{folder}': {reason}.", folder=path.parent, reason=because(error)
        ) from None
    return path


def _foreign(name: str) -> InputError:
    """What to say of a file that holds no set of images."""
    from byol_core.data import decode

    if PurePath(name).suffix.lower() in decode.SUFFIXES | PHOTOS:
        return InputError("'{name}' is a single image: pack all images as a .zip, and upload that.", name=name)
    return InputError("'{name}' is not one of {kinds}.", name=name, kinds=Listing(SUFFIXES, "comma"))
