"""The estimate comes from real steps, and its steps are those that a run would do."""

import io
import json

import pytest

from byol_core import estimate
from byol_core.config import build

CONFIG = {
    "network.encoder": "conv-classroom",
    "runtime.threads": 1,
    "epochs": 2,
    "batch_size": 32,
    "data.image_size": 16,
}


def test_steps_and_seconds_follow_from_the_settings():
    short = estimate.estimate(build({}, CONFIG), 1000)
    long = estimate.estimate(build({}, {**CONFIG, "epochs": 200}), 1000)
    assert short["total_steps"] == 2 * (900 // 32)
    assert long["total_steps"] == 100 * short["total_steps"]
    assert long["seconds"] > short["seconds"] > estimate.START_SECONDS
    assert short["images_per_second"] > 0


def test_a_step_limit_counts():
    assert estimate.estimate(build({}, {**CONFIG, "steps": 7}), 1000)["total_steps"] == 7


@pytest.mark.parametrize(
    "changes", [{"method.objective": "supervised"}, {"method.objective": "nce"}, {"accumulate": 16}]
)
def test_whatever_can_be_trained_can_be_estimated(changes):
    assert estimate.estimate(build({}, {**CONFIG, **changes}), 1000)["seconds"] > estimate.START_SECONDS


@pytest.mark.parametrize(("text", "code"), [('{"epochs": 1}', 0), ('{"epochs": -1}', 2)])
def test_the_program_answers_in_json_or_in_one_sentence(monkeypatch, capsys, text, code):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    monkeypatch.setattr("sys.argv", ["estimate", "--images", "500"])
    assert estimate.main() == code
    out, err = capsys.readouterr()
    assert json.loads(out)["total_steps"] > 0 if code == 0 else "epochs" in err
