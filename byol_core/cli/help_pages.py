"""The help of every command in another language than English, which is Typer's own.

The texts are literals in the commands. Before a command runs they are put into the language, in the tree that Typer has
built of them. A page is then laid out here, since Typer counts letters where a terminal counts cells, and most of the
words that it adds cannot be translated otherwise.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from typer.core import TyperCommand, TyperGroup

from byol_core.cli import cells
from byol_core.cli.language import N_, _, is_english, listing, tell
from byol_core.errors import InputError
from byol_core.messages import Message

# What Typer says; a page looks its texts up, and finds these among them.
TYPERS = (N_("Arguments"), N_("Options"), N_("Commands"), N_("Show this message and exit."), N_("required"))
_MOST, _LEAST = 80, 50  # columns of a page
_NOTES = re.compile(r"(?s)(?:(.*?)  )?\[([^\[\]]*)\]")  # what Typer puts behind a help: "[default: 3; x>=1]"
_made: dict[str, Message] = {}


def made(text: Message) -> str:
    """A help that has values: Typer keeps its English alone, and what it was made of is remembered here."""
    _made[str(text)] = text
    return text


class Command(TyperCommand):
    """A command whose help can be in another language."""

    def get_help(self, ctx: Any) -> str:
        """The page of ``--help``."""
        return super().get_help(ctx) if is_english() else page(self, ctx)


class Group(TyperGroup):
    """``byol`` itself."""

    def get_help(self, ctx: Any) -> str:
        """The page of ``byol --help``."""
        return super().get_help(ctx) if is_english() else page(self, ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named; InputError where there is none."""
        if not is_english() and args[0] not in self.commands and not args[0].startswith("-"):
            raise _no_such(args[0], list(self.commands))
        return super().resolve_command(ctx, args)


def _no_such(name: str, commands: Sequence[str]) -> InputError:
    close = [f"'{each}'" for each in get_close_matches(name, commands)]
    if not close:
        return InputError("There is no command '{name}'; see 'byol --help'.", name=name)
    names = listing(close, "or")
    return InputError("There is no command '{name}'; did you mean {names}? See 'byol --help'.", name=name, names=names)


def translate(command: Any) -> None:
    """Put what a command and all below it say of themselves into the language, before one of them is run."""
    if is_english():
        return
    command.help = _told(command.help)
    command.short_help = (command.help or "").partition("\n\n")[0]
    command.options_metavar = _("[OPTIONS]")
    for parameter in command.params:
        parameter.help = _told(parameter.help)
    for below in getattr(command, "commands", {}).values():
        command.subcommand_metavar = _("COMMAND [ARGS]...")
        translate(below)


def _told(text: str | None) -> str | None:
    return tell(_made.get(text, text)) if text else text


def page(command: Any, context: Any) -> str:
    """The help of a command in the language."""
    shown = Page(max(_LEAST, min(_MOST, shutil.get_terminal_size().columns) - 2))
    command.format_help(context, shown)
    return shown.getvalue().rstrip("\n")


class Page:
    """What Typer writes the help of a command into, with the methods of its own formatter."""

    def __init__(self, width: int) -> None:
        self.width, self.current_indent = width, 0
        self._lines: list[str] = []

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """How a command is called."""
        self._write(_("Usage: {usage}", usage=f"{prog} {args}"))

    def write_heading(self, heading: str) -> None:
        """What the lines below it are."""
        self._write(_("{heading}:", heading=tell(heading)))

    def write_paragraph(self) -> None:
        """A blank line, but at the top."""
        if self._lines:
            self._lines.append("")

    def write_text(self, text: str) -> None:
        """Paragraphs."""
        for place, paragraph in enumerate(text.split("\n\n")):
            if place:
                self._lines.append("")
            self._write(" ".join(paragraph.split()))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Names, and what each is."""
        first = min(max((cells.width(name) for name, _help in rows), default=0), col_max) + col_spacing
        margin = self.current_indent
        for name, help_ in rows:
            told = cells.filled(_with_notes(help_), max(self.width - first - margin, 10))
            begin = " " * margin + name
            if cells.width(name) > first - col_spacing:
                self._lines.append(begin)
                begin = ""
            self._lines.append(begin + " " * (margin + first - cells.width(begin)) + told[0])
            self._lines += [" " * (margin + first) + line for line in told[1:]]

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """A heading with what is written in the block below it."""
        self.write_paragraph()
        self.write_heading(name)
        with self.indentation():
            yield

    @contextmanager
    def indentation(self) -> Iterator[None]:
        """What is written in the block stands further to the right."""
        self.indent()
        yield
        self.dedent()

    def indent(self) -> None:
        """Go on further to the right."""
        self.current_indent += 2

    def dedent(self) -> None:
        """Go back to the left."""
        self.current_indent -= 2

    def getvalue(self) -> str:
        """The page."""
        return "\n".join(self._lines)

    def _write(self, text: str) -> None:
        margin = " " * self.current_indent
        self._lines += [margin + line for line in cells.filled(text, self.width - self.current_indent)]


def _with_notes(text: str) -> str:
    """A help with what Typer says behind it: what the default is, which numbers may be given, what has to be."""
    found = _NOTES.fullmatch(text)
    if found is None:
        return tell(text)
    notes = listing(map(_note, found[2].split("; ")), "comma")
    return f"{tell(found[1] or '')}  [{notes}]".strip()


def _note(text: str) -> str:
    name, colon, value = text.partition(": ")
    return _("default: {value}", value=value) if colon and name == "default" else tell(text)
