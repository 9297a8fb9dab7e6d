"""A film of maps: PCA at once, the others frame by frame, laid over each other and made once."""

import json
import time

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.spatial.distance import pdist

from byol_core import jobs as warm
from byol_core.embeddings import MapSettings, film, pca, pca_film, read_snapshot, read_space, retry, unit
from byol_core.embeddings.snapshot import MAPS
from byol_core.embeddings.timeline import MAP, frame_name
from byol_core.embeddings.umap_tsne import fit
from byol_core.errors import InputError, LabError
from byol_core.jobs import arrays as answer_file
from byol_core.jobs import queue, service

STEPS = (0, 320, 640)
TSNE = MapSettings("t-SNE", perplexity=8, seed=1)


@pytest.fixture
def folder(make_embeddings, tmp_path):
    return make_embeddings(tmp_path / "run" / "embeddings", steps=STEPS)


@pytest.fixture
def snapshot(folder):
    return read_snapshot(folder)


def vectors(snapshot, step):
    return unit(read_space(snapshot, snapshot.evaluation(step), "representation"))


def moved(maps):
    return np.linalg.norm(np.diff(maps, axis=0), axis=2).mean(1).sum()


def made(found):
    return np.isfinite(found.xy).all((1, 2)).tolist()


@pytest.fixture
def shoot(home, snapshot, answer):
    """Have the whole film made, as a page that looks again and again."""

    def shoot(settings=TSNE, first=640):
        for _ in range(len(STEPS) + 1):
            found = film(home, read_snapshot(snapshot.folder), "representation", settings, first=first, whole=True)
            if found.job.state in ("ready", "failed"):
                return found
            answer()
        return found

    return shoot


def test_a_map_is_kept_with_the_settings_it_was_made_with(shoot, snapshot):
    settings = MapSettings("t-SNE", perplexity=30)
    shoot(settings)
    name = frame_name(snapshot, snapshot.evaluation(640), "representation", settings)
    kept = warm.result(snapshot.folder / MAPS, name)
    assert kept.about["settings"] == {"perplexity": pytest.approx(59 / 3), "seed": 0}


# PCA


def test_pca_of_every_evaluation_is_there_at_once(snapshot):
    found = pca_film(snapshot, "representation", judged=320)
    assert found.steps == STEPS and found.xy.shape == (3, 60, 2) and made(found) == [True] * 3
    assert found.job.state == "ready" and np.isfinite(found.shares).all()
    assert np.isfinite(found.trust).tolist() == np.isfinite(found.kept).tolist() == [False, True, False]


def test_a_film_of_pca_moves_less_than_maps_made_alone(snapshot):
    alone = [pca(vectors(snapshot, step)).xy * (-1, 1)[place % 2] for place, step in enumerate(STEPS)]
    assert moved(pca_film(snapshot, "representation").xy) < 0.5 * moved(alone)


def test_an_evaluation_that_is_lost_leaves_a_gap(snapshot):
    (snapshot.folder / snapshot.evaluations[1].file).write_bytes(b"half")
    assert made(pca_film(snapshot, "representation")) == [True, False, True]
    for evaluation in snapshot.evaluations:
        (snapshot.folder / evaluation.file).unlink()
    with pytest.raises(LabError, match="missing or damaged"):
        pca_film(snapshot, "representation")


def test_one_map_of_a_large_set_can_be_asked_for_alone(snapshot):
    assert made(pca_film(snapshot, "representation", only=320)) == [False, True, False]


def test_the_raw_pixels_stay_where_they_are(snapshot):
    found = pca_film(snapshot, "pixels").xy
    np.testing.assert_allclose(found, found[[0, 0, 0]], atol=1e-5)


# The others


def test_the_viewed_frame_is_computed_first_then_its_neighbors(home, snapshot, answer):
    def look():
        return film(home, snapshot, "representation", TSNE, first=320, whole=True)

    assert (look().job.state, len(list((snapshot.folder / "maps").glob("*.request.json")))) == ("waiting", 1)
    answer()
    found = look()
    assert made(found) == [False, True, False] and found.job.state == "waiting"
    answer()
    found = look()
    assert made(found) == [True] * 3 and found.job == warm.Job("ready", 1.0)
    assert ((found.trust > 0.5) & (found.trust <= 1) & (found.kept > 0.2)).all() and np.isnan(found.shares).all()


def test_a_waiting_request_is_queued_again_after_a_restart(home, snapshot, answer):
    asked = (home, snapshot, "representation", TSNE)
    film(*asked, first=640, whole=False)
    queue._asked.clear()
    for ticket in (home / "warm" / "interactive").glob("*.json"):
        ticket.unlink()
    assert film(*asked, first=640, whole=False).job.state == "waiting"
    answer()
    assert film(*asked, first=640, whole=False).job.state == "ready"


def test_one_frame_alone_asks_for_no_other(home, snapshot, answer):
    film(home, snapshot, "representation", TSNE, first=640, whole=False)
    answer()
    found = film(home, snapshot, "representation", TSNE, first=640, whole=False)
    assert made(found) == [False, False, True] and found.job.state == "ready"
    assert found.at(640) is not None and found.at(0) is None and found.at(7) is None


def test_a_film_moves_far_less_than_maps_made_alone(snapshot, shoot):
    others = [MapSettings("t-SNE", perplexity=8, seed=seed) for seed in range(3)]
    start = np.random.default_rng(0).normal(size=(3, 60, 2)).astype(np.float32)
    alone = [
        fit(vectors(snapshot, step), settings, lambda share, text: None, start[place]).xy
        for place, (step, settings) in enumerate(zip(STEPS, others, strict=True))
    ]
    assert moved(shoot().xy) < 0.5 * moved(alone)


