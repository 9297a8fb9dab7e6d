"""The Embeddings page in each of its states, on real files in a home of its own."""

from __future__ import annotations

import base64
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.embeddings import data, timeline
from app.shared import polling
from app.widgets.packed import unpack
from byol_core import embeddings
from byol_core.embeddings import MapSettings
from byol_core.jobs import Job

# The folder maker of the tests of byol_core.embeddings.
MAKER = Path(__file__).parents[2] / "embeddings" / "conftest.py"


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
    """By PCA unless the address says otherwise: it needs no process."""
    return lambda **address: open_page("embeddings", **{"method": "PCA", **address})


class Films(dict[str, tuple[Job, dict[int, Any]]]):
    """By method; ``failed``: why the map of a step could not be made."""

    failed: dict[int, str] = {}  # noqa: RUF012


@pytest.fixture
def films(monkeypatch):
    """What the worker has made: ``films["UMAP"] = (job, frames by step)``; PCA and the rest of the page are real."""
    made = Films()

    def film(home, snapshot, space, settings, *, first, whole, start=True):
        job, frames = made.get(settings.method, (Job("absent"), {}))
        steps = tuple(one.step for one in snapshot.evaluations)
        xy = np.full((len(steps), len(snapshot), 2), np.nan, np.float32)
        for step, places in frames.items():
            xy[steps.index(step)] = places
        known = np.array([0.9 if step in frames else np.nan for step in steps], np.float32)
        return replace(
            embeddings.pca_film(snapshot, space), xy=xy, trust=known, kept=known, job=job, failed=made.failed
        )

    monkeypatch.setattr(embeddings, "film", film)
    return made


def places(n: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)


def maps(at: AppTest) -> list[dict[str, Any]]:
    """What the maps on the page were told."""
    nodes = (node.proto for node in at.get("bidi_component"))
    return [unpack(node.bytes) for node in nodes if node.component_name == "byol_embedding_map"]


def files(at: AppTest) -> dict[str, Any]:
    """What this drawing of the page brought to the browser, by hash."""
    nodes = (node.proto for node in at.get("bidi_component"))
    messages = [unpack(node.bytes) for node in nodes if node.component_name == "byol_map_files"]
    return {file["digest"]: one[f"file{i}"] for one in messages for i, file in enumerate(one["files"])}


def said(at: AppTest, run: Any) -> dict[str, Any]:
    """What stands on the map of a run; nothing where the map that was asked for is there."""
    (node,) = (node.proto for node in at.get("bidi_component") if node.proto.component_name == "byol_map_status")
    return json.loads(node.json)["maps"].get(f"map-{run.run_id}", {})


def text(at: AppTest) -> str:
    return "\n".join(node.value for node in (*at.markdown, *at.caption, *at.error, *at.warning, *at.header))


