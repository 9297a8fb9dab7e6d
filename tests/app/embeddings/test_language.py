"""What the map is sent in another language than English."""

from __future__ import annotations

from typing import Any

from byol_core import embeddings
from tests.app.embeddings.test_page import make_run, maps, open_map  # noqa: F401 (two are fixtures)
from tests.pseudo import pseudo


def test_names_of_classes_stay_as_they_are(make_run: Any, open_map: Any, qps: str) -> None:  # noqa: F811
    run = make_run(n=60)
    names = list(embeddings.read_snapshot(run.folder / "embeddings").class_names)
    assert maps(open_map(lang=qps, color="predicted"))[0]["colors"]["names"] == names
    assert maps(open_map(lang=qps, color="error"))[0]["colors"]["names"] == [pseudo("right"), pseudo("wrong")]


def test_each_viewer_reads_the_film_in_their_language(make_run: Any, open_map: Any, qps: str) -> None:  # noqa: F811
    make_run(n=30, steps=(0, 320))
    titles = [maps(open_map(**lang))[0]["frames"]["titles"] for lang in ({"lang": qps}, {"lang": "en"})]
    assert titles == [[pseudo("epoch {epoch}").format(epoch=epoch) for epoch in (0, 10)], ["epoch 0", "epoch 10"]]
