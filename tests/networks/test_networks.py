"""Encoders have the shapes, sizes and layers that their descriptions promise."""

from typing import get_args

import pytest
import torch
from torch import nn

from byol_core.config import Encoder as EncoderName
from byol_core.config import NetworkConfig
from byol_core.networks import build_encoder


@pytest.mark.parametrize("name", get_args(EncoderName))
def test_every_encoder_gives_one_vector_an_image(name):
    encoder = build_encoder(NetworkConfig(encoder=name), 32).eval()
    assert encoder(torch.rand(2, 3, 32, 32)).shape == (2, encoder.feature_dim)


@pytest.mark.parametrize("side", [8, 28, 33, 96])
def test_conv_nets_take_any_size(side):
    encoder = build_encoder(NetworkConfig(encoder="conv-half"), side).eval()
    assert encoder(torch.rand(2, 3, side, side)).shape == (2, 256)


def test_the_tutorials_net_has_its_five_blocks():
    encoder = build_encoder(NetworkConfig(encoder="conv-tutorial"), 32)
    assert [m.out_channels for m in encoder.modules() if isinstance(m, nn.Conv2d)] == [64, 128, 256, 512, 512]


@pytest.mark.parametrize(
    ("side", "stem", "kernel"), [(32, "auto", 3), (96, "auto", 7), (96, "small", 3), (32, "imagenet", 7)]
)
def test_the_stem_of_a_resnet_follows_the_size_or_the_setting(side, stem, kernel):
    encoder = build_encoder(NetworkConfig(encoder="resnet18", stem=stem), side)
    assert encoder.body.conv1.kernel_size == (kernel, kernel)
    assert isinstance(encoder.body.maxpool, nn.Identity) == (kernel == 3)


def test_pooling_before_the_relu_changes_nothing(generator):
    encoder = build_encoder(NetworkConfig(encoder="conv-quarter"), 32)
    conv, norm, pool, relu = encoder.body[0]
    x = torch.randn(4, 3, 32, 32, generator=generator)
    assert torch.equal(encoder.body[0](x), pool(relu(norm(conv(x)))))


def test_an_encoder_normalizes_by_the_statistics_it_was_given(generator):
    encoder = build_encoder(NetworkConfig(encoder="conv-quarter"), 32)
    images = torch.randint(0, 256, (50, 3, 32, 32), dtype=torch.uint8, generator=generator)
    encoder.set_statistics(images)
    pixels = images.float() / 255
    assert torch.allclose(encoder.mean.flatten(), pixels.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(encoder.deviation.flatten(), pixels.std((0, 2, 3)), atol=1e-5)
