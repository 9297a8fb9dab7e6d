"""What the documents name is there: every test, file and command that they speak of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TESTS = {path: set(re.findall(r"^def (test_\w+)", path.read_text(), re.M)) for path in (ROOT / "tests").rglob("*.py")}
NAMES = set().union(*TESTS.values())
# `runs/test_store.py`, `runs/test_store.py::test_it`, `…::test_it`; `…_of_it` is the end of a name.
REFERENCE = re.compile(r"`([\w/]+\.py|…)?(?:::)?(…?\w*)`")


def referred(page: Path) -> list[tuple[str, str]]:
    """The file and the name of each reference to a test."""
    found = REFERENCE.findall(page.read_text())
    return [(file, name) for file, name in found if "test_" in file + name or name.startswith("…_")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_is_there(page):
    for file, name in referred(page):
        names = TESTS[ROOT / "tests" / file.removeprefix("tests/")] if file.endswith(".py") else NAMES
        assert not name or any(known == name or known.endswith(name.lstrip("…")) for known in names), (file, name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_in_the_documents_exists():
    from byol_core.cli import app

    known = set(typer.main.get_command(app).commands)
    blocks = [block for page in PAGES for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.M | re.S)]
    used = {verb for block in blocks for verb in re.findall(r"(?:^|&& | {2,})byol ([a-z-]+)", block, re.M)}
    assert used
    assert used <= known
