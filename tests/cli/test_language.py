"""The command line in another language: which one, and that everything is said in it but what machines read."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from byol_core import language
from byol_core.cli import COMMANDS, cells
from byol_core.cli.language import parted
from byol_core.config import RunConfig

# Every text in marks, so that one without them was not translated.
MARKED = re.compile("⟦[^⟦⟧]*⟧")
# Words that are no part of an option or of a <type>.
WORD = re.compile(r"(?<![\w<|-])[A-Z]?[a-z]{3,}(?![\w>|-])")
NAMES = {"byol", *COMMANDS, "text", "str", "zip"}  # the last ones are of an argument, a type and a file


class Marked(language.Catalog):
    """A language that says everything as English does, between marks."""

    def one(self, template: str) -> str:
        return f"⟦{template}⟧"

    def number(self, one: str, many: str, n: int) -> str:
        return f"⟦{many}⟧"


def unmarked(text: str) -> str:
    """What is left without the marked texts, which may hold others."""
    while (rest := MARKED.sub("", text)) != text:
        text = rest
    return text


@pytest.fixture
def marked(monkeypatch):
    monkeypatch.setattr(language, "catalog", lambda code: Marked({}))
    monkeypatch.setenv(language.VARIABLE, "zh_CN")


@pytest.mark.parametrize(
    ("words", "asked", "rest"),
    [
        (["--lang", "zh", "runs"], "zh", ["runs"]),
        (["--lang=zh", "runs"], "zh", ["runs"]),
        (["app", "--lang", "zh"], None, ["app", "--lang", "zh"]),
        (["runs"], None, ["runs"]),
        (["--version", "--lang", "zh"], "zh", ["--version"]),
        (["--lang"], None, []),
        ([], None, []),
    ],
)
def test_the_language_is_asked_for_before_the_command(words, asked, rest):
    assert parted(words) == (asked, rest)


def test_a_language_that_is_not_there_is_one_sentence(byol):
    status, out, err = byol("--lang", "tlh", "runs")
    assert (status, out) == (2, "") and err == "There is no language 'tlh'; there are en, zh_CN.\n"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_says_everything_in_the_language(byol, marked, command):
    status, out, _ = byol(*command.split(), "--help")
    assert status == 0 and set(WORD.findall(unmarked(out))) <= NAMES


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["rums"],
        ["--nonsense"],
        ["runs", "--limi"],
        ["show"],
        ["embed", "abc"],
        ["runs", "--limit", "0"],
        ["app", "--port", "99999"],
        ["move", "abc", "sideways"],
        ["runs", "a", "b"],
    ],
)
def test_what_is_wrong_is_one_sentence_in_the_language(byol, marked, arguments):
    status, out, err = byol(*arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("⟦") and err.rstrip().endswith("⟧")


def test_tables_and_sentences_are_in_the_language(byol, store, quiet, marked):
    run = store.create(RunConfig(), name="mine")
    assert "⟦state⟧" in byol("runs")[1] and "⟦queued⟧" in byol("runs")[1]
    assert byol("tag", run.run_id)[1].startswith("⟦Run ")
    assert re.search("⟦message⟧|⟦state⟧", byol("show", run.run_id)[1])


def test_what_machines_read_stays_english(byol, store, quiet, marked):
    run = store.create(RunConfig(), name="mine")
    seen = json.loads(byol("show", run.run_id, "--json")[1])
    assert seen["state"] == "queued" and "⟦" not in json.dumps(seen, ensure_ascii=False)


@pytest.mark.skipif(sys.platform == "win32", reason="there the dashboard is a process of its own")
@pytest.mark.parametrize("arguments", [("app", "--lang", "zh"), ("--lang", "zh-CN", "app")])
def test_the_dashboard_is_told_its_language(byol, home, monkeypatch, arguments):
    started = []

    def replaced(file, command, environment):
        started.append(environment)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", replaced)
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    byol(*arguments)
    assert started[0][language.VARIABLE] == "zh_CN"


def test_a_chinese_character_takes_two_cells():
    assert [cells.width(text) for text in ("abc", "嵌入图", "kNN（测试）")] == [3, 6, 11]
    assert cells.cut("投影正在坍塌", 7) == "投影正…" and cells.cut("collapse", 8) == "collapse"


def test_chinese_lines_break_between_characters_not_before_marks():
    lines = cells.filled("实验正在排队，跟踪它：byol tail", 12)
    assert lines == ["实验正在排", "队，跟踪它：", "byol tail"]
    assert all(cells.width(line) <= 12 for line in lines)
