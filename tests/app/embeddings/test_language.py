"""The Embeddings page in another language than English: here one that puts every text it is asked for into brackets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from byol_core import embeddings, language
from tests.app.embeddings.test_page import act, bits, make_run, maps, open_map  # noqa: F401 (two are fixtures)


class Bracketed(language.Catalog):
    """Translations that tell what came through a catalog."""

    def __init__(self) -> None:
        super().__init__({})

    def one(self, template: str) -> str:
        return f"⟦{template}⟧"

    def number(self, one: str, many: str, n: int) -> str:
        return f"⟦{many}⟧"


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = language.catalog
    monkeypatch.setattr(language, "catalog", lambda code: real(code) if code == language.ENGLISH else Bracketed())


def words(at: AppTest) -> list[str]:
    """What the page says, but for what belongs to the images: their classes and numbers."""
    shown = [node.value for node in (*at.title, *at.header, *at.caption, *at.error, *at.warning, *at.info)]
    chosen = (*at.selectbox, *at.button, *at.toggle, *at.slider, *at.number_input, *at.metric)
    shown += [node.label for node in chosen] + [option for node in at.selectbox for option in node.options]
    return [text for text in shown if re.search("[A-Za-z]{3}", text)]


def test_every_text_of_the_page_comes_from_a_catalog(make_run: Any, open_map: Any, bracketed: None) -> None:  # noqa: F811
    run = make_run(n=60, steps=(0, 160, 320))
    for chosen in ({"step": 0}, {"selected": bits(60, 1, 2)}, {"pinned": 3}):
        at = act(open_map(lang="zh_CN", color="brightness"), run, **chosen)
        assert not at.exception
        assert [text for text in words(at) if "⟦" not in text and run.name not in text] == []
    (drawn,) = maps(at)
    assert drawn["colors"]["title"] == "⟦Brightness⟧"
    assert drawn["label"].startswith("⟦PCA map of ⟦60 test images⟧")


def test_names_of_classes_stay_as_they_are(make_run: Any, open_map: Any, bracketed: None) -> None:  # noqa: F811
    run = make_run(n=60)
    names = list(embeddings.read_snapshot(run.folder / "embeddings").class_names)
    assert maps(open_map(lang="zh_CN", color="predicted"))[0]["colors"]["names"] == names
    assert maps(open_map(lang="zh_CN", color="error"))[0]["colors"]["names"] == ["⟦right⟧", "⟦wrong⟧"]


def test_each_viewer_reads_the_film_in_their_language(make_run: Any, open_map: Any, bracketed: None) -> None:  # noqa: F811
    make_run(n=30, steps=(0, 320))
    titles = [maps(open_map(**lang))[0]["frames"]["titles"] for lang in ({"lang": "zh_CN"}, {"lang": "en"})]
    assert titles == [["⟦epoch 0⟧", "⟦epoch 10⟧"], ["epoch 0", "epoch 10"]]
