"""Projectors and predictors have the layers and sizes of their papers, and the settings override them."""

import math
from typing import get_args

import pytest
import torch
from torch import nn

from byol_core.config import NetworkConfig
from byol_core.config.method import PREDICTIVE, WITH_HEAD_NORM, WITH_PROJECTOR, Objective
from byol_core.losses import byol_loss
from byol_core.networks import build_head, build_predictor, build_projector, projection_size

PAPER = NetworkConfig(projector_hidden=4096, predictor_hidden=4096, projection_size=256)
B, R = "norm", "relu"


def shape(head: nn.Module) -> list[object]:
    """Linear layers as (inputs, outputs, bias), norms as 'norm' or 'plain norm' (without scale and shift), ReLUs."""
    found: list[object] = []
    for layer in head.children():
        if isinstance(layer, nn.Linear):
            found.append((layer.in_features, layer.out_features, layer.bias is not None))
        elif isinstance(layer, nn.BatchNorm1d):
            found.append(B if layer.affine else "plain norm")
        elif isinstance(layer, nn.ReLU):
            found.append(R)
    return found


def test_byols_heads_are_the_papers():
    """arXiv 2006.07733, §3.3, and byol/utils/networks.py of the authors: no bias and no norm at the end."""
    assert shape(build_projector(PAPER, "byol", 2048)) == [(2048, 4096, True), B, R, (4096, 256, False)]
    assert shape(build_predictor(PAPER, "byol", 256)) == [(256, 4096, True), B, R, (4096, 256, False)]


@pytest.mark.parametrize("objective", WITH_HEAD_NORM)
def test_norms_have_the_papers_epsilon_and_decay(objective):
    """byol/configs/byol.py: decay 0.9, which is torch's momentum 0.1, and epsilon 1e-5."""
    norms = [m for m in build_projector(NetworkConfig(), objective, 32).modules() if isinstance(m, nn.BatchNorm1d)]
    assert norms
    assert {(norm.eps, norm.momentum, norm.track_running_stats) for norm in norms} == {(1e-5, 0.1, True)}


EXPECTED = {
    "byol": [(512, 1024, True), B, R, (1024, 256, False)],
    "bridge": [(512, 1024, True), B, R, (1024, 256, False)],
    # facebookresearch/simsiam builder.py
    "simsiam": [(512, 2048, False), B, R, (2048, 2048, False), B, R, (2048, 2048, False), "plain norm"],
    "simclr": [(512, 512, True), B, R, (512, 128, False)],
    "triplet": [(512, 512, True), B, R, (512, 128, False)],
    "moco": [(512, 512, True), R, (512, 128, True)],  # facebookresearch/moco builder.py, mlp=True
    "nce": [(512, 128, True)],
    # facebookresearch/barlowtwins main.py and facebookresearch/vicreg main_vicreg.py, at 2048
    "barlow-twins": [(512, 2048, False), B, R, (2048, 2048, False), B, R, (2048, 2048, False)],
    "vicreg": [(512, 2048, True), B, R, (2048, 2048, True), B, R, (2048, 2048, False)],
    "supervised": [],
}


@pytest.mark.parametrize("objective", get_args(Objective))
def test_every_objective_has_its_own_projector(objective):
    assert shape(build_projector(NetworkConfig(), objective, 512)) == EXPECTED[objective]


def test_simsiams_predictor_is_a_bottleneck_ending_with_a_bias():
    head = build_predictor(NetworkConfig(), "simsiam", 2048)
    assert shape(head) == [(2048, 512, False), B, R, (512, 2048, True)]


@pytest.mark.parametrize("objective", WITH_PROJECTOR)
def test_widths_that_are_asked_for_win(objective):
    network = NetworkConfig(projector_hidden=40, projection_size=24)
    linear = [layer for layer in shape(build_projector(network, objective, 32)) if isinstance(layer, tuple)]
    assert linear[0][:2] == (32, 40)
    assert linear[-1][:2] == (40, 24)
    assert projection_size(network, objective, 32) == 24


@pytest.mark.parametrize("objective", PREDICTIVE)
def test_the_predictors_width_can_be_asked_for(objective):
    assert shape(build_predictor(NetworkConfig(predictor_hidden=40), objective, 24))[0][:2] == (24, 40)


@pytest.mark.parametrize("objective", WITH_PROJECTOR)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_none_takes_every_norm_out(objective, at_the_end):
    network = NetworkConfig(head_norm="none", projection_norm=at_the_end)
    heads = [build_projector(network, objective, 32)]
    if objective in PREDICTIVE:
        heads.append(build_predictor(network, objective, 24))
    layers = [layer for head in heads for layer in shape(head)]
    assert B not in layers
    assert "plain norm" not in layers
    hidden = [layer for layer in shape(heads[0])[:-1] if isinstance(layer, tuple)]
    assert all(bias for _, _, bias in hidden)


def test_projection_norm_centers_byols_projection(generator):
    head = build_projector(NetworkConfig(projection_norm=True), "byol", 32)
    assert shape(head)[-1] == "plain norm"
    z = head(torch.randn(64, 32, generator=generator))
    assert torch.allclose(z.mean(0), torch.zeros(256), atol=1e-5)


def test_parameters_keep_the_names_of_older_checkpoints():
    names = set(build_head(8, 16, 4).state_dict())
    assert {"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "3.weight"} <= names
    assert (
        not names
        - {f"{i}.{n}" for i in "013" for n in ("weight", "bias")}
        - {
            "1.running_mean",
            "1.running_var",
            "1.num_batches_tracked",
        }
    )


def test_weights_start_uniform_with_torchs_default_variance():
    torch.manual_seed(0)
    for layer in (build_head(512, 1024, 256)[0], build_head(512, 1024, 256)[3]):
        limit = 1 / math.sqrt(layer.in_features)
        assert float(layer.weight.detach().abs().max()) <= limit
        assert float(layer.weight.detach().std()) == pytest.approx(limit / math.sqrt(3), rel=0.01)


def test_the_initialization_scale_does_not_affect_the_loss(generator):
    """So it does not matter that the authors' Haiku draws another distribution."""
    head = build_head(32, 64, 16).double()
    x, target = (torch.randn(24, n, generator=generator, dtype=torch.float64) for n in (32, 16))
    before = float(byol_loss(head(x), target).detach())
    with torch.no_grad():
        head[0].weight.mul_(7), head[0].bias.add_(3), head[3].weight.mul_(5)
    assert float(byol_loss(head(x), target).detach()) == pytest.approx(before, abs=1e-4)  # epsilon of the norm
