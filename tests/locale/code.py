"""What the code may not do, so that all of its texts can be said in another language."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import catalogs

# Functions that say a text in somebody's language at once, and those that mark one for later.
SAYING = {"_", "n_", "tell", "listing"}
MARKING = {"_", "n_", "N_", "Message", "plural"}
# How many of its arguments a call shows, of Streamlit, its containers, rich and Python.
SHOWING = dict.fromkeys(
    [
        *("title", "header", "subheader", "caption", "markdown", "write", "text", "toast", "html"),
        *("info", "warning", "error", "success", "spinner", "expander", "popover", "status", "dialog"),
        *("button", "link_button", "download_button", "form_submit_button", "checkbox", "toggle", "radio", "selectbox"),
        *("multiselect", "slider", "select_slider", "number_input", "text_input", "text_area", "date_input"),
        *("file_uploader", "camera_input", "segmented_control", "pills", "page_link", "Column", "add_column"),
        *("echo", "secho", "rule", "prompt", "confirm", "add_task"),
    ],
    1,
) | {"progress": 2, "metric": 3, "print": 99, "add_row": 99, "Table": 1, "TextColumn": 1}
NAMED = {"help", "placeholder", "label", "body", "caption", "tooltip", "header", "prompt"}
# No words: icons and other directives, tags, styles, addresses, code; what is left is looked at.
_NO_WORDS = re.compile(
    r"(?s:<style>.*?</style>)|:material/(?:\w+|\{\}):|:[a-z-]+[:\[]|<[^<>]*>|&\w+;|`[^`]*`|https?://\S*|--[a-z-]+"
    r"|[\w/.-]+\.(?:py|css|js)\b|\b[a-z]+_[a-z_]+\b|\{[\w.\[\]]*\}"
)
_WORD = re.compile(r"[A-Za-z]{2,}")
# Names, units and letters that are the same in every language.
SAME = {
    *("BYOL", "Lab", "kNN", "PCA", "UMAP", "densMAP", "SNE", "tau", "AP", "ROC", "CPU", "GPU", "GB", "MB", "px"),
    *("PyTorch", "JSON", "CSV", "HTML", "PNG", "SVG", "YAML", "ONNX", "Parquet", "std", "ID"),
}

Fault = tuple[str, int, str]  # the function that it is in, the line, the fault
Check = Callable[[ast.Module], Iterator[Fault]]


def faults(check: Check, folders: tuple[str, ...], root: Path = catalogs.ROOT) -> list[tuple[str, Fault]]:
    """What a check finds in the files of these folders, each with its path."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    if check is early:  # the scripts of the pages are run anew for every viewer, and imported by nobody
        paths = [path for path in paths if path.name not in ("page.py", "navigation.py")]
    parsed = ((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)
    return [(path.relative_to(root).as_posix(), fault) for path, tree in parsed for fault in check(tree)]


def walk(node: ast.AST, place: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Every node below, with the function or class that it is in."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield child, place
        yield from walk(child, child.name if named else place)


def called(node: ast.AST) -> str:
    """The name of what a call calls, without what it belongs to; empty where it is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def built(tree: ast.Module) -> Iterator[Fault]:
    """Texts that are put together where they are marked, or chosen there, so that no catalog has them."""
    for node, place in walk(tree):
        if isinstance(node, ast.Call) and (called(node) in MARKING or catalogs.is_error(called(node))):
            for text in node.args[: 2 if called(node) in ("n_", "plural") else 1]:
                if isinstance(text, ast.JoinedStr | ast.BinOp) or (isinstance(text, ast.IfExp) and [*_literals(text)]):
                    yield place, text.lineno, f"built: {ast.unparse(text)}"


def bare(tree: ast.Module) -> Iterator[Fault]:
    """English words in what is shown, which nobody translates."""
    for node, place in walk(tree):
        if isinstance(node, ast.Call):
            shown = node.args[: SHOWING.get(called(node), 0)]
            if called(node) not in catalogs.CALLS:  # the extractor takes those of typer
                shown += [keyword.value for keyword in node.keywords if keyword.arg in NAMED]
            for text in (part for argument in shown for part in _literals(argument)):
                if _words(text):
                    yield place, node.lineno, f"bare: {text}"


def _literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may show as they stand: its own, of f-strings and sums, of each branch."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
        for part in node.values:
            yield from _literals(part.value) if isinstance(part, ast.FormattedValue) else ()
    elif isinstance(node, ast.BinOp):
        yield from (text for side in (node.left, node.right) for text in _literals(side))
    elif isinstance(node, ast.IfExp):
        yield from (text for branch in (node.body, node.orelse) for text in _literals(branch))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in _literals(value))
    elif isinstance(node, ast.Call) and called(node) in ("join", "format") and isinstance(node.func, ast.Attribute):
        yield from _literals(node.func.value)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_NO_WORDS.sub(" ", text))) - SAME


def kept(tree: ast.Module) -> Iterator[Fault]:
    """Texts in what is remembered for everybody, whose language may be another."""
    for node, _place in walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_is_memory, node.decorator_list)):
            for found in ast.walk(node):
                if isinstance(found, ast.Call) and isinstance(found.func, ast.Name) and found.func.id in SAYING:
                    yield node.name, found.lineno, f"kept: {ast.unparse(found)}"


def _is_memory(decorator: ast.expr) -> bool:
    return re.search(r"\b(cache|lru_cache|cache_data|cache_resource|cached)\b", ast.unparse(decorator)) is not None


def handmade(tree: ast.Module) -> Iterator[Fault]:
    """Plurals by an s, and letters that are made capitals: no such thing in Chinese."""
    for node, place in walk(tree):
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.IfExp):
            branches = (node.value.body, node.value.orelse)
            if any(isinstance(branch, ast.Constant) and branch.value in ("s", "es") for branch in branches):
                yield place, node.lineno, f"plural: {ast.unparse(node.value)}"
        elif isinstance(node, ast.Call) and _makes_capitals(node):
            yield place, node.lineno, f"capitals: {ast.unparse(node)}"


def _makes_capitals(call: ast.Call) -> bool:
    if called(call) == "upper":
        return "[:1]" in ast.unparse(call)
    return called(call) in ("capitalize", "title") and not (call.args or call.keywords)


def early(tree: ast.Module) -> Iterator[Fault]:
    """Texts that are said while a file is imported, when nobody's language is known."""
    for node in _at_import(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
            yield "", node.lineno, f"early: {ast.unparse(node)}"


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What is run when a file is imported: all but the bodies of functions."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside: list[ast.AST] = [*node.decorator_list, node.args]
    else:
        inside = [node.args] if isinstance(node, ast.Lambda) else list(ast.iter_child_nodes(node))
    for child in inside:
        yield child
        yield from _at_import(child)


def shadowed(tree: ast.Module) -> Iterator[Fault]:
    """A local ``_`` in a function that says texts with ``_``."""
    for node, _place in walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = list(ast.walk(node))
            names = [found for found in inside if isinstance(found, ast.Name) and found.id == "_"]
            if any(isinstance(name.ctx, ast.Store) for name in names) and any(called(found) == "_" for found in inside):
                yield node.name, node.lineno, "shadowed: _"
