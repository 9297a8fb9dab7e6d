from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from byol_core.cli.train import configure
from byol_core.config import RunConfig, presets
from byol_core.events import Summary
from byol_core.runs import worker
from tests.photos import photos

# Which setting wins


def test_the_file_is_over_the_preset_and_set_over_the_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 3\nviews: {strength: 0.5}\nnetwork:\nseed: 1\n")
    config, _ = configure("classroom", file, "mnist", ["seed=2", "data.image_size=28"])
    assert (config.epochs, config.seed, config.views.strength) == (3, 2, 0.5)
    assert config.views.preset == presets.get("classroom").config().views.preset
    assert (config.data.source, config.data.image_size) == ("mnist", 28)


def test_a_file_may_hold_dotted_keys_and_what_to_yaml_wrote(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("views.strength: 0.5\n")
    assert configure(None, file, None, [])[0].views.strength == 0.5
    file.write_text(RunConfig(seed=7).to_yaml())
    assert configure("classroom", file, None, [])[0] == RunConfig(seed=7)


def test_a_file_may_name_its_preset_and_the_command_another(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("preset: first-look\nseed: 3\n")
    config, preset = configure(None, file, None, [])
    assert (config, preset) == (presets.get("first-look").config().changed(seed=3), "first-look")
    config, preset = configure("collapse-demo", file, None, [])
    assert (config.optimizer.name, config.seed, preset) == ("sgd", 3, "collapse-demo")


def test_a_run_has_the_preset_that_its_file_names(byol, store, trained, tmp_path):
    (tmp_path / "run.yaml").write_text("preset: first-look\n")
    trained(lambda callback: None)
    assert byol("train", "--config", tmp_path / "run.yaml")[0] == 0
    assert (store.runs()[0].preset, store.runs()[0].name) == ("first-look", "first-look-1")


@pytest.mark.parametrize("name", ["nothing", "[1]", "''", "3"])
def test_a_file_with_a_preset_that_is_none_is_one_sentence(byol, tmp_path, name):
    (tmp_path / "run.yaml").write_text(f"preset: {name}\n")
    status, _, err = byol("train", "--config", tmp_path / "run.yaml")
    assert (status, err.count("\n")) == (2, 1) and "There is no preset" in err


# What fits itself to a small set


@pytest.mark.parametrize("preset", [None, "classroom"])
def test_settings_from_the_command_or_a_file_are_not_auto_fitted(tmp_path, preset):
    file = tmp_path / "run.yaml"
    file.write_text("batch_size: 128\nevaluation:\n  every: 5\n")
    config, _ = configure(preset, file, None, ["epochs=30"])
    assert set(config.fit) == {"evaluation.k", "runtime.checkpoint_every", "data.image_size", "network.encoder"}
    file.write_text("fit: [batch_size, epochs]\n")
    assert configure(preset, file, None, [])[0].fit == ("batch_size", "epochs")
    assert configure(preset, file, None, ["epochs=3"])[0].fit == ("batch_size",)


def test_photos_are_learned_from_without_a_setting(byol, store, tmp_path):
    source = photos(tmp_path / "photos", 30)
    short = ["--set", "steps=3", "--set", "runtime.threads=1", "--set", "network.projector_hidden=32"]
    status, out, err = byol("train", "--data", source, *short, "--json")
    assert (status, json.loads(out)["state"]) == (0, "finished")
    assert "Fitted to the 22 images to learn from: batch size 16 (not 128)" in err
    run = store.runs()[0]
    assert run.config["batch_size"] == json.loads((run.folder / "config.json").read_text())["batch_size"] == 16
    assert "Fitted to the 22 images" in (run.folder / "log.txt").read_text()


def test_the_account_of_the_images_follows_the_results(byol, store, tmp_path):
    source = photos(tmp_path / "photos", 30)
    for number in range(40):
        (source / "beach" / f"{number}.mp4").touch()
    status, out, err = byol("train", "--data", source, "--set", "steps=2", "--set", "runtime.threads=1")
    assert status == 0 and "40 of 70 files were not used" in out.splitlines()[-1]
    assert "loss" in out.partition("30 images in 3 classes")[0]
    assert err.count(".mp4") == 3
    run = store.runs()[0]
    assert "40 of 70 files were not used" in (run.folder / "log.txt").read_text()
    seen = json.loads(byol("show", run.run_id, "--json")[1])["account"]
    assert (seen["images"], seen["skipped"], len(seen["classes"])) == (30, 40, 3)
    assert "40 of 70 files were not used" in byol("show", run.run_id)[1]


def test_a_run_of_an_earlier_release_has_no_account(byol, finished):
    run = finished()
    assert json.loads(byol("show", run.run_id, "--json")[1])["account"] is None
    assert "for training" not in byol("show", run.run_id)[1]


def test_a_batch_that_was_asked_for_is_not_changed(byol, store, tmp_path):
    source = photos(tmp_path / "photos", 30)
    status, out, err = byol("train", "--data", source, "--set", "batch_size=128", "--set", "runtime.threads=1")
    assert (status, out, store.runs()) == (2, "", [])
    assert "larger than the 22 images there are to learn from; set batch_size=16." in err


def test_a_path_that_is_no_text_is_refused(byol, store, tmp_path):
    status, _, err = byol("train", "--data", tmp_path / "im\udcff")
    assert (status, err.count("\n")) == (2, 1) and "UTF-8 text" in err
    assert [path.name for path in store.home.iterdir() if path.is_dir()] == []


# Training here


@pytest.fixture
def trained(monkeypatch):
    """Let ``byol train`` do this instead of the real training, of which there is a test below."""

    def replace(action):
        def train(config, folder, callback, *, resume=False):
            return action(callback) or Summary(False, 2, 1.0, 0.5, 9.0, 0.5, 0.8, 0.6, None, 0.9, 0.8, 20, 0.1, 10, 5)

        monkeypatch.setattr(worker, "_train", lambda _: train)

    return replace


def test_train_prints_one_object(byol, store, trained):
    trained(lambda callback: callback.on_note("a word for people"))
    status, out, err = byol("train", "--json", "--name", "mine")
    seen = json.loads(out)
    assert (status, seen["state"], seen["knn_accuracy"], seen["knn_pixels"]) == (0, "finished", 0.8, None)
    assert seen["run_id"] == store.get("mine").run_id
    assert "a word for people" in err


def test_train_ends_with_the_numbers(byol, trained):
    trained(lambda callback: None)
    out = byol("train")[1]
    assert re.search(r"kNN accuracy, test +0.800, too few to tell \(5 test images\)", out)
    assert re.search(r"kNN on raw pixels, test +no labels", out)


def test_a_failed_training_is_exit_status_1_with_its_sentence(byol, store, trained):
    trained(lambda callback: 1 / 0)
    status, out, err = byol("train", "--json")
    assert (status, json.loads(out)["state"]) == (1, "failed")
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err


def test_images_that_do_not_do_leave_no_run(byol, store, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_text("this is text")
    status, out, err = byol("train", "--data", tmp_path / "photos")
    assert (status, out, store.runs()) == (2, "", [])
    assert err.count("\n") == 1 and "photos" in err  # the sentence, and no run was announced before it


def test_training_stops_on_ctrl_c_and_a_supervisor_resumes_it(byol, store, tmp_path):
    """From end to end, with the smallest network on few images; this is the only test here that computes."""
    small = ["data.limit=64", "batch_size=16", "epochs=20000", "evaluation.every=1000", "evaluation.probe=16"]
    small += ["network.projector_hidden=16", "network.predictor_hidden=16", "data.image_size=16"]
    small += ["runtime.checkpoint_every=1000", "runtime.threads=1"]
    command = [sys.executable, "-m", "byol_core.cli", "train", "--preset", "first-look", "--json", "--name", "mine"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, *(part for key in small for part in ("--set", key))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        wait_until(lambda: (runs := store.runs()) and runs[0].step > 3 and store.latest(runs[0].run_id, "loss"))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    stopped = json.loads(out)
    assert (process.returncode, stopped["state"]) == (0, "stopped"), err
    assert 3 < stopped["steps"] < stopped["total_steps"]
    assert stopped["knn_accuracy"] is None  # a stopped run is not evaluated
    assert None not in (stopped["knn_untrained"], stopped["knn_pixels"], stopped["loss"])

    assert byol("resume", "mine")[0] == 0
    wait_until(lambda: store.get("mine").step > stopped["steps"])
    again = json.loads(byol("stop", "mine", "--json")[1])
    assert (again["state"], again["attempt"]) == ("stopped", 2)
    steps = [point[0] for point in store.series(again["run_id"], "loss")]
    assert steps == sorted(set(steps))
    os.kill(json.loads((store.home / "supervisor.json").read_text())["pid"], signal.SIGTERM)


def wait_until(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)
