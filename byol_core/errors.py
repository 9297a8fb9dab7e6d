"""The errors that a person can do something about: a sentence for people, and fields for code.

Code tells errors apart by their class and fields and never reads the sentence, which may be reworded or translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class LabError(Exception):
    """Something failed; ``str(error)`` is one sentence that says what and what to do. The CLI exits with 1.

    ``LabError("A sentence.")`` is enough. With named ``values`` the first argument is a template for ``str.format``:
    ``InputError("The run '{name}' is {state}.", name=run.name, state=run.state)``.

    ``template``: the sentence with its fields still open, which a catalog of translations can be asked for.
    ``values``: what goes into the fields. ``setting``: the dotted key of the setting that the error is about, or None.
    ``retryable``: whether the same call may succeed a moment later, as when another process holds the database.
    """

    def __init__(self, template: str = "", *, setting: str | None = None, retryable: bool = False, **values: Any):
        super().__init__(template.format(**values) if values else template)
        self.template = template if values else template.replace("{", "{{").replace("}", "}}")
        self.values: Mapping[str, Any] = values
        self.setting = setting
        self.retryable = retryable


class InputError(LabError):
    """The input was wrong; the message is one sentence that says what was wrong. The CLI exits with 2."""


class ArgumentError(InputError, ValueError, TypeError):
    """An argument of a function of the library is of the wrong kind, shape or range; the message is one sentence.

    It is a ValueError and a TypeError too, for those who expect one of these.
    """
