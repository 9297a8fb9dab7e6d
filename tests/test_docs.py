"""The documentation is true: the files, links and commands that it names exist, and its appendix is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from tests import tested

ROOT = Path(__file__).parent.parent
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Pages for people who use the program; the others are for those who change it.
FOR_USERS = [page for page in PAGES if page not in (ROOT / "CONTRIBUTING.md", ARCHITECTURE, tested.APPENDIX)]
OF_THE_TREE = re.compile(r"`((?:byol_core|app|tests|docs|benchmarks|assets|examples)/[\w/.-]*)`")


def named_paths(text: str) -> list[str]:
    """The files and folders of this repository that a text names."""
    return OF_THE_TREE.findall(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    assert [path for path in named_paths(page.read_text()) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_finds_it(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    assert [link for link in links if link[1] not in headings(page.parent / link[0] if link[0] else page)] == []


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", FOR_USERS, ids=lambda page: page.name)
def test_pages_for_users_name_no_tests(page: Path) -> None:
    assert re.findall(r"\btest_\w+", page.read_text()) == []


def test_the_architecture_names_a_file_for_fifteen_tasks() -> None:
    table = ARCHITECTURE.read_text().partition("## Where to change what")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len({task for task, *_ in rows}) >= 15
    assert [task for task, start, *_ in rows if not any((ROOT / path).is_file() for path in named_paths(start))] == []


def test_the_appendix_of_tests_is_current() -> None:
    assert tested.APPENDIX.read_text() == tested.appendix(), "run python tests/tested.py"


def test_the_appendix_leaves_no_test_file_out() -> None:
    files = {path.relative_to(tested.TESTS).as_posix() for path in tested.TESTS.rglob("test_*.py")}
    listed = {file for topics in tested.PAGES.values() for names in topics.values() for file in _files(names)}
    assert listed == files


def _files(names: list[str]) -> list[str]:
    return [file for name in names for file in tested.test_files(name)]


def test_every_command_in_the_documents_exists() -> None:
    from byol_core.cli import app

    known = set(typer.main.get_command(app).commands)
    blocks = [block for page in PAGES for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.M | re.S)]
    used = {verb for block in blocks for verb in re.findall(r"(?:^|&& | {2,})byol ([a-z-]+)", block, re.M)}
    assert used
    assert used <= known
