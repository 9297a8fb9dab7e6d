"""What an evaluation measures: every sign of both vectors, on views that stay the same, and the alarm at a fall."""

import math
from pathlib import Path

import pytest
import torch

from byol_core.config import RunConfig, build
from byol_core.data.catalog import load
from byol_core.methods import Method, build_method
from byol_core.training.eval_images import EvalImages
from byol_core.training.online_evaluation import OnlineEvaluation
from byol_core.training.trainer import train
from tests.training.test_trainer import TINY, Recorder

SIGNS = {"std_ratio", "mean_cosine", "rankme", "participation", "alignment", "uniformity", "cross_view_cosine"}


def judged(folder: Path, **changes: object) -> tuple[OnlineEvaluation, Method, RunConfig]:
    config = build({}, {**TINY, **changes})
    eval_images = EvalImages(config, load("eurosat", 16, limit=240), torch.device("cpu"))
    torch.manual_seed(0)
    return (
        OnlineEvaluation(config, eval_images, folder, torch.device("cpu")),
        build_method(config, images=216, classes=10),
        config,
    )


@pytest.mark.parametrize(("objective", "target"), [("byol", True), ("simclr", False)])
def test_every_sign_is_measured_of_representation_and_projection(tmp_path, objective, target):
    online_evaluation, method, _ = judged(tmp_path, **{"method.objective": objective})
    values = online_evaluation.start(method, lambda: None)
    expected = SIGNS | ({"target_cosine"} if target else set())
    assert expected | {f"projection_{sign}" for sign in expected} <= set(values)
    assert all(math.isfinite(value) for value in values.values())
    assert {"knn_accuracy", "knn_untrained", "knn_pixels"} <= set(values)


def test_the_target_starts_where_the_online_network_is(tmp_path):
    online_evaluation, method, _ = judged(tmp_path)
    assert online_evaluation.start(method, lambda: None)["target_cosine"] == pytest.approx(1, abs=1e-5)


def test_two_looks_at_the_same_network_are_the_same(tmp_path):
    online_evaluation, method, _ = judged(tmp_path)
    online_evaluation.start(method, lambda: None)
    assert online_evaluation.look(method, 1, 0.1) == online_evaluation.look(method, 2, 0.2)


def test_a_look_leaves_the_networks_as_they_were(tmp_path):
    online_evaluation, method, _ = judged(tmp_path)
    method.train()
    before = {key: value.clone() for key, value in method.state_dict().items()}
    online_evaluation.start(method, lambda: None)
    assert all(module.training for module in method.modules())
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())


def test_a_run_without_stop_gradient_raises_the_alarm_while_its_loss_looks_well(tmp_path):
    heard = Recorder()
    collapse = {"method.stop_gradient": False, "optimizer.lr": 1.0, "optimizer.warmup": 0.0, "epochs": 20}
    train(build({}, {**TINY, **collapse, "evaluation.every": 10}), tmp_path, heard)
    assert heard.alarms[-1] is not None
    assert "method.stop_gradient is off" in heard.alarms[-1].text
    assert heard.values("projection_std_ratio")[120] < 0.3
    assert heard.values("loss")[120] < 0.5


def test_a_healthy_run_raises_none(tmp_path):
    heard = Recorder()
    train(build({}, {**TINY, "epochs": 5}), tmp_path, heard)
    assert set(heard.alarms) == {None}
