"""The catalogs are those of the code, whole, and nothing in them is a guess."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import catalogs
from tests.locale import punctuation, terms, translations
from tests.locale.translations import LANGUAGE, Rule

# Each rule, and a translation that breaks it: the English text and the wrong Chinese.
RULES: list[tuple[Rule, str, str]] = [
    (translations.untranslated, "Loss", ""),
    (translations.placeholders, "Run '{name}' waits.", "实验“{run}”在排队。"),
    (translations.placeholders, "{share:.0%} of the images", "图像的{share}"),
    (translations.placeholders, "{a} and {b}", "{a}"),
    (translations.placeholders, "The name of {run.name}", "{run.name}的名称"),
    (translations.markup, "**{n}** images", "{n}张图像"),
    (translations.markup, "See `byol doctor`", "见`byol 医生`"),
    (translations.markup, "[The paper](https://arxiv.org/abs/2006.07733)", "[论文](https://arxiv.org)"),
    (translations.markup, ":material/grid_view: Views", "视图"),
    (translations.markup, "The loss $2 - 2cos$", "损失$2 - 2cos"),
    (translations.code, "Give it with --json.", "请用--格式给出。"),
    (translations.code, "Lower optimizer.lr.", "请降低优化器.lr。"),
    (translations.code, "Set BYOL_LAB_HOME.", "请设置主目录。"),
    (punctuation.punctuation, "The image is read, then resized.", "先读取图像,再缩放。"),
    (punctuation.punctuation, "images (training)", "图像(训练)"),
    (punctuation.punctuation, "'{name}' waits", "'{name}'在等待"),
    (punctuation.punctuation, "{n} images", "{n} 张图像"),
    (punctuation.punctuation, "the 95 % interval", "95 %区间"),
    (punctuation.punctuation, "Reading …", "正在读取…"),
    (punctuation.punctuation, "the file “{name}”", "文件「{name}」"),
    (punctuation.ends, "It is over.", "已结束"),
    (punctuation.ends, "Save", "保存。"),
    (punctuation.ends, "What is it?", "是什么。"),
    (terms.terms, "It has collapsed", "它失败了"),
    (terms.terms, "linear probe", "线性分类"),
    (terms.forbidden, "The representation", "表征（表示）"),
    (terms.forbidden, "a collapse", "坍塌（崩溃）"),
    (terms.forbidden, "BYOL learns", "BYOL是一种对比学习"),
    (terms.forbidden, "you", "您"),
]


@pytest.fixture
def planted(tmp_path: Path) -> Callable[..., Path]:
    """Makes a root whose catalog has one text, translated so; ``flags`` is a line before it."""

    def make(english: str, chinese: str, flags: str = "") -> Path:
        path = catalogs.path_of(LANGUAGE, "app", tmp_path)
        path.parent.mkdir(parents=True)
        path.write_text(f'{flags}msgid "{english}"\nmsgstr "{chinese}"\n', encoding="utf-8")
        return tmp_path

    return make


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the code and its catalogs."""
    for folder in ("app", "byol_core"):
        ignored = shutil.ignore_patterns("*.js", "*.svg", "*.png", "__pycache__", "_bundle")
        shutil.copytree(catalogs.ROOT / folder, tmp_path / folder, ignore=ignored)
    return tmp_path


def stale(root: Path) -> list[str]:
    """The catalogs that ``python tests/catalogs.py`` would write otherwise."""
    should = catalogs.written(LANGUAGE, {}, root)
    return [path.name for path, content in should.items() if not path.exists() or path.read_bytes() != content]


def test_the_catalogs_are_up_to_date_with_the_code():
    assert not stale(catalogs.ROOT), "Run python tests/catalogs.py, and translate what is new."


def test_a_new_text_makes_a_catalog_stale(copied):
    assert stale(copied) == []
    (copied / "app" / "new.py").write_text('SAID = _("A text that nobody has translated")\n')
    assert stale(copied) == ["app.po"]


def test_a_text_that_is_gone_makes_a_catalog_stale(copied):
    path = catalogs.path_of(LANGUAGE, "cli", copied)
    with path.open("a", encoding="utf-8") as file:
        file.write('\nmsgid "Gone from the code"\nmsgstr "已不在代码中"\n')
    assert stale(copied) == ["cli.po"]


def test_an_update_enters_new_texts_and_takes_out_old_ones(copied):
    (copied / "app" / "new.py").write_text('SAID = _("A new text")\n')
    catalogs.update(LANGUAGE, {"A new text": "新文本"}, copied)
    assert stale(copied) == [] and "新文本" in catalogs.path_of(LANGUAGE, "app", copied).read_text(encoding="utf-8")
    (copied / "app" / "new.py").unlink()
    catalogs.update(LANGUAGE, {}, copied)
    assert "新文本" not in catalogs.path_of(LANGUAGE, "app", copied).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "rule", [*dict.fromkeys(rule for rule, *_rest in RULES), translations.fuzzy, translations.plurals]
)
def test_every_translation_keeps_the_rule(rule):
    found = translations.complaints(rule)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("rule", "english", "chinese"), RULES)
def test_a_translation_that_breaks_a_rule_is_found(planted, rule, english, chinese):
    assert len(translations.complaints(rule, planted(english, chinese))) >= 1


def test_a_fuzzy_translation_is_found(planted):
    assert translations.complaints(translations.fuzzy, planted("Loss", "损失", "#, fuzzy\n"))


def test_a_fuzzy_translation_is_not_taken_over(copied):
    path = catalogs.path_of(LANGUAGE, "app", copied)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('msgid "Accuracy"\n', '#, fuzzy\nmsgid "Accuracy"\n'), encoding="utf-8")
    catalogs.update(LANGUAGE, {}, copied)
    assert 'msgid "Accuracy"\nmsgstr ""\n' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("one", "many", "chinese"),
    [
        ("{n} image", "{n} images", "一张图像"),
        ("One image", "{n} images", "{n}张图像"),
    ],
)
def test_a_plural_without_its_number_is_found(tmp_path, one, many, chinese):
    path = catalogs.path_of(LANGUAGE, "app", tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(f'msgid "{one}"\nmsgid_plural "{many}"\nmsgstr[0] "{chinese}"\n', encoding="utf-8")
    assert translations.complaints(translations.plurals, tmp_path)


def test_every_exception_is_still_needed_and_has_a_reason():
    rules = {rule.__name__: rule for rule, *_rest in RULES}
    texts = {pair.english: pair for pair in translations.pairs()}
    for line in translations.table(translations.EXCEPTIONS):
        pair = texts.get(line["english"])
        assert line["reason"] and pair and line["complaint"] in rules[line["rule"]](pair), line
