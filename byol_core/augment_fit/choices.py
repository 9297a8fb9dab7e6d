"""A choice of settings with its reason, as a code and figures. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from byol_core.config import OPERATIONS, RunConfig


class Why(StrEnum):
    """The reasons for a choice; a code, which is kept and compared. What people read is in ``words``."""

    MIRRORED_ALIKE = "mirrored-alike"
    MIRRORED_FOREIGN = "mirrored-foreign"
    UPSIDE_DOWN_ALIKE = "upside-down-alike"
    UPSIDE_DOWN_FOREIGN = "upside-down-foreign"
    GRAY = "gray"
    COLOR_TELLS = "color-tells"
    COLOR_FREE = "color-free"
    COLOR_ANY = "color-any"
    SUBJECT = "subject"
    SCENE = "scene"
    SMALL_DETAIL = "small-detail"
    SEEN_WHOLE = "seen-whole"
    FINE_DETAIL = "fine-detail"
    TOO_FEW = "too-few"


@dataclass(frozen=True)
class Choice:
    """One reason, the settings that follow from it by their dotted keys, and the figures for its sentence."""

    why: Why
    settings: Mapping[str, Any]
    values: Mapping[str, float] = field(default_factory=dict)


def as_dicts(chosen: Iterable[Choice]) -> list[dict[str, Any]]:
    """Plain values, for a file."""
    return [asdict(choice) for choice in chosen]


def from_dicts(plain: Iterable[Mapping[str, Any]]) -> tuple[Choice, ...]:
    """The choices of a file; ValueError or TypeError when they are no such values."""
    return tuple(Choice(Why(each["why"]), dict(each["settings"]), dict(each["values"])) for each in plain)


def settings(chosen: Iterable[Choice]) -> dict[str, Any]:
    """All strengths, and the sizes that follow the images, by their dotted keys."""
    found: dict[str, Any] = {f"views.{name}": 0.0 for name in OPERATIONS}
    for choice in chosen:
        found |= choice.settings
    return found


def is_open(config: RunConfig) -> bool:
    """Whether some strength of the views is still to be chosen."""
    return config.views.preset == "auto" and any(getattr(config.views, name) is None for name in OPERATIONS)


def applied(config: RunConfig, chosen: Iterable[Choice]) -> RunConfig:
    """The settings with what was chosen for the images, and as they are where somebody set them himself."""
    return config.changed(**{key: value for key, value in settings(chosen).items() if _is_free(key, config)})


def _is_free(key: str, config: RunConfig) -> bool:
    """A strength that is empty, or a size that may be fitted."""
    section, _, name = key.partition(".")
    if section == "views" and name in OPERATIONS:
        return getattr(config.views, name) is None
    if key == "network.encoder" and (config.network.pretrained or config.network.freeze):
        return False  # it has the weights of this one, or stages that are frozen
    return key in config.fit
