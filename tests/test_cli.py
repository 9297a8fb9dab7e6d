from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from byol_core import cli, presets
from byol_core.config import RunConfig
from byol_core.events import MetricRow, Summary
from byol_core.runs import worker
from byol_core.runs.report import NUMBERS
from byol_core.runs.store import RunStore

COMMANDS = ("train", "runs", "show", "stop", "resume", "clone", "delete", "tail", "doctor", "app")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BYOL_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BYOL_LAB_DATABASE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


@pytest.fixture
def store(home):
    store = RunStore()
    yield store
    store.engine.dispose()


@pytest.fixture
def byol(home, capsys):
    """Run a command in this process: exit status, stdout, stderr."""

    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return caught.value.code, out, err

    return call


@pytest.fixture
def quiet(monkeypatch):
    """No supervisor is started; what would have been submitted is kept."""
    submitted = []
    monkeypatch.setattr(cli.LocalExecutor, "wake", lambda self: submitted.append(self.store.home))
    return submitted


def finished(store, name="done"):
    run = store.create(RunConfig(), name=name, here=True)
    store.move(run.run_id, "running")
    store.add_metrics(run.run_id, 1, [MetricRow(3, 0.3, 1.5, {"loss": 0.25})])
    store.set_summary(run.run_id, {"steps": 3, "knn_accuracy": 0.7})
    return store.move(run.run_id, "finished")


