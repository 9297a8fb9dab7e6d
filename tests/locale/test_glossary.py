"""The glossary decides each term once, in American spelling, as the code and the documents write it."""

import csv

import pytest

from tests import catalogs
from tests.locale import terms

BRITISH = ("colour", "grey", "normalis", "solaris", "optimis", "labell", "neighbour", "behaviour", "centre")
# What other books call otherwise, and these pages always so.
CONTESTED = {
    "collapse": "坍塌",
    "representation": "表示",
    "projector": "投影头",
    "predictor": "预测头",
    "stop-gradient": "停止梯度",
    "exponential moving average": "指数移动平均",
    "batch normalization": "批量归一化",
    "epoch": "轮",
    "linear probe": "线性探测",
    "baseline": "基线",
    "run": "实验",
    "tag": "标记",
}
CHINESE = sorted([*catalogs.ROOT.glob("docs/zh/*.md"), *catalogs.ROOT.glob("*.zh.md")])


def lines():
    with terms.GLOSSARY.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_glossary_has_each_term_once_in_american_spelling():
    english = [line["english"] for line in lines()]
    assert len(english) == len(set(english))
    assert not [word for word in english for part in BRITISH if part in word.lower()]


def test_every_term_has_a_word_that_is_not_forbidden():
    for line in lines():
        words, never = line["chinese"].split("|"), set(filter(None, line["forbidden"].split("|")))
        assert None not in line and not (set(words) & never), line
        assert line["english"] == "*" or all(words), line


@pytest.mark.parametrize(("english", "chinese"), CONTESTED.items())
def test_a_contested_term_is_as_it_was_decided(english, chinese):
    assert {line["english"]: line["chinese"] for line in lines()}[english] == chinese


@pytest.mark.parametrize("name", ["BYOL", "kNN", "UMAP", "PCA", "InfoNCE", "EMA"])
def test_a_name_stays_as_it_is(name):
    assert {line["english"]: line["chinese"] for line in lines()}[name] == name


def misused(text):
    """The words of a document in Chinese that no document has, with their lines."""
    never = sorted(terms.forbidden_anywhere() | {"坍缩", "投影器", "预测器", "线性探针"})
    numbered = list(enumerate(text.splitlines(), 1))
    found = [f"{number}: {word}" for number, line in numbered for word in never if word in line]
    return found + [f"{number}: 对比学习" for number, line in numbered if terms.calls_contrastive(line)]


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_the_documents_in_chinese_keep_the_glossary(path):
    assert misused(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("学到的表征", "表征"),
        ("图像增广", "增广"),
        ("您可以查看", "您"),
        ("网络会坍缩", "坍缩"),
        ("BYOL是一种对比学习方法", "对比学习"),
    ],
)
def test_a_wrong_word_in_a_document_is_found(line, word):
    assert misused(f"# 标题\n\n{line}\n") == [f"3: {word}"]


@pytest.mark.parametrize("line", ["BYOL不是对比学习", "BYOL属于非对比学习", "SimCLR是对比学习"])
def test_what_is_said_of_others_is_no_wrong_word(line):
    assert misused(line) == []
