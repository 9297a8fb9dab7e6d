"""An image is placed where it belongs, through the weights that the run has kept, and whatever is missing is said."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from byol_core.embeddings import MapSettings, film, pca_film, placement, read_snapshot, read_space, unit
from byol_core.embeddings.placement import ask
from byol_core.embeddings.umap_tsne import fit
from byol_core.errors import InputError, LabError
from byol_core.jobs import queue
from byol_core.messages import Listing
from byol_core.networks import build_projector
from byol_core.networks.features import represent
from byol_core.system.paths import bundled
from byol_core.weights import checkpoint
from byol_core.weights.encoder_files import load_encoder

PCA, TSNE = MapSettings("PCA"), MapSettings("t-SNE", perplexity=8)


@pytest.fixture
def vectors(real_pictures):
    """What the demo run's encoder makes of sixty images."""
    images = torch.from_numpy(np.ascontiguousarray(real_pictures[:60].transpose(0, 3, 1, 2)))
    return represent(load_encoder(bundled("assets/byol-tiny")).encoder, images).half().numpy()


@pytest.fixture
def run(make_embeddings, tmp_path, vectors):
    """The demo run, with sixty images on its map."""
    folder = make_embeddings(tmp_path / "run" / "embeddings", image_size=64).parent
    for name in ("encoder.safetensors", "config.json"):
        shutil.copy(bundled("assets/byol-tiny") / name, folder / name)
    path = folder / "embeddings" / "step-00000320.safetensors"
    save_file({**load_file(path), "representation": vectors}, path)
    return folder


@pytest.fixture
def snapshot(run):
    return read_snapshot(run / "embeddings")


@pytest.fixture
def picture(real_pictures):
    """The thumbnail of image 7."""
    return np.ascontiguousarray(real_pictures[7].transpose(2, 0, 1))


@pytest.fixture
def placed(home, run, snapshot, picture, answer):
    """Ask, answer, and ask again."""

    def placed(space="representation", settings=PCA, xy=None, shown=picture):
        xy = pca_film(snapshot, space).at(320) if xy is None else xy
        asked = (home, snapshot, run, snapshot.evaluations[-1], space, settings, shown, xy)
        first = ask(*asked)
        assert first.placed is None and first.job.state == "waiting"
        answer()
        return ask(*asked)

    return placed


def test_a_picture_of_the_map_lies_where_it_lies(placed, snapshot):
    found = placed().placed
    xy = pca_film(snapshot, "representation").at(320)
    assert found.near[0] == 7 and found.distances[0] == pytest.approx(0, abs=1e-3)
    assert found.xy == pytest.approx(xy[7], abs=0.02) and "axes" in found.note
    assert (np.diff(found.distances) >= 0).all() and len(found.near) == 12


def test_its_neighbors_are_those_in_the_full_space(placed, snapshot, vectors):
    found = placed().placed
    cosine = unit(vectors.astype(np.float32)) @ unit(vectors.astype(np.float32))[7]
    assert set(found.near[:5]) == set(np.argsort(-cosine)[:5])


def test_a_turned_map_is_asked_as_it_is_shown(placed, snapshot):
    xy = pca_film(snapshot, "representation").at(320)[:, ::-1] + 5
    assert placed(xy=xy).placed.xy == pytest.approx(xy[7], abs=0.02)


def test_a_waiting_image_is_requested_again_after_a_restart(home, run, snapshot, picture, answer):
    xy = pca_film(snapshot, "pixels").at(320)
    asked = (home, snapshot, run, snapshot.evaluations[-1], "pixels", PCA, picture, xy)
    ask(*asked)
    queue._asked.clear()
    for ticket in (home / "warm" / "interactive").glob("*.json"):
        ticket.unlink()
    assert ask(*asked).job.state == "waiting"
    answer()
    assert ask(*asked).placed is not None


def test_raw_pixels_need_no_weights(placed, run, snapshot):
    (run / "encoder.safetensors").unlink()
    assert placed("pixels").placed.near[0] == 7


def test_where_a_method_has_no_rule_the_nearest_say_where(placed, snapshot):
    xy = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    found = placed(settings=TSNE, xy=xy).placed
    weights = np.exp(-found.distances / 0.1)
    assert found.xy == pytest.approx((weights[:, None] * xy[found.near]).sum(0) / weights.sum(), abs=1e-3)
    assert "no rule for new images" in found.note


def test_how_an_image_was_placed_can_be_said_in_any_language(placed):
    note = placed().placed.note
    assert isinstance(note, Listing) and [one.template for one in note.items] == ["Placed by the axes of the map."]


def test_a_picture_of_another_size_is_brought_to_that_of_the_run(placed, picture):
    assert placed(shown=picture.repeat(2, 1).repeat(2, 2)).placed.near[0] == 7


def test_only_the_newest_weights_are_kept(home, run, snapshot, picture):
    xy = pca_film(snapshot, "representation").at(0)
    with pytest.raises(InputError, match="choose its newest evaluation"):
        ask(home, snapshot, run, snapshot.evaluations[0], "representation", PCA, picture, xy)


def test_a_run_without_weights_is_told(home, run, snapshot, picture):
    (run / "encoder.safetensors").unlink()
    xy = pca_film(snapshot, "representation").at(320)
    with pytest.raises(LabError, match="neither an encoder nor a checkpoint"):
        ask(home, snapshot, run, snapshot.evaluations[-1], "representation", PCA, picture, xy)


def test_projections_need_the_projector_to_place_an_image(placed, snapshot):
    found = placed("projection")
    assert found.job.state == "failed" and "choose the representation" in found.job.message
    placement.again(snapshot, found.key)
    assert placed("projection").job.state == "failed"


def test_the_projector_of_the_newest_checkpoint_is_taken(placed, run, snapshot, vectors):
    loaded = load_encoder(run)
    projector = build_projector(loaded.config.network, loaded.config.method.objective, loaded.encoder.feature_dim)
    values = {f"online.projector.{key}": value for key, value in projector.state_dict().items()}
    checkpoint.save(run / "checkpoints", 300, {"model": values, "step": 300})
    with torch.no_grad():
        projections = projector.eval()(torch.from_numpy(vectors).float()).half().numpy()
    path = snapshot.folder / snapshot.evaluations[-1].file
    save_file({**load_file(path), "projection": projections}, path)
    found = placed("projection").placed
    assert found.near[0] == 7 and "those of step 300, the map is of step 320" in found.note


def test_weights_that_do_not_belong_to_the_map_are_told(placed, snapshot):
    path = snapshot.folder / snapshot.evaluations[-1].file
    save_file({**load_file(path), "representation": np.ones((60, 3), np.float16)}, path)
    found = placed(xy=np.zeros((60, 2), np.float32))
    assert found.job.state == "failed" and "do not belong" in found.job.message


@pytest.mark.slow
def test_umap_places_by_its_fitted_model_also_after_a_restart(placed, home, snapshot, answer):
    settings = MapSettings("UMAP", neighbors=8)
    asked = (home, snapshot, "representation", settings)
    film(*asked, first=320, whole=False)
    answer()  # whoever answers next has forgotten the model
    xy = film(*asked, first=320, whole=False).at(320)
    found = placed(settings=settings, xy=xy).placed
    assert found.near[0] == 7 and "fitted UMAP" in found.note
    spread = np.linalg.norm(xy - xy.mean(0), axis=1).mean()
    assert np.linalg.norm(found.xy - xy[7]) < spread
    again = fit(
        unit(read_space(snapshot, snapshot.evaluations[-1], "representation")), settings, lambda share, text: None
    )
    np.testing.assert_allclose(again.xy, xy, atol=1e-3)
