"""What every section of the settings has in common: fields with a label and a description, and no unknown keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from byol_core.config import old_keys
from byol_core.messages import Message


def setting(
    default: Any,
    label: str,
    sentence: str,
    *,
    unit: str = "",
    source: str = "",
    expert: bool = False,
    only: tuple[str, ...] = (),
    empty: str = "",
    **limits: Any,
) -> Any:
    """A field with its label, description and source; ``limits`` are pydantic's ge, gt, le, lt.

    ``unit`` is shown beside the label, where that does not name it. ``only`` names the objectives that read the
    setting; a form need not show it for others. Empty: all do. ``empty`` says what it means when nothing is set; the
    description is ``sentence`` and then this.
    """
    extra: dict[str, Any] = {"unit": unit, "source": source, "expert": expert, "only": list(only)}
    extra |= {"sentence": sentence, "empty": empty}
    description = Message(sentence)
    if empty:
        description = Message("{sentence} Empty: {empty}.", sentence=description, empty=Message(empty))
    return Field(default, title=label, description=description, json_schema_extra=extra, **limits)


class Part(BaseModel):
    """A frozen section of the settings that rejects unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _under_current_keys(cls, values: Any) -> Any:
        return old_keys.renamed(values) if isinstance(values, Mapping) else values
