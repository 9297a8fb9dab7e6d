"""The texts that a person reads, taken from the code, and the catalogs of their translations.

``python tests/catalogs.py`` enters new texts into the ``.po`` files of every language, without a translation, and takes
out those that the code has no more. ``python tests/catalogs.py --fill FILE.json`` also enters translations: an object
from texts to theirs.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "byol_core" / "locale"
DOMAINS: Mapping[str, str] = {"app": "app", "cli": "byol_core/cli", "core": "byol_core"}

# Babel's own would hold the time, and so change with every writing.
HEADER = """# BYOL Lab, {name}. Written by tests/catalogs.py; translations are entered by hand.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""

# Where a call has texts: places of positional arguments, and names of others. Two places in one tuple: one and many.
CALLS: Mapping[str, tuple[int | str | tuple[int, int], ...]] = {
    "_": (0,),
    "N_": (0,),
    "n_": ((0, 1),),
    "Message": (0,),
    "plural": ((0, 1),),  # Message.plural
    "Alarm": (0,),
    "setting": (1, 2, "unit", "source", "empty"),
    "_strength": (0, 1),  # of an operation of the views
    "Preset": (1, 2, 3, "title", "reason", "expect"),
    "Format": (1, 3, "title", "purpose"),
    "refusal": (1,),
    "Sign": (1, 2, "zero", "ideal", "alarm", "source", "caveat"),
    "Counted": ((0, 1),),  # of the account of a load
    "Entry": (1, 2, 7),  # of the catalog of sets
    "Kind": (0, 1, 2),  # of a file
    "Recipe": ("reason",),  # of the views
    "Option": ("help",),  # of typer
    "Argument": ("help",),
    "Typer": ("help",),
    "kind": (3,),  # of byol_core.system.checks: what an argument should be
    "wrong": (1,),
}


@dataclass(frozen=True)
class Text:
    """A text of the code: a template for one, and for many where there is a number in it.

    ``built``: it is an f-string or put together in the call, so that no catalog can have it.
    """

    one: str
    many: str
    where: str
    built: bool = False

    @property
    def key(self) -> str | tuple[str, str]:
        return (self.one, self.many) if self.many else self.one


def texts(path: Path, root: Path = ROOT) -> Iterator[Text]:
    """What a file says, of Python or a template of Jinja."""
    if path.suffix == ".j2":
        yield from _of_template(path, root)
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from _of_call(node, f"{path.relative_to(root)}:{node.lineno}")
        elif isinstance(node, ast.FunctionDef) and any(map(_is_command, node.decorator_list)):
            yield Text(ast.get_docstring(node) or "", "", f"{path.relative_to(root)}:{node.lineno}")
        elif isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Part" for base in node.bases):
            yield Text(ast.get_docstring(node) or "", "", f"{path.relative_to(root)}:{node.lineno}")  # of the settings


def _of_template(path: Path, root: Path) -> Iterator[Text]:
    """The first argument of each ``_``, and the first two of ``n_``."""
    for call in Environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "n_"):
            one, many = (*call.args, None)[:2] if call.node.name == "n_" else (call.args[0], None)
            where, said = f"{path.relative_to(root)}:{call.lineno}", isinstance(one, nodes.Const)
            yield Text(one.value if said else "", many.value if isinstance(many, nodes.Const) else "", where, not said)


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "app.command"


def _of_call(call: ast.Call, where: str) -> Iterator[Text]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    for place in CALLS.get(name, (0,) if is_error(name) else ()):
        one, many = place if isinstance(place, tuple) else (place, None)
        found, other = _argument(call, one), None if many is None else _argument(call, many)
        if isinstance(found, ast.JoinedStr | ast.BinOp):
            yield Text(ast.unparse(found), "", where, built=True)
        elif text := _literal(found):
            yield Text(text, _literal(other), where)


def is_error(name: str) -> bool:
    """Whether it is a LabError by its name; those of Python and of libraries have no texts of ours."""
    return name in ("LabError", "InputError", "ArgumentError")


def _argument(call: ast.Call, place: int | str) -> ast.expr | None:
    if isinstance(place, int):
        return call.args[place] if place < len(call.args) else None
    return next((keyword.value for keyword in call.keywords if keyword.arg == place), None)


def _literal(node: ast.expr | None) -> str:
    """The text; empty where a variable or a call gives it, which was marked where it was made."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def domain(path: Path, root: Path = ROOT) -> str:
    """The catalog that a file's texts are in."""
    inside = path.relative_to(root).as_posix()
    return next(name for name, folder in DOMAINS.items() if inside.startswith(folder + "/"))


def sources(root: Path = ROOT) -> Iterator[Path]:
    for folder in ("app", "byol_core"):
        yield from sorted(path for path in (root / folder).rglob("*") if path.suffix in (".py", ".j2"))


def templates(root: Path = ROOT) -> dict[str, Catalog]:
    """The texts of every domain. A text that two have is in the first alone."""
    found = {name: Catalog(domain=name, project="BYOL Lab") for name in DOMAINS}
    seen: set[str] = set()
    for path in sources(root):
        for text in texts(path, root):
            if text.one not in seen and not text.built:
                seen.add(text.one)
                found[domain(path, root)].add(text.key, flags={"python-brace-format"} if "{" in text.one else set())
    return found


def path_of(language: str, name: str, root: Path = ROOT) -> Path:
    return root / LOCALE.relative_to(ROOT) / language / "LC_MESSAGES" / f"{name}.po"


def read(language: str, name: str, root: Path = ROOT) -> Catalog:
    path = path_of(language, name, root)
    if not path.exists():
        return Catalog(locale=language, domain=name)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=name)


def update(language: str, filled: Mapping[str, str], root: Path = ROOT) -> None:
    """Bring the catalogs of a language up to the code, with these translations."""
    for path, content in written(language, filled, root).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def written(language: str, filled: Mapping[str, str], root: Path = ROOT) -> dict[Path, bytes]:
    """The catalogs of a language as they should be. A fuzzy translation is somebody's guess and is not taken over."""
    there = [message for name in DOMAINS for message in read(language, name, root)]
    known: dict[str, Any] = {first(message.id): message.string for message in there if not message.fuzzy}
    known |= filled
    found = {}
    for name, template in templates(root).items():
        made = Catalog(locale=language, domain=name, fuzzy=False)
        for message in filter(lambda message: message.id, template):
            made.add(message.id, _fitting(known.get(first(message.id), ""), message.id), flags=message.flags)
        found[path_of(language, name, root)] = _content(language, name, made)
    return found


def _fitting(string: Any, msgid: Any) -> Any:
    """One text for one, a tuple of forms for a plural."""
    forms = (string,) if isinstance(string, str) else tuple(string)
    return forms[0] if isinstance(msgid, str) else forms


def first(msgid: Any) -> str:
    return msgid if isinstance(msgid, str) else str(msgid[0])


def _content(language: str, name: str, made: Catalog) -> bytes:
    to = BytesIO(HEADER.format(name=name, language=language, plurals=made.plural_forms).encode())
    to.seek(0, SEEK_END)
    write_po(to, made, width=0, omit_header=True, no_location=True, sort_output=True, ignore_obsolete=True)
    return to.getvalue()


if __name__ == "__main__":
    for text in (text for path in sources() for text in texts(path) if text.built):
        print(f"{text.where}: not one text: {text.one[:90]}")
    given = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")) if sys.argv[1:2] == ["--fill"] else {}
    for folder in sorted(path.parent.name for path in LOCALE.glob("*/NAME")):
        update(folder, given)
