"""The Embeddings page in each of its states, on real files in a home of its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import crowd
from app.components.packed import unpack
from byol_core import embed
from byol_core.embed.jobs import Reporter, map_key, save_map

# The folder maker of the tests of byol_core.embed.
MAKER = Path(__file__).parents[1] / "embed" / "conftest.py"


@pytest.fixture
def make_run(make):
    """``make_run("finished", n=60)``: a run in that state, with ``embeddings/`` when anything about them is said."""
    spec = importlib.util.spec_from_file_location("embeddings_maker", MAKER)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)

    def make_run(state="finished", message="", **files):
        run = make(state, message=message)
        if files:
            maker.write_embeddings(run.folder / "embeddings", **files)
        return run

    return make_run


@pytest.fixture
def open_map(open_page):
    return lambda **address: open_page("embeddings", **address)


def maps(at: AppTest) -> list:
    """The maps on the page."""
    return [node.proto for node in at.get("bidi_component") if node.proto.component_name == "byol_embedding_map"]


def payload(at: AppTest) -> dict:
    """What the map was given."""
    found = maps(at)
    return unpack(found[0].bytes)


def text(at: AppTest) -> str:
    return "\n".join(node.value for node in (*at.markdown, *at.caption, *at.error, *at.warning, *at.subheader))


def test_without_a_run_it_says_what_will_be_here(open_map):
    at = open_map()
    assert at.subheader[0].value == "No run to map yet"
    assert not maps(at)


def test_a_finished_run_is_mapped_at_its_newest_evaluation(make_run, open_map):
    run = make_run(n=60, steps=(0, 320))
    at = open_map()
    drawn = payload(at)
    probe = embed.read_probe(run.folder / "embeddings")
    expected = embed.pca(embed.unit(embed.read_space(probe, probe.evaluations[-1], "representation"))).xy
    np.testing.assert_allclose(np.corrcoef(drawn["x"], expected[:, 0])[0, 1], 1, rtol=1e-5)
    np.testing.assert_array_equal(drawn["labels"], probe.labels)
    assert drawn["classes"] == list(probe.class_names)
    assert "after 10 epochs" in text(at) and "PCA" in text(at) and "0.620" in text(at)


def test_the_evaluation_and_the_space_are_chosen(make_run, open_map):
    make_run(n=60, steps=(0, 320))
    at = open_map()
    newest = payload(at)
    at.select_slider(key="evaluation").set_value(0).run()
    assert "before training" in text(at)
    first = payload(at)
    at.segmented_control(key="space").set_value("pixels").run()
    pixels = payload(at)
    assert "16×16" in text(at)
    assert not np.allclose(newest["x"], first["x"]) and not np.allclose(first["x"], pixels["x"])


def test_the_address_names_the_run_and_the_settings(make_run, open_map):
    wanted = make_run(n=30)
    make_run(n=40)
    at = open_map(run=wanted.run_id, space="Projection")
    assert at.selectbox(key="embeddings_run").value == wanted.run_id
    assert len(payload(at)["x"]) == 30
    assert "Projection after" in text(at)


def test_choosing_another_run_puts_it_into_the_address(make_run, open_map):
    other = make_run(n=30)
    make_run(n=40)
    at = open_map()
    at.selectbox(key="embeddings_run").set_value(other.run_id).run()
    assert at.query_params["run"] in (other.run_id, [other.run_id])
    assert len(payload(at)["x"]) == 30


def test_an_unknown_run_in_the_address_is_told_and_the_newest_shown(make_run, open_map):
    make_run(n=30)
    at = open_map(run="nonsense")
    assert "nonsense" in at.warning[0].value
    assert len(payload(at)["x"]) == 30


def test_without_labels_there_is_one_colour_and_words(make_run, open_map):
    make_run(n=30, labelled=False)
    at = open_map()
    drawn = payload(at)
    assert drawn["classes"] == [] and set(drawn["labels"]) == {-1}
    assert "no labels" in text(at) and "kNN" not in text(at)


def test_a_pinned_point_shows_its_nearest_with_distances(make_run, open_map):
    run = make_run(n=60)
    at = open_map()
    at.session_state[f"map-{run.run_id}"] = {"pinned": 7}
    at.run()
    probe = embed.read_probe(run.folder / "embeddings")
    order, distances = embed.nearest(embed.read_space(probe, probe.evaluations[-1], "representation"), 7, 9)
    drawn = payload(at)
    assert drawn["pinned"] == 7 and drawn["near"] == order.tolist()
    assert len(at.get("image")) == 10
    assert f"{distances[0]:.3f}" in text(at) and "share its class" in text(at)


def test_a_run_at_work_without_an_evaluation_says_when_the_map_comes(make_run, open_map):
    make_run("starting")
    assert "after its first evaluation" in text(open_map())


def test_a_failed_run_without_an_evaluation_says_so(make_run, open_map):
    run = make_run("failed", "The disk is full.")
    at = open_map(run=run.run_id)
    assert "The disk is full." in text(at)


def test_a_damaged_probe_is_one_sentence(make_run, open_map):
    run = make_run(n=30)
    (run.folder / "embeddings" / "probe.json").write_text("{")
    at = open_map()
    assert "is damaged" in at.error[0].value and not maps(at)


def test_a_lost_evaluation_is_one_sentence_and_another_can_be_chosen(make_run, open_map):
    run = make_run(n=30)
    (run.folder / "embeddings" / "step-00000320.safetensors").unlink()
    at = open_map()
    assert "step-00000320.safetensors" in at.error[0].value
    at.select_slider(key="evaluation").set_value(0).run()
    assert not at.error and len(payload(at)["x"]) == 30


def test_without_pictures_the_points_are_still_shown(make_run, open_map):
    run = make_run(n=30)
    (run.folder / "embeddings" / "thumbnails.webp").unlink()
    at = open_map()
    assert "missing or damaged" in at.warning[0].value
    assert payload(at)["sheet"] is None


def umap_key(run):
    probe = embed.read_probe(run.folder / "embeddings")
    vectors = embed.unit(embed.read_space(probe, probe.evaluations[-1], "representation"))
    return probe, map_key(vectors, embed.UmapSettings())


def test_a_umap_that_is_there_is_drawn_with_its_warning(make_run, open_map):
    probe, key = umap_key(make_run(n=30))
    xy = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    save_map(probe, key, xy)
    at = open_map(method="UMAP")
    np.testing.assert_allclose(np.corrcoef(payload(at)["x"], xy[:, 0])[0, 1], 1, rtol=1e-5)
    assert "distances between clusters mean little" in text(at) and "seed 0" in text(at)


def test_while_umap_is_computed_pca_is_shown_with_the_progress(make_run, open_map):
    probe, key = umap_key(make_run(n=30))
    Reporter(probe, key).say(0.4, "Laying out the map")
    at = open_map(method="UMAP")
    assert at.get("progress")[0].proto.text == "Laying out the map … PCA meanwhile."
    assert payload(at)["revision"] == "representation-PCA"


def test_a_umap_that_failed_says_why_and_can_be_tried_again(make_run, open_map):
    probe, key = umap_key(make_run(n=30))
    Reporter(probe, key).say(0.0, "UMAP found no layout.", failed=True)
    at = open_map(method="UMAP")
    assert at.error[0].value == "UMAP found no layout. PCA is shown."
    assert "Try again" in [button.label for button in at.button]


def test_the_map_of_a_run_that_is_over_is_looked_at_again(open_map, make, looks):
    open_map(run=make("stopped").run_id)
    assert looks["look"] == crowd.IDLE * crowd.SECONDS
