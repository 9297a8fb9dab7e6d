"""Imports go one way: the core knows nothing of the app, and what the dashboard opens with knows no torch."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIGHT = (
    "byol_core",
    "byol_core.config",
    "byol_core.presets",
    "byol_core.events",
    "byol_core.paths",
    "byol_core.data.catalog",
    "byol_core.embed.place",
    "byol_core.evaluate.evaluator",
    "byol_core.evaluate.html",
    "byol_core.evaluate.transfer",
    "byol_core.lab",
    "byol_core.warm.worker",
    "byol_core.runs.store",
    "byol_core.runs.executors",
    "byol_core.runs.supervisor",
    "byol_core.cli",
)
HEAVY = ("torch", "torchvision", "umap", "sklearn", "streamlit", "plotly")


def loaded_by(code: str) -> set[str]:
    probe = f"import sys; {code}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    return set(subprocess.check_output([sys.executable, "-c", probe], cwd=ROOT, text=True).split())


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
