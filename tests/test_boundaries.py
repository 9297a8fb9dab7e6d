"""Imports go one way: the core knows nothing of the app, and what the dashboard opens with knows no torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIGHT = (
    "byol_core",
    "byol_core.config",
    "byol_core.config.presets",
    "byol_core.events",
    "byol_core.system.paths",
    "byol_core.data.catalog",
    "byol_core.embeddings.placement",
    "byol_core.evaluation.handler",
    "byol_core.evaluation.html",
    "byol_core.evaluation.transfer",
    "byol_core.augment_study",
    "byol_core.jobs.own_process",
    "byol_core.jobs.worker",
    "byol_core.runs.store",
    "byol_core.training.jobs",
    "byol_core.runs.launcher",
    "byol_core.runs.supervisor",
    "byol_core.cli",
)
HEAVY = ("torch", "torchvision", "umap", "sklearn", "streamlit", "plotly")


def loaded_by(code: str) -> set[str]:
    probe = f"import sys; {code}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    return set(subprocess.check_output([sys.executable, "-c", probe], cwd=ROOT, text=True).split())


def arrows() -> dict[str, set[str]]:
    """Which of our modules each of them imports, anywhere in its file: in functions and for types alone as well."""
    paths = [path.relative_to(ROOT) for folder in ("byol_core", "app") for path in (ROOT / folder).rglob("*.py")]
    modules = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    return {name: set(imported(ROOT / path, modules.keys())) - {name} for name, path in modules.items()}


def imported(path: Path, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            wanted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in wanted:  # a module, or what stands in one
            yield from [known for known in (name, name.rpartition(".")[0]) if known in modules][:1]


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in turn; none when each can be read before those that import it."""
    left = {name: set(targets) for name, targets in graph.items()}
    while ready := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in ready:
            del left[name]
    return sorted(left)


def test_no_two_files_import_each_other():
    assert circle(arrows()) == []


def test_a_circle_would_be_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_nothing_heavy(module):
    assert loaded_by(f"import {module}") == set()


def test_the_core_never_imports_the_app_or_streamlit():
    for path in (ROOT / "byol_core").rglob("*.py"):
        lines = [line.split() for line in path.read_text().splitlines()]
        imported = {words[1].split(".")[0] for words in lines if len(words) > 1 and words[0] in ("import", "from")}
        assert imported.isdisjoint({"app", "streamlit"}), path


def test_no_file_is_longer_than_400_lines():
    files = [path for folder in ("byol_core", "app") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in files if path.read_text().count("\n") > 400] == []
