"""A UMAP is made by a process of its own, once, and found again by what it is made of."""

import os
import time

import numpy as np
import pytest

from byol_core.embed import UmapSettings, job, load_map, read_probe, read_space, start, umap_map, unit
from byol_core.embed.__main__ import main
from byol_core.embed.jobs import Reporter, map_key, save_map
from byol_core.errors import LabError

SETTINGS = UmapSettings(n_neighbors=6, min_dist=0.2, seed=1)


@pytest.fixture
def probe(embeddings):
    return read_probe(embeddings)


@pytest.fixture
def vectors(probe):
    return unit(read_space(probe, probe.evaluations[-1], "representation"))


def options(probe, step=320, space="representation"):
    return [str(probe.folder), str(step), space, "--n-neighbors", "6", "--min-dist", "0.2", "--seed", "1"]


def test_the_key_depends_on_vectors_and_settings_alone(vectors):
    key = map_key(vectors, SETTINGS)
    assert key == map_key(vectors.copy(), UmapSettings(6, 0.2, 1))
    others = {map_key(vectors, UmapSettings(7, 0.2, 1)), map_key(vectors, UmapSettings(6, 0.2, 2))}
    others.add(map_key(vectors * 2, SETTINGS))
    assert len(others) == 3 and key not in others


@pytest.mark.slow
def test_a_process_of_its_own_makes_the_map(probe, vectors):
    key = map_key(vectors, SETTINGS)
    assert job(probe, key).state == "absent"
    start(probe, probe.evaluations[-1], "representation", SETTINGS, key)
    assert job(probe, key).state in ("running", "ready")
    deadline = time.monotonic() + 120
    while job(probe, key).state == "running" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert job(probe, key).state == "ready"
    np.testing.assert_allclose(load_map(probe, key), umap_map(vectors, SETTINGS), atol=1e-4)
    left = {path.suffix for path in (probe.folder / "maps").iterdir()}
    assert ".json" not in left


def test_a_map_that_is_there_is_not_made_again(probe, vectors):
    key = map_key(vectors, SETTINGS)
    save_map(probe, key, np.ones((60, 2), np.float32))
    start(probe, probe.evaluations[-1], "representation", SETTINGS, key)
    assert main(options(probe)) == 0
    np.testing.assert_array_equal(load_map(probe, key), 1)


def test_a_process_that_died_is_told(probe, vectors):
    key = map_key(vectors, SETTINGS)
    reporter = Reporter(probe, key)
    reporter.mark -= 1000  # somebody else has the pid now
    reporter.say(0.4, "Laying out the map")
    assert job(probe, key).state == "failed"


def test_a_running_process_says_how_far_it_is(probe, vectors):
    key = map_key(vectors, SETTINGS)
    Reporter(probe, key).say(0.4, "Laying out the map")
    found = job(probe, key)
    assert (found.state, found.share, found.message) == ("running", 0.4, "Laying out the map")


def test_what_went_wrong_is_kept_for_the_page(make_embeddings, tmp_path):
    few = read_probe(make_embeddings(tmp_path / "few", n=5))
    key = map_key(unit(read_space(few, few.evaluations[-1], "representation")), SETTINGS)
    assert main(options(few)) == 1
    found = job(few, key)
    assert found.state == "failed" and "at least 8 images" in found.message


def test_by_hand_a_wrong_step_is_answered_in_one_sentence(probe, capsys):
    assert main(options(probe, step=7)) == 1
    assert capsys.readouterr().err == "This run kept no representations at step 7.\n"


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_damaged_map_counts_as_none(probe, vectors, content):
    key = map_key(vectors, SETTINGS)
    save_map(probe, key, np.ones((60, 2), np.float32))
    (probe.folder / "maps" / f"{key}.safetensors").write_bytes(content)
    assert load_map(probe, key) is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for the superuser")
def test_a_folder_that_cannot_be_written_is_told(probe, vectors):
    probe.folder.chmod(0o500)
    with pytest.raises(LabError, match="cannot be written"):
        start(probe, probe.evaluations[-1], "representation", SETTINGS, map_key(vectors, SETTINGS))
    probe.folder.chmod(0o700)
