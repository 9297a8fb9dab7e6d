"""What is too weak, in range and too strong: on the embedded set, with the shipped run and its untrained network."""

import dataclasses
from pathlib import Path

import pytest

from byol_core.augment_study import Numbers, Subject, handlers, judge
from byol_core.augment_study.requests import _who
from byol_core.augment_study.verdict import bounds_of
from byol_core.config import OPERATIONS, ViewsConfig
from byol_core.messages import Message

RUN = Path(__file__).parents[2] / "assets" / "byol-tiny"
USUAL = Numbers(pair=0.9, unlike=0.6, kept=0.5, plain=0.7, chance=0.1, k=10, images=256, labeled=True)
EVERYTHING = ViewsConfig(preset="none", strength=2.0, **dict.fromkeys(OPERATIONS, 2.0))
CASES = [
    (ViewsConfig(preset="none"), "too weak"),
    (ViewsConfig(preset="none", brightness=0.25), "too weak"),
    (ViewsConfig(preset="none", crop=0.25), "too weak"),
    (ViewsConfig(preset="paper"), "in range"),
    (ViewsConfig(preset="small-image"), "in range"),
    (ViewsConfig(preset="satellite"), "in range"),
    (EVERYTHING, "too strong"),
]


@pytest.mark.slow
@pytest.mark.parametrize("untrained", [False, True])
def test_the_views_that_people_use_are_in_range(untrained, job, monkeypatch):
    monkeypatch.setattr("byol_core.augment_study.context.BANK", 1000)
    monkeypatch.setattr("byol_core.augment_study.context.MOST_IMAGES", 128)
    question = _who(Subject(RUN, untrained))
    for views, level in CASES:
        small = views.model_copy(update={"size": 24})
        told = handlers.verdict(RUN, {**question, "views": small.model_dump(mode="json")}, {}, job)
        verdict = judge(Numbers(**told.about))
        assert verdict.level == level, verdict.sentence


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "in range", "mean cosine of 0.90, different images 0.60; 50% of a view's 10"),
        ({"pair": 0.99, "kept": 0.69}, "too weak", "little to learn"),
        ({"kept": 0.15}, "too strong", "15% of a view's 10 nearest training images are of its image's class"),
        ({"pair": 0.99}, "unclear", "nearly the same; yet 50%"),
        ({"plain": 0.15, "kept": 0.15}, "unclear", "does not tell the classes apart"),
        ({"unlike": 0.9999, "pair": 0.9999}, "unclear", "nearly the same representation"),
        ({"plain": 1.0, "kept": 1.0, "chance": 1.0}, "unclear", "100% of the training images are of the same class"),
        ({"images": 5}, "unclear", "5 images"),
        ({"labeled": False, "plain": 1.0, "chance": 0.0025, "kept": 0.01}, "too strong", "by chance"),
        ({"labeled": False, "plain": 1.0, "chance": 0.0025, "kept": 0.1}, "in range", "also among the image's own"),
        ({"labeled": False, "plain": 1.0, "chance": 1.0, "kept": 1.0, "k": 4}, "unclear", "the 4 nearest are nearly"),
    ],
)
def test_the_sentence_has_the_numbers_that_are_its_reason(changes, level, words):
    verdict = judge(dataclasses.replace(USUAL, **changes))
    assert verdict.level == level and words in verdict.sentence and verdict.sentence.endswith(".")
    assert isinstance(verdict.reason, Message) and (verdict.reason[0].isupper() or verdict.reason[0].isdigit())


@pytest.mark.parametrize("labeled", [True, False])
def test_the_verdict_turns_where_its_scale_says(labeled):
    bounds = bounds_of(dataclasses.replace(USUAL, labeled=labeled))

    def level(retention, closeness):
        kept = USUAL.chance + retention * (USUAL.plain - USUAL.chance)
        pair = USUAL.unlike + closeness * (1 - USUAL.unlike)
        return judge(dataclasses.replace(USUAL, labeled=labeled, kept=kept, pair=pair)).level

    assert level(bounds.lost - 0.01, 0.5) == "too strong" and level(bounds.lost + 0.01, 0.5) == "in range"
    assert level(bounds.kept + 0.01, bounds.same - 0.01) == "in range"
    assert level(bounds.kept + 0.01, bounds.same + 0.01) == "too weak"
