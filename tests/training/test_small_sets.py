"""Settings that fit themselves to a small set: which, how far, and never those that somebody set."""

from __future__ import annotations

import numpy as np
import pytest

from byol_core.config import RunConfig, build, presets
from byol_core.data.catalog import find
from byol_core.embeddings.pca import unit
from byol_core.embeddings.settings import MapSettings
from byol_core.embeddings.snapshot import read_snapshot, read_space
from byol_core.embeddings.umap_tsne import fit
from byol_core.errors import InputError
from byol_core.evaluation import finetune, handler
from byol_core.evaluation.protocol import Protocol
from byol_core.training import small_sets
from byol_core.training.trainer import train
from tests.photos import photos
from tests.training.test_trainer import Recorder

CLASSROOM = presets.get("classroom").config()


def test_the_usual_set_is_the_embedded_one():
    entry = find("eurosat")
    assert entry is not None and entry.train_images == small_sets.USUAL_IMAGES


@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_on_its_own_set_stays_as_it_is(name):
    config = presets.get(name).config()
    entry = find(config.data.source)
    images = 1_281_167 if name.startswith("paper") else entry.train_images
    assert small_sets.fitted(config, small_sets.learned_from(images, config), entry.classes or 0) is config


@pytest.mark.parametrize(
    ("images", "batch"), [(2, 2), (3, 3), (7, 7), (9, 8), (22, 16), (65, 64), (127, 64), (128, 128), (216, 128)]
)
def test_the_batch_is_one_that_the_images_fill(images, batch):
    assert small_sets.fitted(CLASSROOM, images).batch_size == batch


def test_a_batch_is_shared_evenly_by_processes_and_parts():
    config = CLASSROOM.changed(accumulate=3)
    assert small_sets.fitted(config, 65, ranks=2).batch_size == 48
    assert (
        small_sets.fitted(config, 5, ranks=2).batch_size == CLASSROOM.batch_size
    )  # no batch does, and the run says so


def test_a_small_set_gets_more_epochs_and_as_many_evaluations():
    config = small_sets.fitted(CLASSROOM, 65)
    assert (config.epochs, config.evaluation.every, config.runtime.checkpoint_every) == (840, 140, 140)
    assert small_sets.fitted(CLASSROOM, 1300).epochs == 84


def test_neighbors_are_no_more_than_a_class_has():
    assert small_sets.fitted(CLASSROOM, 22, classes=3).evaluation.k == 7
    assert small_sets.fitted(CLASSROOM, 5, classes=9).evaluation.k == 1
    assert small_sets.fitted(CLASSROOM, 22).evaluation.k == 20  # without labels nobody asks for neighbors


@pytest.mark.parametrize("key", ["batch_size", "epochs", "evaluation.every", "evaluation.k"])
def test_what_somebody_set_is_never_changed(key):
    value = CLASSROOM.flat()[key]
    config = CLASSROOM.changed(**{key: value})
    assert key not in config.fit
    assert small_sets.fitted(config, 22, classes=3).flat()[key] == value


def test_what_was_fitted_is_final():
    config = small_sets.fitted(CLASSROOM, 65)
    assert config.fit == ()
    assert small_sets.fitted(config, 22, classes=3) is config


def test_the_line_names_each_change():
    given = small_sets.fitted(CLASSROOM, 22, classes=3)
    assert small_sets.sentence(CLASSROOM, given, 22) == (
        "Fitted to the 22 images to learn from: batch size 16 (not 128), epochs 840 (not 30), evaluate every 140 "
        "(not 5), neighbors 7 (not 20), checkpoint every 140 (not 5)."
    )


def test_old_runs_and_python_configs_are_not_auto_fitted():
    assert RunConfig().fit == build({"batch_size": 64}).fit == ()


@pytest.mark.parametrize("value", ["batch_size, epochs", ["batch_size", "epochs"]])
def test_what_may_be_fitted_is_a_list_of_names(value):
    assert build({}, {"fit": value}).fit == ("batch_size", "epochs")
    with pytest.raises(InputError, match="'fit"):
        build({}, {"fit": "seed"})


# With photos

SHORT = {"steps": 3, "runtime.threads": 1, "data.image_size": 32, "network.projector_hidden": 32}


