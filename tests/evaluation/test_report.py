"""A report says what scikit-learn says, and as a file it needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn import metrics

from byol_core.evaluation.html import html
from byol_core.evaluation.protocol import Protocol, Scores
from byol_core.evaluation.report import BINS, MOST_POINTS, cell, report, to_json
from byol_core.evaluation.results import Predictions
from byol_core.messages import Message
from tests.evaluation.judged import judged

NAMES = ("river", "road", "sea & <b>lake</b>", "empty")


@pytest.fixture
def said():
    """300 images of three of four classes, of which about two thirds are classified correctly."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 300)
    scores = rng.normal(size=(300, 4)) + 1.6 * np.eye(4)[labels]
    likely = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return Predictions(likely.astype(np.float32), np.arange(1000, 1300), labels)


@pytest.fixture
def asked():
    return judged(Protocol(labels="10"), classes=NAMES, tested=300)


@pytest.fixture
def made(said, asked):
    return report(asked, said)


def test_accuracies_and_confusions_are_those_of_scikit_learn(said, made):
    assert made.accuracy == pytest.approx(metrics.accuracy_score(said.labels, said.said))
    with pytest.warns(UserWarning, match="not in y_true"):  # "empty" was said of some, and of none rightly
        assert made.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(said.labels, said.said))
    expected = metrics.confusion_matrix(said.labels, said.said, labels=range(4))
    np.testing.assert_array_equal(made.confusion, expected)


def test_the_table_is_that_of_scikit_learn(said, made):
    expected = metrics.classification_report(
        said.labels, said.said, labels=range(4), target_names=NAMES, zero_division=0, output_dict=True
    )
    for row in (*made.table, *made.averages):
        found = (row.precision, row.recall, row.f1, row.support)
        wanted = expected[row.name]
        assert found == pytest.approx((wanted["precision"], wanted["recall"], wanted["f1-score"], wanted["support"]))
    assert "weighted avg" in made.text and "river" in made.text


def test_classes_of_one_name_each_have_their_row(said, asked):
    twins = report(asked.model_copy(update={"classes": ("a", "a", "b\nc", "d")}), said)
    assert [row.name for row in twins.table] == ["a", "a", "b\nc", "d"]
    assert twins.table[0] != twins.table[1] and "b c" in twins.text


def test_curves_are_those_of_scikit_learn_and_thin(said, made):
    for index, curve in enumerate(made.curves[:3]):
        positive, score = said.labels == index, said.probabilities[:, index]
        assert curve.average_precision == pytest.approx(metrics.average_precision_score(positive, score), abs=1e-6)
        assert curve.roc_auc == pytest.approx(metrics.roc_auc_score(positive, score), abs=1e-6)
        precision, recall, _ = metrics.precision_recall_curve(positive, score)
        points = {(round(p, 6), round(r, 6)) for p, r in zip(precision, recall, strict=True)}
        assert set(zip(curve.precision, curve.recall, strict=True)) <= points
        assert len(curve.recall) <= MOST_POINTS and (curve.recall[0], curve.recall[-1]) == (0.0, 1.0)
        assert list(curve.recall) == sorted(curve.recall)
    assert made.curves[3].average_precision is None and made.curves[3].recall == ()


def test_calibration_is_that_of_the_paper(said, made):
    """Equation 3 of arXiv 1706.04599, typed again: bins (m - 1, m] / M."""
    sure, right = said.probabilities.max(1).astype(float), said.said == said.labels
    error = 0.0
    for index, bin_ in enumerate(made.calibration):
        inside = (sure > index / BINS) & (sure <= (index + 1) / BINS)
        assert bin_.count == inside.sum()
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert made.calibration_error == pytest.approx(error, abs=1e-5)


def test_somebody_always_sure_and_always_right_is_calibrated(asked):
    sure = Predictions(np.eye(4, dtype=np.float32)[[0, 1, 2]], np.arange(3), np.arange(3))
    made = report(asked, sure)
    assert (made.calibration_error, made.calibration[-1].count, made.mistakes) == (0.0, 3, ())


def test_the_surest_mistakes_come_first(said, asked):
    made = report(asked, said, worst=5)
    wrong = np.flatnonzero(said.said != said.labels)
    worst = wrong[np.argsort(-said.confidence[wrong])[:5]]
    assert [seen.row for seen in made.mistakes] == said.rows[worst].tolist()
    assert made.mistaken == len(wrong)
    assert all(seen.true != seen.said for seen in made.mistakes)


