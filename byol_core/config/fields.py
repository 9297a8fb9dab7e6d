"""What every section of the settings has in common: fields with a label and a description, and no unknown keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from byol_core.config import old_keys

PAPER = "arXiv 2006.07733"


def setting(
    default: Any,
    label: str,
    sentence: str,
    *,
    unit: str = "",
    source: str = "",
    expert: bool = False,
    only: tuple[str, ...] = (),
    **limits: Any,
) -> Any:
    """A field with its label, description and source; ``limits`` are pydantic's ge, gt, le, lt.

    ``only`` names the objectives that read the setting; a form need not show it for others. Empty: all do.
    """
    extra: dict[str, Any] = {"unit": unit, "source": source, "expert": expert, "only": list(only)}
    return Field(default, title=label, description=sentence, json_schema_extra=extra, **limits)


class Part(BaseModel):
    """A frozen section of the settings that rejects unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _under_current_keys(cls, values: Any) -> Any:
        return old_keys.renamed(values) if isinstance(values, Mapping) else values
