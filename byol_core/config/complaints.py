"""What pydantic says about a setting, as a message that can be said in another language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError

from byol_core.config import value_range
from byol_core.messages import Listing, Message

# What a value should do, by pydantic's type of the error, as it goes on after "should": pydantic's own words behind
# "Input should". Those of our validators come last.
_WANTED: Mapping[str, Message] = {
    "greater_than": Message("be greater than {gt}"),
    "greater_than_equal": Message("be greater than or equal to {ge}"),
    "less_than": Message("be less than {lt}"),
    "less_than_equal": Message("be less than or equal to {le}"),
    "int_type": Message("be a valid integer"),
    "int_parsing": Message("be a valid integer, unable to parse string as an integer"),
    "int_from_float": Message("be a valid integer, got a number with a fractional part"),
    "float_type": Message("be a valid number"),
    "float_parsing": Message("be a valid number, unable to parse string as a number"),
    "finite_number": Message("be a finite number"),
    "bool_type": Message("be a valid boolean"),
    "bool_parsing": Message("be a valid boolean, unable to interpret input"),
    "string_type": Message("be a valid string"),
    "tuple_type": Message("be a valid tuple"),
    "model_type": Message("be a valid dictionary or instance of {class_name}"),
    "literal_error": Message("be {expected}"),
    "value_range": Message("be {range}"),
    "not_text": Message("be a path of UTF-8 text (rename what is called otherwise)"),
    "no_such_stage": Message("be at most {most}, the stages of {encoder}"),
}
_QUOTED = re.compile(r"'[^']*'")


def custom(kind: str, **values: Any) -> PydanticCustomError:
    """The error of a validator of ours, of a kind that is known here."""
    return PydanticCustomError(kind, "{wanted}", {"wanted": str(_filled(kind, values)), **values})


def wanted(error: ErrorDetails) -> str:
    """What a value should do, as it goes on after "should": ``be less than or equal to 1``.

    Of what is not known here, as the errors of other validators, the words are taken as they are.
    """
    if error["type"] in _WANTED:
        return _filled(error["type"], error.get("ctx", {}))
    return Message(error["msg"].removeprefix("Input ").removeprefix("should "))


def _filled(kind: str, values: Mapping[str, Any]) -> Message:
    template = str(_WANTED[kind])
    if kind == "value_range":
        return Message(template, range=value_range.WANTED)
    given = {name: _said(value) for name, value in values.items() if f"{{{name}}}" in template}
    return Message(template, **given)


def _said(value: Any) -> Any:
    """A limit without a needless point, and choices as a list of them."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    choices = Listing(_QUOTED.findall(value), "or") if isinstance(value, str) else ""
    return choices if choices == value else value