def test_a_cell_of_the_matrix_gives_its_images(said, made):
    found = cell(said, 0, 1)
    assert len(found) == made.confusion[0][1]
    assert {(seen.true, seen.said) for seen in found} == {(0, 1)}
    assert [seen.confidence for seen in found] == sorted((seen.confidence for seen in found), reverse=True)


def test_json_holds_the_report_and_the_answer(made, asked):
    whole = json.loads(to_json(made, asked, "mine"))
    assert (whole["run"], whole["judged"]["labeled"]) == ("mine", 48)
    assert whole["report"]["confusion"] == [list(row) for row in made.confusion]


# As a file


class Reader(HTMLParser):
    """Every tag is closed, in order; what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href") and not value.startswith("data:")]
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(made, asked):
    pictures = {seen.row: np.full((16, 16, 3), 90, np.uint8) for seen in made.mistakes[:7]}
    return html(made, asked, "run <1>", pictures)


def test_the_file_needs_no_network_and_no_script(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == [] and reader.links == [] and "script" not in reader.seen
    assert not re.search(r"https?:|@import|url\(", page)


def test_mistakes_are_pictures(page, made):
    assert page.count('<img src="data:image/png;base64,') == 7
    assert page.count("sure; is") == len(made.mistakes)


def test_names_are_text_and_never_markup(page):
    assert "<b>lake</b>" not in page and "sea &amp; &lt;b&gt;lake&lt;/b&gt;" in page
    assert "<h1>run &lt;1&gt;</h1>" in page


def test_both_color_schemes_are_there(page):
    assert "color-scheme: light dark" in page and "prefers-color-scheme: dark" in page


def test_many_classes_are_drawn_without_numbers(asked):
    rng = np.random.default_rng(0)
    likely = rng.dirichlet(np.ones(40), 400).astype(np.float32)
    many = Predictions(likely, np.arange(400), rng.integers(0, 40, 400))
    several = asked.model_copy(update={"classes": tuple(f"class {index}" for index in range(40))})
    page = html(report(several, many), several, "run", {})
    assert 'class="matrix"' not in page and "The 25 hardest of 40 classes." in page


def test_a_subject_without_accuracies_says_why(made, asked):
    rows = (*asked.scores, Scores(subject="scratch", missing="Only for fine-tuning."))
    page = html(made, asked.model_copy(update={"scores": rows}), "run", {})
    assert "from scratch: Only for fine-tuning." in page


# In another language


def words(page: str) -> set[str]:
    """What a reader sees or hears of a page, word by word; without classes, code and the print of scikit-learn."""
    body = re.sub(r"<style>.*?</style>|<pre>.*?</pre>", " ", page, flags=re.DOTALL)
    labels = re.findall(r'(?:aria-label|alt)="([^"]*)"', body)
    return set(re.findall(r"[A-Za-z]{3,}", " ".join([re.sub(r"<[^>]*>|&\w+;", " ", body), *labels])))


def test_every_sentence_of_the_report_is_translated(said, asked, qps):
    chosen = (Message("strength {strength:.2g}, fixed: too few labels to choose", strength=3.0),)
    first, *rest = asked.scores
    rows = (Scores(subject="trained", accuracies=first.accuracies, chosen=chosen), *rest)
    several = asked.model_copy(update={"scores": rows})
    page = html(report(several, said), several, "run", {1000: np.zeros((4, 4, 3), np.uint8)}, qps)
    assert words(page) <= {"run", "river", "road", "sea", "lake", "empty", "set", "CPU", "AUC", "ROC"}


def test_the_names_of_many_classes_have_translated_titles(asked, qps):
    several = asked.model_copy(update={"classes": tuple(f"c{index}" for index in range(40))})
    likely = np.random.default_rng(0).dirichlet(np.ones(40), 400).astype(np.float32)
    made = report(several, Predictions(likely, np.arange(400), np.arange(400) % 40))
    assert "predicted" not in html(made, several, "run", {}, qps)


def test_the_report_names_its_language_and_fonts_that_have_it(made, asked):
    page = html(made, asked, "run", {}, "zh_CN")
    assert '<html lang="zh-Hans">' in page and '"Noto Sans CJK SC"' in page
    assert '<html lang="en">' in html(made, asked, "run", {})


def test_upright_characters_are_turned_with_the_others(page):
    assert "writing-mode: vertical-rl; text-orientation: sideways; transform: rotate(180deg)" in page
