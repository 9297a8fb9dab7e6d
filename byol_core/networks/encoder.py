"""Encoders by name: the tutorial's five-block conv net and narrower ones, and torchvision's ResNets with either stem.

An encoder takes pictures in [0, 1]; the normalisation by the mean and deviation of the training images is its first
layer, so that whoever loads the weights cannot forget it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from byol_core.config import NetworkConfig

SMALL_SIDE = 64  # up to this many pixels a ResNet gets the small-image stem, as in the CIFAR experiments of the field

# Channels of each block. A block is convolution, norm, ReLU, and halves the picture, by max-pool or by its stride.
CONV_NETS: dict[str, tuple[int, ...]] = {
    "conv-tutorial": (64, 128, 256, 512, 512),
    "conv-half": (32, 64, 128, 256, 256),
    "conv-quarter": (16, 32, 64, 128, 128),
}


Norm = Callable[[int], nn.Module]


def _group_norm(channels: int) -> nn.Module:
    """As in arXiv 1803.08494: 32 groups, or fewer in a narrow layer."""
    return nn.GroupNorm(math.gcd(32, channels), channels)


NORMS: dict[str, Norm] = {"batch": nn.BatchNorm2d, "group": _group_norm, "none": nn.Identity}


class Encoder(nn.Module):
    """Normalise, then the network: (B, 3, H, W) in [0, 1] -> representation (B, feature_dim)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, body: nn.Module, feature_dim: int) -> None:
        super().__init__()
        self.body = body
        self.feature_dim = feature_dim
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("deviation", torch.full((3, 1, 1), 0.25))

    def forward(self, images: Tensor) -> Tensor:
        """The representation y of the paper."""
        features: Tensor = self.body((images - self.mean) / self.deviation)
        return features

    def set_statistics(self, images: Tensor) -> None:
        """Take mean and deviation per channel from images (N, 3, H, W) uint8; at most 2,000 of them are read."""
        sample = images[:: max(1, len(images) // 2000)].float() / 255
        self.mean.copy_(sample.mean((0, 2, 3))[:, None, None])
        self.deviation.copy_(sample.std((0, 2, 3)).clamp(min=1e-3)[:, None, None])


def build_encoder(config: NetworkConfig, image_size: int) -> Encoder:
    """The encoder that the settings name, initialised from torch's global generator."""
    norm = NORMS[config.encoder_norm]
    if config.encoder.startswith("resnet"):
        return _resnet(config.encoder, _small_stem(config.stem, image_size), norm)
    if config.encoder == "conv-classroom":
        return _classroom(norm)
    channels = CONV_NETS[config.encoder]
    blocks = [_pooled_block(a, b, norm) for a, b in zip((3, *channels), channels, strict=False)]
    return Encoder(nn.Sequential(*blocks, *_average()), channels[-1])


def _average() -> tuple[nn.Module, nn.Module]:
    return nn.AdaptiveAvgPool2d(1), nn.Flatten()


def _convolution(inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Conv2d:
    """3x3; its bias would be taken out again by a norm."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=norm is nn.Identity)


def _pooled_block(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """The tutorial's block. Pooling before the ReLU gives the same values and costs a quarter of the ReLU."""
    return nn.Sequential(
        _convolution(inputs, outputs, 1, norm),
        norm(outputs),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.ReLU(inplace=True),
    )


def _strided_block(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs, 2, norm), norm(outputs), nn.ReLU(inplace=True))


def _classroom(norm: Norm) -> Encoder:
    """Three strided convolutions. Deeper ones lose the texture that tells these pictures apart before the average."""
    channels = (64, 128, 256)
    blocks = [_strided_block(a, b, norm) for a, b in zip((3, *channels), channels, strict=False)]
    return Encoder(nn.Sequential(*blocks, *_average()), channels[-1])


def _small_stem(stem: str, image_size: int) -> bool:
    return stem == "small" or (stem == "auto" and image_size <= SMALL_SIDE)


def _resnet(name: str, small: bool, norm: Norm) -> Encoder:
    """torchvision's ResNet without its classifier; its initialisation is He's.

    The authors' Haiku draws a truncated normal of deviation 1 / sqrt(fan-in); batch norm takes the scale out.
    """
    from torchvision import models

    body = models.get_model(name, weights=None, norm_layer=norm)
    feature_dim = body.fc.in_features
    body.fc = nn.Identity()
    if small:  # 3x3, stride 1, padding 1, no max-pool: the CIFAR stem
        body.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        nn.init.kaiming_normal_(body.conv1.weight, mode="fan_out", nonlinearity="relu")
        body.maxpool = nn.Identity()
    return Encoder(body, feature_dim)
