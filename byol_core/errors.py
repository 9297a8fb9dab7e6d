"""The errors that a person can do something about: a sentence for people, and fields for code.

Code tells errors apart by their class and fields and never reads the sentence, which may be reworded or translated.
"""

from __future__ import annotations

from typing import Any

from byol_core.messages import Listing, Message


class LabError(Exception):
    """Something failed; ``str(error)`` is one sentence that says what and what to do. The CLI exits with 1.

    ``LabError("A sentence.")`` is enough. With named ``values`` the first argument is a template for ``str.format``:
    ``InputError("The run '{name}' is {state}.", name=run.name, state=run.state)``.

    ``message``: the sentence with its template and values, which can be said in another language; a message that is
    given as the first argument is taken as it is. ``setting``: the dotted key of the setting that the error is about,
    or None. ``retryable``: whether the same call may succeed a moment later, as when another process holds the
    database.
    """

    message: str

    def __init__(self, template: str = "", *, setting: str | None = None, retryable: bool = False, **values: Any):
        made = isinstance(template, Message | Listing) and not values
        self.message = template if made else Message(template, **values)
        super().__init__(str(self.message))
        self.setting = setting
        self.retryable = retryable


class InputError(LabError):
    """The input was wrong; the message is one sentence that says what was wrong. The CLI exits with 2."""


class ArgumentError(InputError, ValueError, TypeError):
    """An argument of a function of the library is of the wrong kind, shape or range; the message is one sentence.

    It is a ValueError and a TypeError too, for those who expect one of these.
    """