def test_a_new_evaluation_adds_a_frame_and_recomputes_nothing(snapshot, shoot):
    index = json.loads((snapshot.folder / "probe.json").read_text())
    shorter = {**index, "evaluations": index["evaluations"][:2]}
    (snapshot.folder / "probe.json").write_text(json.dumps(shorter))
    before = shoot(first=320)
    (snapshot.folder / "probe.json").write_text(json.dumps(index))
    after = shoot(first=640)
    assert len(before.steps) == 2 and made(after) == [True] * 3
    np.testing.assert_array_equal(after.xy[:2], before.xy)


def test_maps_are_keyed_by_vectors_and_the_settings_in_use(home, snapshot, shoot):
    shoot()
    path = snapshot.folder / snapshot.evaluations[0].file
    path.write_bytes(path.read_bytes())  # the same content, written again
    for settings, there in [(MapSettings("t-SNE", 99, 0.5, 8, 1), True), (MapSettings("t-SNE", 99, 0.5, 9, 1), False)]:
        found = film(home, snapshot, "representation", settings, first=640, whole=True, start=False)
        assert made(found) == [there] * 3


def test_the_film_of_the_pixels_is_one_map(home, snapshot, answer):
    film(home, snapshot, "pixels", TSNE, first=0, whole=True)
    answer()
    found = film(home, snapshot, "pixels", TSNE, first=0, whole=True)
    assert made(found) == [True] * 3 and found.job.state == "ready"


def test_whoever_only_looks_starts_nothing(home, snapshot):
    found = film(home, snapshot, "representation", TSNE, first=0, whole=True, start=False)
    assert found.job.state == "absent" and not (snapshot.folder / "maps").exists()


def test_why_there_is_no_map_is_told_and_can_be_tried_again(make_embeddings, tmp_path, home, answer):
    few = read_snapshot(make_embeddings(tmp_path / "few", n=5))
    asked = (home, few, "representation", TSNE)
    film(*asked, first=320, whole=True)
    answer()
    found = film(*asked, first=320, whole=True)
    assert (found.job.state, found.job.message) == (
        "failed",
        "t-SNE needs at least 8 images, and here are 5; PCA works with any number.",
    )
    assert retry(*asked, first=320, whole=True).job.state == "waiting"


def test_one_frame_that_fails_does_not_hold_up_the_others(snapshot, shoot):
    (snapshot.folder / snapshot.evaluations[0].file).write_bytes(b"half a file")
    found = shoot()
    assert made(found) == [False, True, True]
    assert found.job.state == "failed" and "step-00000000.safetensors" in found.job.message
    assert found.failed == {0: found.job.message}


def test_a_failed_frame_is_explained_and_retried_alone(home, snapshot, shoot):
    file = snapshot.folder / snapshot.evaluations[0].file
    save_file({"representation": np.ones((60, 8), np.float16), "projection": np.ones((60, 8), np.float16)}, file)
    found = shoot()
    assert made(found) == [False, True, True] and list(found.failed) == [0]
    assert "(a collapse)" in found.failed[0] and found.job == warm.Job("failed", message=found.failed[0])
    assert retry(home, snapshot, "representation", TSNE, first=640, whole=True).failed == {}
    assert len(list((snapshot.folder / "maps").glob("*.request.json"))) == 1


def test_the_film_of_a_lost_evaluation_is_one_sentence(home, snapshot):
    (snapshot.folder / snapshot.evaluations[-1].file).unlink()
    with pytest.raises(LabError, match="missing or damaged"):
        film(home, snapshot, "representation", TSNE, first=640, whole=False)


def test_a_damaged_frame_is_made_again(home, snapshot, shoot):
    shoot()
    for path in (snapshot.folder / "maps").glob("map-*.safetensors"):
        path.write_bytes(b"half")
    assert made(film(home, snapshot, "representation", TSNE, first=640, whole=True, start=False)) == [False] * 3
    assert made(shoot()) == [True] * 3


@pytest.mark.parametrize("wrong", [{"space": "nowhere"}, {"method": "MDS"}, {"step": 7}])
def test_a_handwritten_invalid_request_fails_with_a_message(home, snapshot, answer, wrong):
    task = {"space": "representation", "step": 0, "method": "PCA", **wrong}
    warm.ask(home, MAP, snapshot.folder / "maps", "map-x", task)
    answer()
    assert warm.job(snapshot.folder / "maps", "map-x").state == "failed"


def test_a_method_that_is_none_is_refused(snapshot, home):
    with pytest.raises(InputError):
        film(home, snapshot, "representation", MapSettings("MDS"), first=0, whole=False)


def test_an_answer_to_something_else_is_made_anew(home, snapshot, shoot):
    shoot()
    for path in (snapshot.folder / "maps").glob("map-*.safetensors"):
        answer_file.save(path, warm.Answer({"xy": np.zeros((7, 2), np.float32)}))
    assert made(shoot()) == [True] * 3


def test_a_process_of_its_own_makes_a_large_film_of_pca(home, snapshot):
    asked, deadline = (home, snapshot, "representation", MapSettings("PCA")), time.monotonic() + 60
    try:
        while (found := film(*asked, first=320, whole=True)).job.state != "ready" and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        _, process = service._started[home.resolve(), "interactive"]
        process.kill()
        process.wait()
    assert made(found) == [True] * 3 and np.isfinite(found.shares).all() and np.isfinite(found.trust).all()
    expected = pca_film(snapshot, "representation").xy  # turned onto another frame
    np.testing.assert_allclose([pdist(xy) for xy in found.xy], [pdist(xy) for xy in expected], atol=1e-4)
