"""The table of signs, and what is said of a run that is not well."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch

from byol_core import health
from byol_core.config import RunConfig, all_keys
from byol_core.health import signs

DEFAULT = RunConfig()
FALLING = {"std_ratio": 0.2, "projection_std_ratio": 0.2}
HEALTHY = {"std_ratio": 0.7, "projection_std_ratio": 0.7}


def test_the_signs_know_no_torch():
    code = "import sys; import byol_core.health.signs; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_every_sign_that_is_measured_has_its_meaning(generator):
    y = torch.randn(9, 4, generator=generator)
    measured = health.measure(y, y, views=(y, y), target=(y, y))
    assert {key for space in signs.SPACES for key in signs.keys(space)} == set(measured)
    for sign in signs.SIGNS.values():
        for text in (sign.sentence, sign.zero, sign.ideal, sign.alarm):
            assert text.endswith(".") and not text[0].islower()
        assert sign.source


def test_the_levels_of_alarm_are_one_level():
    """A mean cosine at its level leaves no more than the std ratio at its own, and that much uniformity at least."""
    cosine = signs.SIGNS["mean_cosine"].level
    assert math.sqrt(1 - cosine) == pytest.approx(signs.SIGNS["std_ratio"].level, abs=1e-3)
    assert -4 * (1 - cosine) == pytest.approx(signs.SIGNS["uniformity"].level, abs=1e-3)


@pytest.mark.parametrize(
    ("now", "first", "begins"),
    [
        (HEALTHY, HEALTHY, None),
        (FALLING, {}, "The representation and the projection are collapsing (std ratio 0.20 and 0.20; the alarm is"),
        ({"std_ratio": 0.2}, {"std_ratio": 0.15}, None),
        ({"std_ratio": 0.2}, {"std_ratio": 0.6}, "The representation is collapsing (std ratio from 0.60 to 0.20;"),
        ({"std_ratio": 0.05}, {"std_ratio": 0.6}, "The representation has collapsed (std ratio from 0.60 to 0.05;"),
        (
            HEALTHY | {"projection_std_ratio": 0.01},
            HEALTHY,
            "The projection has collapsed (std ratio from 0.70 to 0.01;",
        ),
        (
            {"std_ratio": 0.2, "projection_std_ratio": 0.01},
            HEALTHY,
            "The representation is collapsing and the projection has collapsed (std ratio from 0.70 to 0.20 and from",
        ),
        ({"std_ratio": math.nan}, HEALTHY, None),
        ({}, {}, None),
    ],
)
def test_a_run_is_flagged_when_its_spread_is_low_and_fell(now, first, begins):
    found = signs.verdict(now, first, DEFAULT)
    assert found is None if begins is None else found.text.startswith(begins)
    if found:
        assert " Likely cause: " in found.text and found.text.endswith(".") and "\n" not in found.text


@pytest.mark.parametrize(
    ("now", "kind", "space"),
    [
        ({"std_ratio": 0.2}, "collapsing", "representation"),
        (HEALTHY | {"projection_std_ratio": 0.01}, "collapsed", "projection"),
        ({"std_ratio": 0.2, "projection_std_ratio": 0.01}, "collapsed", "representation"),
    ],
)
def test_an_alarm_has_codes_for_what_it_is_about(now, kind, space):
    found = signs.verdict(now, HEALTHY, DEFAULT)
    assert (found.kind, found.space) == (kind, space)


@pytest.mark.parametrize(
    ("changes", "cause", "helps"),
    [
        ({"method.stop_gradient": False}, "stop_gradient is off", {"method.stop_gradient": True}),
        ({"method.predictor": "none"}, "no predictor", {"method.predictor": "mlp"}),
        ({"method.predictor": "frozen"}, "predictor does not learn", {"method.predictor": "mlp"}),
        ({"method.predictor_lr": 0.0}, "predictor_lr is 0", {"method.predictor_lr": 1.0}),
        ({"method.tau_base": 0.0}, "tau_base is 0", {"method.tau_base": 0.99}),
        ({"method.tau_base": 1.0}, "never moves", {"method.tau_base": 0.99}),
        ({"network.head_norm": "none"}, "without batch norm", {"network.head_norm": "batch"}),
        ({"optimizer.lr": 5.0}, "high for SGD (optimizer.lr is 5)", {"optimizer.lr": 0.5}),
        ({"views.preset": "none"}, "nearly the same (views.preset is none)", {"views.preset": "small-image"}),
        ({"views.strength": 0.1}, "views.strength is 0.1", {"views.strength": 1.0}),
        ({"views.crop": 0.0}, "views.crop is 0", {"views.crop": None}),
        ({}, "does not keep up", {"method.predictor_lr": 10.0}),
        ({"method.predictor_lr": 10.0}, "runs away", {"optimizer.lr": 0.02}),
        ({"method.objective": "vicreg", "method.variance": 0.0}, "variance is 0", {"method.variance": 25.0}),
        ({"method.objective": "simclr"}, "lower optimizer.lr", {"optimizer.lr": 0.02}),
        # A setting that the objective does not read is no cause.
        ({"method.objective": "simclr", "method.stop_gradient": False}, "lower optimizer.lr", {"optimizer.lr": 0.02}),
        ({"method.objective": "simsiam", "method.tau_base": 0.0}, "keep up", {"method.predictor_lr": 10.0}),
        # With negatives the bridge needs no predictor.
        ({"method.objective": "bridge", "method.predictor": "none"}, "keep up", {"method.predictor_lr": 10.0}),
        # Without stop-gradient or predictor it is SimCLR that is left.
        ({"method.objective": "bridge", "method.stop_gradient": False}, "keep up", {"method.predictor_lr": 10.0}),
        # What fails for certain is named before what may fail, and no more than two.
        (
            {"method.predictor": "none", "method.tau_base": 0.0, "views.strength": 0.1},
            "Likely causes: There is no predictor (method.predictor is none). The target is no slower",
            {"method.predictor": "mlp", "method.tau_base": 0.99},
        ),
        # The supervised baseline has no heads.
        ({"method.objective": "supervised", "network.head_norm": "none"}, "lower optimizer.lr", {"optimizer.lr": 0.02}),
        ({"network.encoder_norm": "none"}, "encoder without norm", {"network.encoder_norm": "batch"}),
    ],
)
def test_the_likely_cause_is_read_from_the_settings(changes, cause, helps):
    config = DEFAULT.changed(**changes)
    assert cause in signs.likely_cause(config, FALLING)
    assert signs.remedy(config, FALLING) == helps
    config.changed(**helps)


def test_a_run_without_projector_is_judged_by_its_representation():
    found = signs.verdict(FALLING, HEALTHY, DEFAULT.changed(**{"method.objective": "supervised"}))
    assert found.text.startswith("The representation is collapsing (std ratio from 0.70 to 0.20;")


def test_a_projection_that_falls_alone_is_told_apart():
    values = {"std_ratio": 0.8, "projection_std_ratio": 0.1}
    assert "projection_norm is off" in signs.likely_cause(DEFAULT, values)
    assert signs.remedy(DEFAULT, values) == {"network.projection_norm": True}


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"optimizer.lr": 100.0}, "lower optimizer.lr (100 is high for SGD)"),
        ({"optimizer.name": "adamw", "optimizer.lr": 0.06}, "lower optimizer.lr (0.06 is high for AdamW)"),
        ({"method.objective": "simclr", "method.temperature": 0.001}, "raise method.temperature (0.001"),
        ({"method.temperature": 0.001}, "lower optimizer.lr, or let it rise longer"),
        ({"runtime.precision": "bfloat16"}, "set runtime.precision to float32"),
        ({}, "lower optimizer.lr, or let it rise longer (optimizer.warmup)"),
    ],
)
def test_a_loss_that_is_not_a_number_comes_with_advice(changes, advice):
    said = signs.not_a_number(17, DEFAULT.changed(**changes))
    assert said.startswith(f"The loss was not a number at step 17; {advice}")


def test_every_setting_that_is_named_exists():
    """Words such as ``optimizer.lr`` in causes and advice are dotted keys of the configuration."""
    from pathlib import Path
    from re import findall

    from byol_core.health import causes

    sections = ("method", "network", "optimizer", "views", "runtime")
    text = Path(causes.__file__).read_text(encoding="utf-8")
    named = findall(rf"\b((?:{'|'.join(sections)})\.[a-z_]+) is|\"((?:{'|'.join(sections)})\.[a-z_]+)\"", text)
    assert len(named) > 10
    assert {a or b for a, b in named} <= set(all_keys())


@pytest.mark.parametrize("changes", [{}, {"method.predictor": "none", "views.strength": 0.1}, {"optimizer.lr": 5.0}])
def test_an_alarm_keeps_how_it_was_made(changes):
    """Whoever reads it from a file can say it in another language, with its cause and its numbers."""
    import json

    from byol_core.messages import Listing, Message, decode, encode

    config = DEFAULT.changed(**changes)
    for said in (signs.verdict(FALLING, HEALTHY, config).text, signs.not_a_number(17, config)):
        kept = json.loads(json.dumps(encode(said)))
        again = decode(str(said), kept)
        assert isinstance(again, Listing) and all(isinstance(sentence, Message) for sentence in again.items)
        assert encode(again) == kept
