"""What Typer finds wrong with a command, as one sentence in the reader's language."""

from __future__ import annotations

from typing import Any

from byol_core.cli.language import _, is_english, listing


def explained(error: Any) -> str:
    """What was wrong, and where to look. ``error`` is one of Typer's or of click's, of which it has copies.

    In English these are its own words. It names the kinds of its errors alike in all of its releases; of the less
    common ones the reason stays English.
    """
    if is_english():
        return f"{error.format_message().strip().rstrip('.')}; see 'byol --help'."
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return _no_such_option(error.option_name, error.possibilities or ())
    if kind == "MissingParameter" and error.param is not None:
        return _missing(error.param)
    if kind == "BadParameter" and error.param is not None:
        return _bad(error.param, str(error.message))
    return _("This command is not complete or not right ({reason}); see 'byol --help'.", reason=_short(error.message))


def _no_such_option(name: str, close: Any) -> str:
    if not close:
        return _("There is no option '{name}'; see 'byol --help'.", name=name)
    names = listing([f"'{each}'" for each in sorted(close)], "or")
    return _("There is no option '{name}'; did you mean {names}? See 'byol --help'.", name=name, names=names)


def _missing(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _("The argument '{name}' is missing; see 'byol --help'.", name=_named(parameter))
    return _("The option '{name}' is missing; see 'byol --help'.", name=_named(parameter))


def _bad(parameter: Any, message: str) -> str:
    name, low, high = _named(parameter), getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is not None and high is not None:
        return _(
            "'{name}' should be a whole number from {low} to {high}; see 'byol --help'.", name=name, low=low, high=high
        )
    if low is not None:
        return _("'{name}' should be a whole number from {low} on; see 'byol --help'.", name=name, low=low)
    return _("'{name}' cannot have this value ({reason}); see 'byol --help'.", name=name, reason=_short(message))


def _named(parameter: Any) -> str:
    """An option as it is typed, an argument as the help calls it."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return " / ".join(parameter.opts)


def _short(message: str) -> str:
    return message.strip().rstrip(".")
