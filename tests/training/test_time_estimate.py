"""The estimate comes from real steps, and its steps are those that a run would do."""

import io
import json

import pytest
import torch

from byol_core.config import build
from byol_core.data.imageset import ImageSet
from byol_core.system import threads
from byol_core.system.contention import Load
from byol_core.training import time_estimate
from byol_core.training.eval_images import EvalImages

CONFIG = {
    "network.encoder": "conv-classroom",
    "runtime.threads": 1,
    "epochs": 2,
    "batch_size": 32,
    "data.image_size": 16,
}


def test_steps_and_seconds_follow_from_the_settings():
    short = time_estimate.estimate(build({}, CONFIG), 1000)
    long = time_estimate.estimate(build({}, {**CONFIG, "epochs": 200}), 1000)
    assert short["total_steps"] == 2 * (900 // 32)
    assert long["total_steps"] == 100 * short["total_steps"]
    assert long["seconds"] > short["seconds"] > time_estimate.START_SECONDS
    assert short["images_per_second"] > 0


@pytest.mark.parametrize(("images", "bank"), [(400, 50_000), (400, 100), (400, 20)])
def test_an_evaluation_looks_at_as_many_images_as_in_a_run(images, bank):
    config = build({}, {**CONFIG, "evaluation.bank": bank, "data.validation": 0.1})
    pixels, n = torch.zeros(images * 5 // 4, 3, 16, 16, dtype=torch.uint8), torch.arange(images * 5 // 4)
    found = ImageSet("zeros", pixels, n % 2, ("a", "b"), n[:images], n[images:])
    eval_images = EvalImages(config.changed(**{"evaluation.probe_training": 0}), found, torch.device("cpu"))
    assert time_estimate.looked_at(config, images, images // 4) == len(eval_images.looked_at)


def test_a_large_set_costs_no_more_than_its_bank_at_each_evaluation():
    config = build({}, {**CONFIG, "evaluation.bank": 1000})
    few, many = (time_estimate.looked_at(config, images, test=2000) for images in (20_000, 2_000_000))
    assert few == many == 4000


def test_beside_others_fewer_threads_are_tried_as_a_run_does(monkeypatch):
    counts = []
    monkeypatch.setattr(time_estimate, "_synchronized", lambda stepper: counts.append(torch.get_num_threads()))
    monkeypatch.setattr(time_estimate.Meter, "read", lambda meter: Load(1.0, 0.5, 0.0))
    monkeypatch.setattr("byol_core.system.device.cores", lambda: 4)
    before = torch.get_num_threads()
    try:
        time_estimate.estimate(build({}, {**CONFIG, "runtime.threads": 0, "runtime.device": "cpu"}), 1000)
    finally:
        threads.use(before)
    assert list(dict.fromkeys(counts)) == [4, 2, 1]


@pytest.mark.parametrize(("source", "images", "test"), [("cifar10", 50_000, 10_000), ("my/photos", 400, 100)])
def test_the_test_images_are_those_of_the_set(source, images, test):
    assert time_estimate._test_images(build({}, {"data.source": source}), images) == test


def test_a_step_limit_counts():
    assert time_estimate.estimate(build({}, {**CONFIG, "steps": 7}), 1000)["total_steps"] == 7


@pytest.mark.parametrize(
    "changes", [{"method.objective": "supervised"}, {"method.objective": "nce"}, {"accumulate": 16}]
)
def test_whatever_can_be_trained_can_be_estimated(changes):
    assert time_estimate.estimate(build({}, {**CONFIG, **changes}), 1000)["seconds"] > time_estimate.START_SECONDS


@pytest.mark.parametrize(("text", "code"), [('{"epochs": 1}', 0), ('{"epochs": -1}', 2)])
def test_the_program_answers_in_json_or_in_one_sentence(monkeypatch, capsys, text, code):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    monkeypatch.setattr("sys.argv", ["estimate", "--images", "500"])
    assert time_estimate.main() == code
    out, err = capsys.readouterr()
    assert json.loads(out)["total_steps"] > 0 if code == 0 else "epochs" in err
