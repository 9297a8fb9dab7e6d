"""Parts of the Embeddings page by themselves: counts of a selection, its figures, columns of a table, files to take."""

from __future__ import annotations

import io
import math

import numpy as np
import pyarrow.parquet as parquet
import pytest
from streamlit.testing.v1 import AppTest

from app.embeddings import charts, choices, data, files, notes, panel, selection, user_columns
from app.embeddings.timeline import Shown
from app.shared import access
from byol_core import embeddings
from byol_core.embeddings import foreign
from byol_core.errors import LabError
from tests.app.embeddings.test_page import make_run  # noqa: F401 (a fixture)


@pytest.fixture
def snapshot(make_run):  # noqa: F811
    return embeddings.read_snapshot(make_run(n=60).folder / "embeddings")


def test_a_selection_is_counted_by_class_the_largest_first(snapshot):
    labels = np.array(snapshot.labels)
    chosen = [*np.flatnonzero(labels == 3)[:4], *np.flatnonzero(labels == 1)[:2]]
    counts = selection.class_counts(snapshot, [int(i) for i in chosen])
    assert counts == [
        (snapshot.class_names[3], 4, int((labels == 3).sum())),
        (snapshot.class_names[1], 2, int((labels == 1).sum())),
    ]


def test_a_class_name_is_no_markup_in_a_figure():
    figure = charts.classes([("<b>x", 1, 2)], revision="")
    assert figure["layout"]["yaxis"]["ticktext"] == ["&lt;b&gt;x"]


def test_the_accuracy_is_marked_at_the_evaluation_on_the_map():
    figure = charts.accuracy([0, 5, 10], [0.6, None, 0.7], 2, {"untrained": 0.6}, revision="")
    assert figure["data"][1]["x"] == [10] and figure["data"][1]["y"] == [0.7]
    assert figure["layout"]["shapes"][0]["y0"] == 0.6


def test_maps_are_linked_by_the_rows_of_one_set(make_run):  # noqa: F811
    snapshots = [embeddings.read_snapshot(make_run(n=n).folder / "embeddings") for n in (30, 40)]
    assert choices.common(*snapshots)
    moved = embeddings.Snapshot(**dict(snapshots[1]) | {"labels": snapshots[1].labels[::-1]})
    assert not choices.common(snapshots[0], moved)


def test_only_a_map_that_keeps_distances_may_be_read_by_them(snapshot):
    film = embeddings.pca_film(snapshot, "representation")
    usual = {method: embeddings.MapSettings(method) for method in embeddings.METHODS}
    said = {method: notes.how(Shown(film, method, None), 320, usual[method]) for method in usual}
    assert [method for method, note in said.items() if "mean little" not in note] == ["PCA"]
    assert "perplexity 19.67" in said["t-SNE"] and "too small for the 30" in said["t-SNE"]
    assert "15 neighbors" in said["UMAP"] and "too small" not in said["UMAP"]


def test_a_column_of_ones_own_colors_the_points(snapshot):
    rows = "\n".join(f"{row},{i % 2},{i / 10}" for i, row in enumerate(snapshot.indices))
    found = foreign(f"image,side,weight\n{rows}".encode(), snapshot).fields
    assert [one.name for one in found] == ["table:side", "table:weight"]
    assert data.colors(found[1]).values[7] == pytest.approx(0.7)


def test_a_column_that_is_gone_is_one_sentence(snapshot):
    with pytest.raises(LabError, match="'weight' is not in your table any more"):
        user_columns.field(snapshot, "table:weight")


def test_the_table_has_places_and_colors(snapshot):
    evaluation = snapshot.evaluations[-1]
    found = data.field(snapshot.folder, snapshot, evaluation, "representation", "cluster", ask=False)
    shown = Shown(embeddings.pca_film(snapshot, "representation"), "PCA", None)
    content = files.table(snapshot, evaluation, "representation", shown, found)
    table = parquet.read_table(io.BytesIO(content))
    np.testing.assert_allclose(table["x"], shown.film.xy[-1, :, 0])
    assert table.num_rows == 60 and "cluster" in table.column_names


def test_what_the_map_is_colored_by_is_no_column_twice(snapshot):
    evaluation, shown = snapshot.evaluations[-1], Shown(embeddings.pca_film(snapshot, "representation"), "PCA", None)
    for name in ("class", data.PLAIN):
        found = data.field(snapshot.folder, snapshot, evaluation, "representation", name, ask=False)
        table = parquet.read_table(io.BytesIO(files.table(snapshot, evaluation, "representation", shown, found)))
        assert table.column_names == ["row", "split", "label", "class", "x", "y"]


def test_what_is_too_large_is_for_the_command_line():
    teacher = access.Permit(until=math.inf)
    assert not files.MapFile("map.zip", 60_000, 4 * 60_000 * 512, lambda: b"", teacher).complaint()
    kept = files.MapFile("map.zip", 60_000, 4 * 60_000 * 2048, lambda: b"", teacher)
    assert "byol embed" in kept.complaint()
    with pytest.raises(LabError, match="491 MB is too much for the browser"):
        kept.make()


def test_whoever_looks_on_takes_smaller_files():
    assert files.MapFile("map.parquet", 6_000, 6_000, lambda: b"", access.Permit()).complaint()
    assert not files.MapFile("map.parquet", 6_000, 6_000, lambda: b"", access.Permit(until=math.inf)).complaint()


def columns_page(folder: str) -> None:
    from pathlib import Path

    import streamlit as st

    from app.embeddings import user_columns
    from byol_core import embeddings

    if st.toggle("open", value=True, key="open"):
        user_columns.upload(embeddings.read_snapshot(Path(folder)))


@pytest.fixture
def columns(snapshot):
    return AppTest.from_function(columns_page, args=(str(snapshot.folder),), default_timeout=30).run()


def test_a_table_stays_when_the_uploader_was_out_of_sight(columns, snapshot):
    rows = "\n".join(f"{row},{i / 10}" for i, row in enumerate(snapshot.indices))
    columns.file_uploader[0].upload("mine.csv", f"image,weight\n{rows}".encode(), "text/csv").run()
    for shown in (False, True):
        columns.toggle(key="open").set_value(shown).run()
    assert "mine.csv" in columns.markdown[0].value
    assert columns.session_state["map_columns_titles"] == {"table:weight": "weight"}
    columns.button(key="map_columns_forget").click().run()
    assert "map_columns" not in columns.session_state and len(columns.file_uploader) == 1


def test_a_table_that_is_none_is_one_sentence(columns):
    columns.file_uploader[0].upload("mine.csv", b"weight\n1", "text/csv").run()
    assert "mine.csv: " in columns.error[0].value and "map_columns" not in columns.session_state


def test_a_long_class_is_shortened_under_a_small_picture():
    assert panel.short("HerbaceousVegetation") == "Herbaceous…" and panel.short("River") == "River"
