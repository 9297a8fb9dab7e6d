"""Imports go one way: down the layers, never in a circle, and what the dashboard opens with knows no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import house

ROOT = house.ROOT
# Loaded by the dashboard or the command line before anything is computed, so that both open in about a second.
LIGHT = (
    "byol_core",
    "byol_core.events",
    "byol_core.sharing",
    "byol_core.system.paths",
    "byol_core.data.catalog",
    "byol_core.health.signs",
    "byol_core.evaluation.handler",
    "byol_core.evaluation.html",
    "byol_core.evaluation.transfer",
    "byol_core.augment_study",
    "byol_core.training.jobs",
)
LIGHT_PACKAGES = ("config", "jobs", "embeddings", "runs", "export", "cli")
HEAVY = ("torch", "torchvision", "umap", "sklearn", "streamlit", "plotly")


def loaded_by(*modules: str) -> set[str]:
    """Which of the heavy libraries are there once these modules are imported."""
    code = f"import sys, {', '.join(modules)}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    return set(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split())


@pytest.fixture(scope="module")
def graph() -> house.Graph:
    return house.import_graph()


def test_no_two_files_import_each_other(graph: house.Graph) -> None:
    assert house.circles(graph) == []


def test_a_circle_would_be_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert house.circles(graph) == [["b", "c"]]


def test_no_import_leads_upward(graph: house.Graph) -> None:
    assert house.upward(graph) == []


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("byol_core.losses.predictive", "byol_core.training.step"),  # from a leaf to the loop
        ("byol_core.losses.predictive", "byol_core.augment.views"),  # between two leaves
        ("byol_core.data.catalog", "byol_core"),  # the public names
        ("byol_core.runs.store", "app.shared.state"),
        ("app.shared.state", "app.runs.page"),
        ("byol_core.data.catalog", "byol_core.novel.thing"),  # a place that no layer names
    ],
)
def test_an_import_that_leads_upward_would_be_found(file: str, target: str) -> None:
    assert house.upward({file: {target}, target: set()}) == [f"{file} -> {target}"]


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("byol_core.training.step", "byol_core.losses.predictive"),
        ("byol_core.training.step", "byol_core.training.trainer"),
        ("byol_core", "byol_core.runs.store"),
        ("app.shared.state", "byol_core.runs.store"),
    ],
)
def test_an_import_that_leads_down_is_allowed(file: str, target: str) -> None:
    assert house.upward({file: {target}, target: set()}) == []


def test_an_import_in_a_function_or_for_types_counts(tmp_path: Path) -> None:
    (tmp_path / "byol_core").mkdir()
    for name in ("lazy", "typed", "relative"):
        (tmp_path / "byol_core" / f"{name}.py").write_text("")
    (tmp_path / "byol_core" / "reader.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from byol_core.typed import Thing\n"
        "def work():\n    import byol_core.lazy\n    from . import relative\n"
    )
    found = house.import_graph(tmp_path)["byol_core.reader"]
    assert found == {"byol_core.typed", "byol_core.lazy", "byol_core.relative"}


def test_every_place_has_a_layer(graph: house.Graph) -> None:
    assert house.by_place(graph).keys() == house.LEVELS.keys()


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    assert loaded_by(module) == set()


@pytest.mark.parametrize("package", LIGHT_PACKAGES)
def test_light_packages_load_nothing_heavy(package: str, graph: house.Graph) -> None:
    # The trackers are left out: each needs a library of its own, which may be missing.
    modules = [name for name in graph if f"{name}.".startswith(f"byol_core.{package}.") and ".trackers." not in name]
    assert loaded_by(*(name for name in modules if not name.endswith("__main__"))) == set()


def test_the_core_never_imports_the_app_or_streamlit() -> None:
    for path in (ROOT / "byol_core").rglob("*.py"):
        lines = [line.split() for line in path.read_text().splitlines()]
        imported = {words[1].split(".")[0] for words in lines if len(words) > 1 and words[0] in ("import", "from")}
        assert imported.isdisjoint({"app", "streamlit"}), path


def test_no_file_is_longer_than_400_lines() -> None:
    assert [path for path in house.source_files(ROOT) if path.read_text().count("\n") > 400] == []