@pytest.mark.parametrize("count", [30, 90, 300])
def test_few_photos_are_learned_from(tmp_path, count):
    heard = Recorder()
    config = CLASSROOM.changed(**SHORT, **{"data.source": str(photos(tmp_path / "photos", count))})
    summary = train(config, tmp_path / "run", heard)
    assert summary.knn_accuracy is not None
    assert (heard.config or config).batch_size <= summary.train_images
    assert any(note.startswith("Fitted to the ") for note in heard.notes) == (count < 300)  # 128 of the 216 are a batch


@pytest.mark.parametrize("count", [2, 3, 5, 40])
def test_few_photos_without_labels_are_learned_from(tmp_path, count):
    config = CLASSROOM.changed(**SHORT, **{"data.source": str(photos(tmp_path / "photos", count, labels=False))})
    if count == 2:  # one to test on, and one left
        with pytest.raises(InputError, match="two are the least"):
            train(config, tmp_path / "run", Recorder())
    else:
        assert train(config, tmp_path / "run", Recorder()).steps == 3


@pytest.mark.parametrize("count", [3, 4, 7])
def test_classes_of_one_or_two_photos_are_learned_from(tmp_path, count):
    config = CLASSROOM.changed(**SHORT, **{"data.source": str(photos(tmp_path / "photos", count))})
    assert 0 <= train(config, tmp_path / "run", Recorder()).knn_accuracy <= 1


def test_an_explicit_batch_too_large_names_one_that_fits(tmp_path):
    source = str(photos(tmp_path / "photos", 30))
    with pytest.raises(InputError, match=r"batch of 128 is larger than the 22 .* set batch_size=16"):
        train(CLASSROOM.changed(**SHORT, batch_size=128, **{"data.source": source}), tmp_path / "run", Recorder())


@pytest.mark.parametrize("objective", ["byol", "simclr", "moco", "nce", "triplet", "barlow-twins", "vicreg", "bridge"])
def test_every_objective_learns_from_four_images(tmp_path, objective):
    source = str(photos(tmp_path / "photos", 5, labels=False))
    config = CLASSROOM.changed(**SHORT, **{"data.source": source, "method.objective": objective})
    assert train(config, tmp_path / "run", Recorder()).steps == 3


# Judged afterwards


@pytest.fixture(scope="module")
def judged_run(tmp_path_factory):
    """A run on 30 photos in three classes, of which a class has eight to learn from."""
    folder = tmp_path_factory.mktemp("judged")
    heard = Recorder()
    config = CLASSROOM.changed(**SHORT, **{"data.source": str(photos(folder / "photos", 30))})
    train(config, folder / "run", heard)
    assert heard.config is not None
    (folder / "run" / "config.json").write_text(heard.config.model_dump_json())
    return folder / "run"


@pytest.mark.parametrize(
    ("method", "labels"), [("knn", "all"), ("linear", "all"), ("linear", "5"), ("linear", "10%"), ("finetune", "5")]
)
def test_a_run_on_few_photos_is_judged(judged_run, monkeypatch, method, labels):
    monkeypatch.setattr(finetune, "images_seen", lambda labels: 96)
    protocol = Protocol(method=method, labels=labels, splits=1)
    found = handler.work(judged_run, protocol, lambda share, message: None, lambda: False)
    assert found.tested == 6
    assert 0 <= found.of("trained").mean <= 1


@pytest.mark.parametrize("method", ["linear", "finetune"])
def test_asking_for_too_many_labels_names_the_number_available(judged_run, method):
    protocol = Protocol(method=method, labels="10", splits=1)
    with pytest.raises(InputError, match="has 8 training images with a label, and 10 were asked for: ask for 8"):
        handler.work(judged_run, protocol, lambda share, message: None, lambda: False)


# test_umap_tsne.py makes the maps of eight images by UMAP, which takes long to load.
@pytest.mark.parametrize(
    "method",
    ["t-SNE", pytest.param("UMAP", marks=pytest.mark.nightly), pytest.param("densMAP", marks=pytest.mark.nightly)],
)
def test_a_run_on_few_photos_has_every_map(judged_run, method):
    eval_images = read_snapshot(judged_run / "embeddings")
    vectors = unit(read_space(eval_images, eval_images.evaluations[-1], "representation"))
    found = fit(vectors, MapSettings(method=method), lambda share, text: None)
    assert found.xy.shape == (30, 2) and np.isfinite(found.xy).all()