# Wrong input: exit status 2, one sentence on stderr, nothing on stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["show"], "Missing argument"),
        (["show", "nothing"], "There is no run 'nothing'"),
        (["stop", "nothing"], "There is no run 'nothing'"),
        (["resume", "nothing"], "There is no run 'nothing'"),
        (["clone", "nothing"], "There is no run 'nothing'"),
        (["delete", "nothing"], "There is no run 'nothing'"),
        (["tail", "nothing"], "There is no run 'nothing'"),
        (["runs", "--limit", "0"], "'--limit'"),
        (["app", "--port", "99999"], "'--port'"),
        (["train", "--preset", "nothing"], "There is no preset 'nothing'"),
        (["train", "--data", "nothing"], "There is no image set and no path 'nothing'"),
        (["train", "--data", "x" * 5000], "cannot be read"),
        (["train", "--config", "nothing.yaml"], "'nothing.yaml' cannot be read"),
        (["train", "--set", "views.strenght=1"], "did you mean 'views.strength'?"),
        (["train", "--set", "views.strength"], "should have the form key=value"),
        (["train", "--set", "views.strength=3"], "'views.strength' should be less than or equal to 2"),
        (["train", "--set", "views.strength=[1"], "cannot be read"),
        (["train", "--set", "epochs=2024-01-01"], "'epochs' should"),
        (["train", "--set", "data=eurosat"], "'data' should"),
        (["train", "--name", "x" * 200], "at most 120 characters"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_status_2(byol, store, arguments, sentence):
    status, out, err = byol(*arguments)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert store.runs() == []


@pytest.mark.parametrize(
    "text",
    ["views: 3", "nonsense: 1", "- a\n- b", "{", "epochs: 2024-01-01", "a: &a [*a]", "{[1]: 2}", "\x00", "epochs: x"],
)
def test_a_wrong_configuration_file_is_one_sentence(byol, tmp_path, text):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    status, out, err = byol("train", "--config", file)
    assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("in_the_way", ["home", "home/lab.sqlite"])
def test_a_home_that_cannot_be_used_is_one_sentence(byol, home, in_the_way):
    if in_the_way == "home":
        home.write_text("")
    else:
        (home / "lab.sqlite").mkdir(parents=True)
    status, out, err = byol("train", "--preset", "first-look")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "set BYOL_LAB_HOME to another folder" in err


def test_no_space_for_the_run_folder_is_one_sentence(byol, store, monkeypatch):
    monkeypatch.setattr("byol_core.runs.folder.LEAST_FREE_BYTES", 10**18)
    status, out, err = byol("train", "--preset", "first-look")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "There is no space for the run folder" in err


def test_a_live_run_is_not_deleted(byol, store):
    run = store.create(RunConfig(), here=True)
    assert byol("delete", run.run_id)[0] == 2
    assert byol("resume", run.run_id)[0] == 2


# Which setting wins


def test_the_file_is_over_the_preset_and_set_over_the_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 3\nviews: {strength: 0.5}\nnetwork:\nseed: 1\n")
    config = cli.configure("classroom", file, "mnist", ["seed=2", "data.image_size=28"])
    assert (config.epochs, config.seed, config.views.strength) == (3, 2, 0.5)
    assert config.views.preset == presets.get("classroom").config().views.preset
    assert (config.data.source, config.data.image_size) == ("mnist", 28)


def test_a_file_may_hold_dotted_keys_and_what_to_yaml_wrote(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("views.strength: 0.5\n")
    assert cli.configure(None, file, None, []).views.strength == 0.5
    file.write_text(RunConfig(seed=7).to_yaml())
    assert cli.configure("classroom", file, None, []) == RunConfig(seed=7)


# What is printed


def test_runs_and_show_print_the_contract_as_json(byol, store):
    run = finished(store)
    waiting = store.create(RunConfig())
    status, out, _ = byol("runs", "--json")
    newest, oldest = json.loads(out)
    assert (status, newest["run_id"], oldest["run_id"]) == (0, waiting.run_id, run.run_id)
    shown = json.loads(byol("show", "done", "--json")[1])
    assert shown == oldest
    assert {"run_id", "state", "pid", "attempt", "config", "folder", "wall_seconds", *NUMBERS} <= set(shown)
    assert (shown["steps"], shown["knn_accuracy"], shown["knn_pixels"], shown["loss"]) == (3, 0.7, None, 0.25)
    assert newest["loss"] is None


def test_people_read_tables(byol, store):
    run = finished(store)
    assert re.search(rf"{run.run_id} +done +finished .* 0.700", byol("runs")[1])
    assert "finished" in byol("show", "done")[1]


def test_a_new_home_says_how_to_begin(byol):
    status, out, _ = byol("runs")
    assert (status, "byol train --preset classroom" in out) == (0, True)


def test_queue_resume_and_clone_leave_the_run_to_the_supervisor(byol, store, quiet):
    first = json.loads(byol("train", "--preset", "first-look", "--queue", "--name", "one", "--json")[1])
    assert (first["state"], first["name"], first["preset"], first["steps"]) == ("queued", "one", "first-look", None)
    assert json.loads(byol("stop", "one", "--json")[1])["state"] == "stopped"
    assert json.loads(byol("resume", "one", "--json")[1])["state"] == "queued"
    clone = json.loads(byol("clone", "one", "--set", "seed=5", "--name", "two", "--json")[1])
    assert (clone["config"]["seed"], clone["preset"], clone["name"]) == (5, "first-look", "two")
    assert quiet == [store.home] * 3


def test_tail_prints_the_end_of_the_log(byol, store):
    run = finished(store)
    (run.folder / "log.txt").write_text("one\ntwo\nthree  0 %\rthree 100 %\n")
    assert byol("tail", "done", "-n", "2")[1] == "two\nthree 100 %\n"
    assert byol("tail", "done", "-n", "1", "--follow")[1] == "three 100 %\n"
    assert json.loads(byol("tail", "done", "--json")[1])["lines"][0] == "one"


def test_delete_removes_a_run(byol, store):
    run = finished(store)
    assert json.loads(byol("delete", "done", "--json")[1]) == {"run_id": run.run_id, "name": "done", "deleted": True}
    assert store.runs() == []


# Training here


@pytest.fixture
def trained(monkeypatch):
    """Let ``byol train`` do this instead of the real training, of which there is a test below."""

    def replace(action):
        def train(config, folder, listener, *, resume=False):
            return action(listener) or Summary(False, 2, 1.0, 0.5, 9.0, 0.5, 0.8, 0.6, None, 0.9, 0.8, 20, 0.1, 10, 5)

        monkeypatch.setattr(worker, "_train", lambda _: train)

    return replace


def test_train_prints_one_object(byol, store, trained):
    trained(lambda listener: listener.note("a word for people"))
    status, out, err = byol("train", "--json", "--name", "mine")
    seen = json.loads(out)
    assert (status, seen["state"], seen["knn_accuracy"], seen["knn_pixels"]) == (0, "finished", 0.8, None)
    assert seen["run_id"] == store.get("mine").run_id
    assert "a word for people" in err


def test_train_ends_with_the_numbers(byol, trained):
    trained(lambda listener: None)
    out = byol("train")[1]
    assert re.search(r"kNN accuracy, test images +0.800", out)
    assert re.search(r"kNN on raw pixels +no labels", out)


def test_a_failed_training_is_exit_status_1_with_its_sentence(byol, store, trained):
    trained(lambda listener: 1 / 0)
    status, out, err = byol("train", "--json")
    assert (status, json.loads(out)["state"]) == (1, "failed")
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err


def test_images_that_do_not_do_leave_no_run(byol, store, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_text("this is text")
    status, out, err = byol("train", "--data", tmp_path / "photos")
    assert (status, out, store.runs()) == (2, "", [])
    assert "Traceback" not in err


def test_the_real_training_is_stopped_by_ctrl_c_and_resumed_by_the_real_supervisor(byol, store, tmp_path):
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
        wait_until(lambda: (runs := store.runs()) and runs[0].step > 3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    stopped = json.loads(out)
    assert (process.returncode, stopped["state"]) == (0, "stopped"), err
    assert 3 < stopped["steps"] < stopped["total_steps"]
    assert stopped["knn_accuracy"] is None  # a stopped run is not judged
    assert None not in (stopped["knn_untrained"], stopped["knn_pixels"], stopped["loss"])

    assert byol("resume", "mine")[0] == 0
    wait_until(lambda: store.get("mine").step > stopped["steps"])
    again = json.loads(byol("stop", "mine", "--json")[1])
    assert (again["state"], again["attempt"]) == ("stopped", 2)
    steps = [point[0] for point in store.series(again["run_id"], "loss")]
    assert steps == sorted(set(steps))
    os.kill(json.loads((store.home / "supervisor.json").read_text())["pid"], signal.SIGTERM)


def wait_until(condition, seconds=120.0):
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


# The machine and the dashboard


def test_doctor_looks_at_everything_and_says_what_fails(byol, monkeypatch):
    from byol_core.runs import doctor

    monkeypatch.setattr(doctor, "NEEDED", {"yaml": "pyyaml", "no_such_module": "no-such-package"})
    status, out, _ = byol("doctor", "--json")
    found = json.loads(out)
    checks = {check["name"]: check for check in found["checks"]}
    assert (status, found["ok"]) == (1, False)
    assert "No module named 'no_such_module'" in checks["package no-such-package"]["detail"]
    assert all(check["ok"] for name, check in checks.items() if name != "package no-such-package")
    assert found["machine"]["devices"]
    assert {"device", "home", "disk", "run store", "embedded images", "dashboard"} <= set(checks)


def test_the_dashboard_starts_where_its_settings_are(monkeypatch):
    command, folder = cli.dashboard_command(8765)
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert Path(command[4]).is_file()
    assert command[-2:] == ["--server.port", "8765"]
    assert (folder / ".streamlit" / "config.toml").is_file()


def test_help_names_every_command_and_needs_neither_torch_nor_streamlit():
    code = "import sys; from byol_core.cli import main\ntry: main(['--help'])\nfinally: print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout
    assert all(re.search(rf"^  {command} ", out, re.MULTILINE) for command in COMMANDS)
    assert not {"'torch'", "'streamlit'", "'pandas'", "'rich'"} & set(re.findall(r"'\w+'", out))


def test_the_version_is_printed(byol):
    import byol_core

    assert byol("--version")[:2] == (0, f"{byol_core.__version__}\n")
