"""No code decides by the words of a sentence: what is written for people may be reworded and translated.

The syntax trees of the library and the app are searched for code that looks into messages, alarms, complaints, notes,
titles and labels, or into the text of an error. What decides has a class, a field or a code to go by.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What holds a text for people, as an attribute or a variable.
WORDS = {"alarm", "complaint", "description", "label", "message", "note", "sentence", "title"}
ERRORS = {"caught", "e", "error", "exc", "exception", "trouble"}
LOOKS = {
    *("startswith", "endswith", "find", "index", "count", "split", "rsplit", "partition", "rpartition"),
    *("removeprefix", "removesuffix", "replace"),
}
PATTERNS = {"search", "match", "fullmatch", "findall", "finditer", "split", "sub"}
SAME = {"lower", "casefold", "strip", "lstrip", "rstrip"}  # the same text, written otherwise

# Where another program's text is all that there is: file and function, and whose text it is.
ALLOWED = {
    ("byol_core/data/archive.py", "_why"): "of zipfile, tarfile and the decompressors",
    ("app/shared/formatting.py", "told"): "anybody's: a viewer is not told a path, whoever wrote it",
    ("byol_core/data/decode.py", "_reason"): "Pillow's",
    ("byol_core/distributed/launch.py", "explain"): "torch's, of gloo and NCCL",
    ("byol_core/runs/worker.py", "_disk_full"): "torch's",
}


def looked_into(source: str) -> list[tuple[int, str]]:
    """The line and the function of every look into a text for people."""
    return [(node.lineno, place) for node, place in _walk(ast.parse(source), "") if _looks(node)]


def _walk(node: ast.AST, place: str) -> Iterator[tuple[ast.expr, str]]:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        here = child.name if named else place
        if isinstance(child, ast.expr):
            yield child, here
        yield from _walk(child, here)


def _looks(node: ast.expr) -> bool:
    if isinstance(node, ast.Compare):
        return any(map(_compares, [node.left, *node.comparators[:-1]], node.ops, node.comparators))
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr in LOOKS and _is_words(node.func.value):
        return node.func.attr != "split" or bool(node.args)  # without arguments it is about white space
    return node.func.attr in PATTERNS and any(map(_is_words, node.args))


def _compares(left: ast.expr, how: ast.cmpop, right: ast.expr) -> bool:
    """``word in sentence``, or a sentence that is compared with words in the code; not with the empty text."""
    if isinstance(how, ast.In | ast.NotIn) and _is_words(right):
        return True
    return (_is_words(left) and _is_constant(right)) or (_is_words(right) and _is_constant(left))


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_is_constant, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != ""


def _is_words(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return any(map(_is_words, node.values))
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in SAME and _is_words(node.func.value)
        is_text = isinstance(node.func, ast.Name) and node.func.id == "str" and len(node.args) == 1
        return is_text and (_is_words(node.args[0]) or _is_error(node.args[0]))
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in WORDS


def _is_error(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in ERRORS or name == "orig"


def test_no_code_looks_into_a_sentence():
    found = [
        f"{file.relative_to(ROOT)}:{line} in {place}"
        for package in ("byol_core", "app")
        for file in sorted((ROOT / package).rglob("*.py"))
        for line, place in looked_into(file.read_text(encoding="utf-8"))
        if (file.relative_to(ROOT).as_posix(), place) not in ALLOWED
    ]
    assert not found, "These decide by words; give them a code or a field:\n" + "\n".join(found)


def test_what_is_allowed_is_still_there():
    for name, place in ALLOWED:
        assert place in {where for _, where in looked_into((ROOT / name).read_text(encoding="utf-8"))}, (name, place)


@pytest.mark.parametrize(
    "code",
    [
        'if "collapsed" in sentence: pass',
        'alarm.startswith(("No step for", "No heartbeat"))',
        "mine = f\"'{key}'\" in complaint",
        'passes = not isinstance(error, InputError) or "locked" in str(error)',
        'hint = "pip" if "psycopg" in str(error).lower() else ""',
        'color = "gray" if _TOO_MANY in point.job.message else "red"',
        'reason = found.verdict.sentence.removeprefix(f"{title}: ")',
        'draws = page.title in ("Runs", "Evaluate")',
        'if page.title == "Train" and not teacher: pass',
        'run.message if run.message.endswith((".", "!", "?")) else run.message + "."',
        'first, _, rest = str(error).partition(": ")',
        're.search(r"epoch (\\d+)", run.message)',
        '_PATTERN.fullmatch(str(error.orig) or "")',
        'head = job.message.split(". ")[0]',
        'words = (field.description or "").replace(" Empty: as the preset says.", "")',
    ],
)
def test_a_look_into_a_sentence_is_found(code):
    assert looked_into(code)


@pytest.mark.parametrize(
    "code",
    [
        "if run.alarm and run.alarm != run.message: pass",
        'if error.setting == "views.strength": pass',
        'if run.alarm_kind == "stalled": pass',
        'print(" ".join(str(error).split()))',
        "if title in names: pass",
        "raise InputError(str(error)) from None",
        'said = job.message or "Waits for its turn"',
        'if not sentence or complaint == "": pass',
    ],
)
def test_showing_a_sentence_is_no_look_into_it(code):
    assert not looked_into(code)
