"""The two ways in which things go wrong that a person can do something about."""

from __future__ import annotations


class LabError(Exception):
    """Something failed; the message is one sentence that says what and what to do. The CLI exits with 1."""


class InputError(LabError):
    """The input was wrong; the message is one sentence that says what was wrong. The CLI exits with 2."""


class ArgumentError(InputError, ValueError, TypeError):
    """An argument of a function of the library is of the wrong kind, shape or range; the message is one sentence.

    It is a ValueError and a TypeError too, for those who expect one of these.
    """
