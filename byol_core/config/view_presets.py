"""Views that somebody saved under a name, one small YAML file each in the home, and views as YAML or Python text.

A file contains the section ``views`` of the settings, so ``byol train --config FILE`` reads it directly. It leaves out
the size of the views, which depends on the images. Does not need torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml

from byol_core.config import old_keys, parsing
from byol_core.config.run_config import build
from byol_core.config.views import OPERATIONS, ViewPreset, ViewsConfig
from byol_core.errors import InputError, LabError
from byol_core.messages import Listing, Message
from byol_core.system.files import because, write_atomic

FOLDER, SUFFIX = "view-presets", ".yaml"
RECIPES: tuple[str, ...] = get_args(ViewPreset)
LONGEST = 40
MOST = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]*")
# Names that Windows reserves for devices.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_KEPT = ("preset", "strength", *OPERATIONS)


def names(home: Path) -> list[str]:
    """The names of the saved views in this home, sorted; empty if the folder cannot be read."""
    try:
        found = sorted(path.name.removesuffix(SUFFIX) for path in (home / FOLDER).glob(f"*{SUFFIX}"))
    except OSError:
        return []
    return [name for name in found if not _why_not(name)]


def load(home: Path, name: str) -> ViewsConfig:
    """The views with this name, saved or built in; InputError if there are none, or if their file is invalid."""
    if name in RECIPES:
        return ViewsConfig(preset=name)
    path = _path(home, name)
    if not path.is_file():
        known = Listing([*RECIPES, *names(home)], "comma")
        raise InputError("There are no views called '{name}'; there are {known}.", name=name, known=known)
    views = parsing.read_file(path).get("views")
    if not isinstance(views, dict) or not set(old_keys.renamed(views)) <= set(_KEPT):
        raise InputError("The file '{path}' should hold the section 'views' of a run's settings.", path=path)
    return build({"views": views}).views


def save(home: Path, name: str, views: ViewsConfig, *, overwrite: bool = False) -> Path:
    """Save views under a name; InputError for an invalid name, or one that is taken unless ``overwrite``."""
    path = _path(home, name)
    if path.exists() and not overwrite:
        raise InputError("There are views called '{name}' already; overwrite them, or choose another name.", name=name)
    if not path.exists() and len(names(home)) >= MOST:
        raise InputError("There are {most} saved views already; delete some first.", most=MOST)
    try:
        write_atomic(path, yaml.safe_dump({"views": settings(views)}, sort_keys=False).encode())
    except OSError as error:
        raise LabError("The views '{name}' could not be saved ({why}).", name=name, why=because(error)) from None
    return path


def delete(home: Path, name: str) -> None:
    """Delete the views with this name; does nothing if they do not exist."""
    try:
        _path(home, name).unlink(missing_ok=True)
    except OSError as error:
        raise LabError("The views '{name}' could not be deleted ({why}).", name=name, why=because(error)) from None


def _path(home: Path, name: str) -> Path:
    if why := _why_not(name):
        raise InputError(why)
    return home / FOLDER / f"{name}{SUFFIX}"


def _why_not(name: str) -> str:
    """Why views cannot have this name; empty if they can."""
    if name in RECIPES:
        return Message("'{name}' is a recipe that comes with the lab; choose another name.", name=name)
    if len(name) > LONGEST or not _NAME.fullmatch(name) or name.endswith((".", " ")) or _RESERVED.fullmatch(name):
        return Message(
            "Views cannot be called '{name}': at most {longest} letters without accents, digits, spaces and - _ . +, a "
            "letter or digit first.",
            name=name[: 2 * LONGEST],
            longest=LONGEST,
        )
    return ""


def settings(views: ViewsConfig) -> dict[str, Any]:
    """What is saved: the preset, the strength, and every operation that differs from the preset."""
    return {name: value for name in _KEPT if (value := getattr(views, name)) is not None}


def assignments(views: ViewsConfig) -> dict[str, Any]:
    """All settings that are needed to get these views, whatever was set before: ``{"views.crop": 0.5, …}``."""
    return {f"views.{name}": getattr(views, name) for name in _KEPT}


def as_yaml(views: ViewsConfig) -> str:
    """The section ``views`` as YAML for ``byol train --config``, with the sizes if they are set."""
    sides = {name: side for name in ("size", "first_size") if (side := getattr(views, name)) is not None}
    return yaml.safe_dump({"views": settings(views) | sides}, sort_keys=False)


def as_python(
    views: ViewsConfig,
    *,
    seed: int,
    image_size: int,
    source: str = "",
    limit: int | None = None,
    part: tuple[int, int] = (0, 16),
    files: Sequence[str] = (),
    copies: int = 1,
) -> str:
    """A program that makes exactly these views with the trainer's code.

    It uses the training images ``part`` (first, and one past the last) of the set ``source``, thinned to ``limit``; or
    ``files``, cropped to a square and resized. ``copies``: repeat a single image, to see that many draws of it.
    """
    pictures = _from_files(files, image_size) if files else _from_set(source, image_size, limit, part)
    side = f", ({views.size}, {views.size})" if views.size else ""
    arguments = ", ".join(f"{name}={value!r}" for name, value in settings(views).items())
    lines = [
        "import torch",
        "",
        "from byol_core.augment import make_views, resolve",
        "from byol_core.config import ViewsConfig",
        *pictures["imports"],
        "",
        *pictures["code"],
        *([f"images = images.repeat({copies}, 1, 1, 1)"] if copies > 1 else []),
        f"views = ViewsConfig({arguments})",
        f"generator = torch.Generator().manual_seed({seed})",
        "# Both (n, 3, height, width), float32 in [0, 1].",
        f"first, second = make_views(images, resolve(views), generator{side})",
    ]
    return "\n".join(lines) + "\n"


def _from_set(source: str, size: int, limit: int | None, part: tuple[int, int]) -> Mapping[str, list[str]]:
    thinned = f", limit={limit}" if limit else ""
    return {
        "imports": ["from byol_core.data.catalog import load"],
        "code": [
            f"found = load({source!r}, {size}{thinned})",
            f"images = found.images[found.train[{part[0]}:{part[1]}]]  # (n, 3, height, width) uint8",
        ],
    }


def _from_files(files: Sequence[str], size: int) -> Mapping[str, list[str]]:
    return {
        "imports": ["from pathlib import Path", "", "from byol_core.data.decode import decode"],
        "code": [
            f"files = {list(files)!r}",
            f"pixels = [torch.tensor(decode(Path(file).read_bytes(), {size})) for file in files]",
            "images = torch.stack(pixels).permute(0, 3, 1, 2)  # (n, 3, height, width) uint8",
        ],
    }
