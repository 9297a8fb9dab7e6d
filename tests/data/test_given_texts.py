"""What may be translated of a set, and what stays as somebody has named it."""

from __future__ import annotations

import pytest

from byol_core import language
from byol_core.data import class_names, doing
from byol_core.data.given_names import first_of, listed
from byol_core.language import Catalog
from byol_core.messages import Message


@pytest.fixture(autouse=True)
def catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"Forest": "森林", "reading the images": "读取", "Reading the images": "正在读取"}
    monkeypatch.setattr(language, "catalog", lambda code: Catalog(texts))


@pytest.mark.parametrize("source", ["eurosat", "EuroSAT-full"])
def test_classes_of_named_sets_are_told_in_the_language(source: str) -> None:
    told = class_names.text_of(source, "Forest")
    assert told == "Forest" and language.tell(told, "zh_CN") == "森林"


@pytest.mark.parametrize("source", ["./eurosat", "cifar10", "photos"])
def test_classes_that_somebody_named_stay_as_they_are(source: str) -> None:
    told = class_names.text_of(source, "Forest")
    assert told == "Forest" and language.tell(told, "zh_CN") == "Forest"


def test_names_in_a_list_stay_as_they_are() -> None:
    assert listed(["Forest", "b"]) == "Forest, b" and first_of(["Forest", "b"], 1) == "Forest and more"
    assert "Forest" in language.tell(listed(["Forest", "b"]), "zh_CN")


def test_what_a_loader_does_may_begin_a_sentence() -> None:
    told = doing.at_start(Message("reading the images"))
    assert told == "Reading the images" and language.tell(told, "zh_CN") == "正在读取"
    loaded = {"title": "MNIST", "done": 1.0, "total": 12.0}
    told = doing.at_start(Message("downloading {title}: {done:,.0f} of {total:,.0f} MB", **loaded))
    assert told == "Downloading MNIST: 1 of 12 MB"
    assert doing.at_start("as it is") == "as it is"