def numbers(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def act(at: AppTest, run: Any, **state: Any) -> AppTest:
    """What a viewer does on the map."""
    at.session_state[f"map-{run.run_id}"] = {"told": state}
    return at.run()


def bits(n: int, *chosen: int) -> str:
    """A selection as the widget sends it."""
    flags = np.zeros(n, np.uint8)
    flags[list(chosen)] = 1
    return base64.b64encode(np.packbits(flags, bitorder="little").tobytes()).decode()


def test_without_a_run_it_says_what_will_be_here(open_map):
    at = open_map()
    assert at.header[0].value == "No run to map yet"
    assert not maps(at)


def test_a_finished_run_is_mapped_at_its_newest_evaluation(make_run, open_map):
    run = make_run(n=60, steps=(0, 320))
    at = open_map()
    (drawn,) = maps(at)
    snapshot = embeddings.read_snapshot(run.folder / "embeddings")
    expected = embeddings.pca_film(snapshot, "representation").xy[-1]
    sent = files(at)
    np.testing.assert_array_equal(sent[drawn["frames"]["files"][1]].reshape(-1, 2), expected)
    np.testing.assert_array_equal(sent[drawn["files"]["labels"]], snapshot.labels)
    assert drawn["frames"]["steps"] == [0, 320] and drawn["current"] == 320
    assert drawn["classes"] == list(snapshot.class_names)
    assert "after 10 epochs" in text(at) and "PCA" in text(at) and numbers(at)["kNN (validation)"] == "0.620"


def test_the_evaluation_and_the_space_are_chosen(make_run, open_map):
    run = make_run(n=60, steps=(0, 320))
    at = act(open_map(), run, step=0)
    assert "before training" in text(at) and numbers(at)["kNN (validation)"] == "0.600"
    assert maps(at)[0]["current"] == 0
    assert at.query_params["evaluation"] in ("0", ["0"])
    before = maps(at)[0]["frames"]["files"]
    at.segmented_control(key="space").set_value("pixels").run()
    assert "16×16" in text(at)
    assert maps(at)[0]["frames"]["files"] != before and maps(at)[0]["revision"] == "pixels-PCA"


def test_the_address_names_the_run_and_the_settings(make_run, open_map):
    wanted = make_run(n=30, steps=(0, 160, 320))
    make_run(n=40)
    at = open_map(run=wanted.run_id, space="projection", evaluation="160", color="cluster")
    (drawn,) = maps(at)
    assert at.selectbox(key="embeddings_run").value == wanted.run_id
    assert drawn["n"] == 30 and drawn["current"] == 160 and drawn["colors"]["title"] == "Cluster"
    assert "Projection after 5 epochs" in text(at)


def test_back_at_the_newest_the_address_names_no_evaluation(make_run, open_map):
    run = make_run(n=30)
    at = act(open_map(evaluation="0"), run, step=None)
    assert maps(at)[0]["current"] == 320
    assert "evaluation" not in at.query_params


def test_choosing_another_run_puts_it_into_the_address(make_run, open_map):
    other = make_run(n=30)
    make_run(n=40)
    at = open_map()
    at.selectbox(key="embeddings_run").set_value(other.run_id).run()
    assert at.query_params["run"] in (other.run_id, [other.run_id])
    assert maps(at)[0]["n"] == 30


def test_an_unknown_run_in_the_url_warns_and_shows_the_newest(make_run, open_map):
    make_run(n=30)
    at = open_map(run="nonsense")
    assert "nonsense" in at.warning[0].value
    assert maps(at)[0]["n"] == 30


def test_without_labels_there_is_one_color_and_words(make_run, open_map):
    make_run(n=30, labeled=False)
    at = open_map()
    (drawn,) = maps(at)
    assert drawn["classes"] == [] and set(files(at)[drawn["files"]["labels"]]) == {-1}
    assert "no labels" in text(at) and "kNN (validation)" not in numbers(at)


def test_a_pinned_point_shows_its_nearest_with_distances(make_run, open_map):
    run = make_run(n=60)
    at = act(open_map(), run, pinned=7)
    snapshot = embeddings.read_snapshot(run.folder / "embeddings")
    order, distances = embeddings.nearest(
        embeddings.read_space(snapshot, snapshot.evaluations[-1], "representation"), 7, 9
    )
    (drawn,) = maps(at)
    assert drawn["pinned"] == 7 and drawn["pinnedNear"] == order.tolist()
    assert len(at.get("image")) == 10
    assert f"{distances[0]:.3f}" in text(at) and "share its class" in text(at)


def test_a_selection_lists_classes_and_images_and_can_be_cleared(make_run, open_map):
    run = make_run(n=60)
    at = act(open_map(), run, selected=bits(60, *range(30)))
    assert "30 points selected" in text(at)
    assert len(at.get("image")) == 12
    at.button(key=f"map-{run.run_id}-clear").click().run()
    assert "selected**" not in text(at) and maps(at)[0]["selected"] == ""


def test_two_maps_side_by_side_share_a_pin(make_run, open_map):
    other, run = make_run(n=30), make_run(n=40)
    at = act(open_map(**{"run": run.run_id, "with": other.run_id}), run, pinned=7)
    assert [drawn["n"] for drawn in maps(at)] == [40, 30]
    assert {drawn["link"] for drawn in maps(at)} == {"embeddings"}
    assert text(at).count("Image 4007 of the set") == 2
    at.selectbox(key="embeddings_beside").set_value(None).run()
    assert len(maps(at)) == 1 and "with" not in at.query_params


def test_choosing_the_compared_run_swaps_the_two_maps(make_run, open_map):
    other, run = make_run(n=30), make_run(n=40)
    at = open_map(**{"run": run.run_id, "with": other.run_id})
    at.selectbox(key="embeddings_run").set_value(other.run_id).run()
    assert [drawn["n"] for drawn in maps(at)] == [30, 40] and not at.warning


def test_both_runs_are_there_again_on_coming_back(make_run, open_map):
    third, other, _ = make_run(n=20), make_run(n=30), make_run(n=40)
    at = open_map(run=other.run_id)
    at.selectbox(key="embeddings_beside").set_value(third.run_id).run()
    at.query_params.clear()  # as the navigation does
    at.switch_page("runs/page.py").run()
    at.query_params.clear()
    at.switch_page("embeddings/page.py").run()
    assert [drawn["n"] for drawn in maps(at)] == [30, 20]
    at.selectbox(key="embeddings_beside").set_value(None).run()
    assert len(maps(at)) == 1


def test_a_run_that_is_gone_is_not_come_back_to(make_run, open_map, store):
    other, _ = make_run(n=30), make_run(n=40)
    at = open_map(run=other.run_id)
    store.delete(other.run_id)
    at.query_params.clear()
    at.switch_page("runs/page.py").run()
    at.query_params.clear()
    at.switch_page("embeddings/page.py").run()
    assert maps(at)[0]["n"] == 40 and not at.warning


def test_a_selection_shows_in_both_maps_and_clears_from_either(make_run, open_map):
    other, run = make_run(n=30), make_run(n=40)
    at = open_map(**{"run": run.run_id, "with": other.run_id})
    act(at, run, selected=bits(40, *range(10, 35)))
    assert "25 points selected" in text(at) and "20 points selected" in text(at)  # 30 to 34 are in one alone
    at.button(key=f"map-{other.run_id}-clear").click().run()
    assert "points selected" not in text(at) and maps(at)[0]["selected"] == ""


def test_the_notes_of_two_runs_stand_after_both_maps(make_run, open_map):
    other, run = make_run(n=30), make_run(n=40)
    at = open_map(**{"run": run.run_id, "with": other.run_id})
    drawn = [getattr(node.proto, "component_name", "") or node.type for node in at.main]
    kinds = [kind for kind in drawn if kind in ("byol_embedding_map", "metric")]
    assert kinds == ["byol_embedding_map"] * 2 + ["metric"] * 6


def test_a_button_leads_from_an_old_evaluation_to_the_newest(make_run, open_map):
    run = make_run(n=30)
    picture = (Path(polling.__file__).parents[1] / "icon.png").read_bytes()
    at = act(open_map(), run, step=0)
    at.file_uploader(key="map_picture").upload("mine.png", picture, "image/png").run()
    assert "the newest evaluation" in at.info[0].value
    at.button(key=f"map-{run.run_id}-newest").click().run()
    assert maps(at)[0]["current"] == 320 and not at.info


def test_maps_of_different_sets_are_not_linked(make_run, open_map):
    other, run = make_run(n=30), make_run(n=40)
    about = other.folder / "embeddings" / "probe.json"
    about.write_text(about.read_text().replace('"eurosat"', '"photos"'))
    at = open_map(**{"run": run.run_id, "with": other.run_id})
    assert [drawn["link"] for drawn in maps(at)] == [None, None]


def test_a_run_not_yet_evaluated_says_when_its_map_will_come(make_run, open_map):
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


def test_a_missing_evaluation_file_gives_one_sentence_only(make_run, open_map):
    run = make_run(n=30, steps=(0, 160, 320))
    (run.folder / "embeddings" / "step-00000320.safetensors").unlink()
    at = open_map()
    assert "step-00000320.safetensors" in text(at)
    *others, lost = maps(at)[0]["frames"]["files"]
    assert len(others) == 2 and all(others) and lost is None
    at = act(at, run, step=160)
    expected = embeddings.pca_film(embeddings.read_snapshot(run.folder / "embeddings"), "representation").xy[1]
    np.testing.assert_array_equal(files(at)[others[1]].reshape(-1, 2), expected)
    assert np.isfinite(expected).all()


def test_without_pictures_the_points_are_still_shown(make_run, open_map):
    run = make_run(n=30)
    (run.folder / "embeddings" / "thumbnails.webp").unlink()
    at = open_map()
    assert "missing or damaged" in at.warning[0].value
    assert maps(at)[0]["sheets"] is None


@pytest.mark.parametrize("method", ["UMAP", "t-SNE", "densMAP"])
def test_a_finished_map_is_drawn_with_its_caveat_and_scores(make_run, open_map, films, method):
    make_run(n=30)
    xy = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    films[method] = (Job("ready", 1.0), {320: xy})
    at = open_map(method=method)
    (drawn,) = maps(at)
    np.testing.assert_array_equal(files(at)[drawn["frames"]["files"][1]].reshape(-1, 2), xy)
    assert drawn["frames"]["files"][0] is None and drawn["revision"] == f"representation-{method}"
    assert "distances between clusters mean little" in text(at) and "seed 0" in text(at)
    assert numbers(at)["Trustworthiness"] == "0.90" == numbers(at)["Neighbors kept"]


def test_umap_is_the_default_method(make_run, open_page, films):
    run = make_run(n=30)
    films["UMAP"] = (Job("waiting", message="Waits for its turn"), {})
    at = open_page("embeddings")
    assert said(at, run)["words"] == "UMAP waits for its turn. PCA is shown meanwhile."
    assert at.segmented_control(key="method").value == "UMAP"
    assert maps(at)[0]["revision"] == "representation-PCA"


def test_pca_and_progress_are_shown_while_a_map_is_computed(make_run, open_map, films):
    run = make_run(n=30)
    films["UMAP"] = (Job("running", 0.4, "Laying out the map", 7.0), {})
    at = open_map(method="UMAP")
    words = "UMAP is being made. Laying out the map, about 7 s left. PCA is shown meanwhile."
    assert said(at, run) == {"words": words, "share": 0.4, "failed": False}
    assert maps(at)[0]["revision"] == "representation-PCA"


def test_the_map_says_how_far_its_film_is(make_run, open_map, films):
    run = make_run(n=30, steps=(0, 160, 320))
    films["UMAP"] = (Job("running", 0.5, "Laying out the map"), {320: places(30)})
    at = open_map(method="UMAP")
    assert said(at, run) == {"words": "1 of 3 maps through time are made", "share": 0.5, "failed": False}
    assert maps(at)[0]["revision"] == "representation-UMAP"


def test_the_previous_map_is_shown_until_the_new_one_is_ready(make_run, open_map, films):
    run = make_run("running", n=30)
    films["UMAP"] = (Job("running", 0.5, "Laying out the map"), {0: places(30)})
    at = open_map(method="UMAP", run=run.run_id)
    first, newest = maps(at)[0]["frames"]["files"]
    assert first and newest is None and maps(at)[0]["revision"] == "representation-UMAP"
    assert said(at, run)["words"] == "UMAP is being made. Laying out the map."


def test_a_map_that_failed_says_why_and_can_be_tried_again(make_run, open_map, films):
    run = make_run(n=30)
    films["UMAP"] = (Job("failed", message="UMAP found no layout."), {})
    at = open_map(method="UMAP")
    assert said(at, run) == {"words": "UMAP found no layout. PCA is shown.", "share": None, "failed": True}
    assert maps(at)[0]["again"]


def test_a_frame_of_the_film_that_failed_says_why(make_run, open_map, films):
    make_run(n=30, steps=(0, 160, 320))
    films["UMAP"] = (Job("failed", message="Too few."), {320: places(30), 0: places(30)})
    films.failed = {160: "Too few."}
    assert maps(open_map(method="UMAP"))[0]["failed"] == [None, "Too few.", None]


@pytest.mark.parametrize("color", ["class", "confidence"])
def test_nothing_that_comes_and_goes_stands_above_the_map(make_run, open_map, color):
    run = make_run(n=30)
    (run.folder / "embeddings" / "thumbnails.webp").unlink()
    for path in (run.folder / "embeddings").glob("step-00000320*"):
        path.unlink()  # no colors of the newest, no images, no neighbors
    at = act(open_map(color=color), run, step=0)
    before = [getattr(node.proto, "component_name", "") or node.type for node in at.main]
    above = before[before.index("title") : before.index("byol_map_files")]
    assert not {"caption", "warning", "error", "button"} & set(above)


def test_a_large_set_is_mapped_through_time_on_demand(make_run, open_map, films, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_UNASKED", 20)
    asked = []
    made = embeddings.film
    monkeypatch.setattr(embeddings, "film", lambda *a, **how: asked.append(how["whole"]) or made(*a, **how))
    make_run(n=30)
    at = open_map(method="UMAP")
    assert set(asked) == {False}
    at.toggle(key="map_every_evaluation").set_value(True).run()
    assert asked[-1] is True


def test_the_color_is_chosen_and_explained(make_run, open_map):
    make_run(n=60)
    at = open_map()
    at.selectbox(key="color").set_value("confidence").run()
    (drawn,) = maps(at)
    assert drawn["colors"]["kind"] == "number" and "Color: " in text(at)


def test_what_was_read_once_is_not_read_again_by_a_click(make_run, open_map, monkeypatch):
    run = make_run(n=30)
    at = open_map()
    act(at, run, pinned=5)
    monkeypatch.setattr(embeddings, "read_space", lambda *_: pytest.fail("read again"))
    act(at, run, pinned=3)
    assert not at.exception and maps(at)[0]["pinned"] == 3


def test_settings_of_the_method_are_those_it_has(make_run, open_map, films):
    make_run(n=30)
    asked = []
    made = embeddings.film
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embeddings, "film", lambda *a, **how: asked.append(a[3]) or made(*a, **how))
        open_map(method="t-SNE", perplexity="12", map_seed="3")
    assert asked[0] == MapSettings("t-SNE", perplexity=12.0, seed=3)


def test_the_map_of_a_run_that_is_over_is_looked_at_again(open_map, make, looks):
    open_map(run=make("stopped").run_id)
    assert looks["look"] == polling.IDLE * polling.SECONDS


def test_a_film_is_the_same_object_until_something_is_new(make_run):
    snapshot = embeddings.read_snapshot(make_run(n=30).folder / "embeddings")
    frames = [
        data.frames(snapshot, embeddings.pca_film(snapshot, "representation"), "representation") for _ in range(2)
    ]
    assert frames[0] is frames[1]


def test_another_film_of_the_same_run_is_another_object(make_run):
    snapshot = embeddings.read_snapshot(make_run(n=2).folder / "embeddings")
    film = embeddings.pca_film(snapshot, "representation")
    other = replace(film, xy=film.xy[:, ::-1].copy())  # the same sum
    shown = [data.frames(snapshot, one, "representation").xy for one in (film, other)]
    np.testing.assert_array_equal(shown[1], other.xy)
    assert not np.array_equal(*shown)
