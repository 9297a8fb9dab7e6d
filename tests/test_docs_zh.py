"""Each document has one in Chinese, with the same parts; what it says is for a reader to judge."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests import tested
from tests.test_docs import ROOT, headings, named_paths

DOCS = ROOT / "docs"
# Of each document the one in Chinese. The appendix is a list of tests, the same in every language.
CHINESE = {ROOT / "README.md": ROOT / "README.zh.md"} | {
    page: DOCS / "zh" / page.name for page in sorted(DOCS.glob("*.md")) if page != tested.APPENDIX
}
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(#[^)]+)?\)")
HAN = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"(?:\b[a-z]{2,}[ ,]+){3}[a-z]{2,}\b")  # four words of a sentence, one after the other
COMMENT = re.compile(r"\s*#.*")

pair = pytest.mark.parametrize(("english", "chinese"), CHINESE.items(), ids=[page.stem for page in CHINESE])
page_in_chinese = pytest.mark.parametrize("page", CHINESE.values(), ids=[page.stem for page in CHINESE])


def parts(page: Path) -> list[Token]:
    """The blocks of a page, in order, its spans among them."""
    return list(_flat(MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))))


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or []


def code(page: Path) -> list[tuple[str, str]]:
    """The language and the code of each block, without comments, which may be in Chinese."""
    return [(part.info, COMMENT.sub("", part.content)) for part in parts(page) if part.type in ("fence", "code_block")]


def targets(page: Path) -> Counter[str]:
    """How often a page links to each file and address. A document counts as its English one, and itself not at all."""
    links = [str(part.attrs.get("href", part.attrs.get("src", ""))).partition("#")[0] for part in parts(page)]
    return Counter(_target(page, link) for link in links if link)


def _target(page: Path, link: str) -> str:
    if link.startswith("http"):
        return link
    path = Path(os.path.normpath(page.parent / link))
    back = {chinese: english for english, chinese in CHINESE.items()}
    return str(back.get(path, path).relative_to(ROOT))


def plain(part: Token) -> str:
    """A paragraph, a heading or a cell without its code."""
    return "".join("`" if child.type == "code_inline" else child.content for child in part.children or [])


def test_no_chinese_document_is_left_over() -> None:
    assert {*(DOCS / "zh").iterdir(), *ROOT.glob("*.zh.md")} == set(CHINESE.values())


@pair
def test_both_have_the_same_headings(english: Path, chinese: Path) -> None:
    levels = [[part.tag for part in parts(page) if part.type == "heading_open"] for page in (english, chinese)]
    assert levels[0] == levels[1]


@pair
def test_both_have_the_same_code(english: Path, chinese: Path) -> None:
    assert code(chinese) == code(english)


@pair
def test_both_name_the_same_code(english: Path, chinese: Path) -> None:
    named = [{part.content for part in parts(page) if part.type == "code_inline"} for page in (english, chinese)]
    assert named[0] ^ named[1] == set()


@pair
def test_both_have_the_same_tables_and_lists(english: Path, chinese: Path) -> None:
    kinds = ("tr_open", "th_open", "td_open", "list_item_open", "paragraph_open")
    found = [[part.type for part in parts(page) if part.type in kinds] for page in (english, chinese)]
    assert found[0] == found[1]


@pair
def test_both_link_to_the_same_places(english: Path, chinese: Path) -> None:
    assert targets(chinese) == targets(english)


@pair
def test_each_leads_to_the_other_at_its_top(english: Path, chinese: Path) -> None:
    for page, other, language in ((english, chinese, "中文"), (chinese, english, "English")):
        top = page.read_text(encoding="utf-8").split("\n\n")[1]
        assert f"[{language}]({os.path.relpath(other, page.parent)})" in top


@page_in_chinese
def test_links_in_chinese_lead_to_chinese(page: Path) -> None:
    links = [page.parent / link for link, _ in LINK.findall(page.read_text(encoding="utf-8"))[1:] if link]
    assert [str(link) for link in links if not link.exists() or link.resolve() in CHINESE] == []


@page_in_chinese
def test_links_to_headings_in_chinese_find_them(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if link[1]]
    assert [link for link in links if link[1][1:] not in headings(page.parent / link[0] if link[0] else page)] == []


@page_in_chinese
def test_files_named_in_chinese_exist(page: Path) -> None:
    assert [path for path in named_paths(page.read_text(encoding="utf-8")) if not (ROOT / path).exists()] == []


@page_in_chinese
def test_no_paragraph_is_left_in_english(page: Path) -> None:
    found = parts(page)
    texts = [plain(part) for before, part in pairwise(found) if before.type == "paragraph_open"]
    assert [text for text in texts if text != "English" and not HAN.search(text)] == []


@page_in_chinese
def test_no_sentence_is_left_in_english(page: Path) -> None:
    texts = [plain(part) for part in parts(page) if part.type == "inline"]
    assert [text for text in texts if ENGLISH.search(text)] == []


@page_in_chinese
def test_emphasis_in_chinese_is_seen_as_such(page: Path) -> None:
    """Asterisks between a sign and a Han character stay asterisks."""
    texts = [plain(part) for part in parts(page) if part.type == "inline"]
    assert [text for text in texts if "*" in text] == []


@page_in_chinese
def test_chinese_has_no_blank_within_it(page: Path) -> None:
    """A line break is one too, where it is shown."""
    texts = ["".join(_shown(child) for child in part.children or []) for part in parts(page)]
    assert [text for text in texts if re.search(rf"{HAN.pattern}\s+{HAN.pattern}", text)] == []


def _shown(part: Token) -> str:
    return "\n" if part.type == "softbreak" else part.content
