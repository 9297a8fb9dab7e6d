"""Encoders by name: the tutorial's five-block conv net, narrower ones, and torchvision's ResNets with either stem.

An encoder takes images in [0, 1]. Normalization by the mean and deviation of the training images is its first layer, so
nobody who loads the weights can forget it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from byol_core.config import NetworkConfig
from byol_core.errors import InputError
from byol_core.system import checks

# Channels of each block. A block is convolution, norm and ReLU, and halves the image by max-pooling or by its stride.
CONV_NETS: dict[str, tuple[int, ...]] = {
    "conv-tutorial": (64, 128, 256, 512, 512),
    "conv-half": (32, 64, 128, 256, 256),
    "conv-quarter": (16, 32, 64, 128, 128),
}
CLASSROOM = (64, 128, 256)  # channels of conv-classroom, whose blocks halve the image by their stride

Norm = Callable[[int], nn.Module]


def _group_norm(channels: int) -> nn.Module:
    """32 groups as in arXiv 1803.08494, or fewer in a narrow layer."""
    return nn.GroupNorm(math.gcd(32, channels), channels)


NORMS: dict[str, Norm] = {"batch": nn.BatchNorm2d, "group": _group_norm, "none": nn.Identity}


class Encoder(nn.Module):
    """Normalization, then the network: (B, 3, H, W), uint8 or floats in [0, 1] -> representation (B, feature_dim).

    Raises ArgumentError for anything else. The values of floats are only checked in evaluation mode on the CPU, so that
    neither a training step nor an accelerator has to wait.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, body: nn.Module, feature_dim: int) -> None:
        super().__init__()
        self.body = body
        self.feature_dim = feature_dim
        self.frozen = 0
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("deviation", torch.full((3, 1, 1), 0.25))

    def forward(self, images: Tensor) -> Tensor:
        """The representation, y in the paper."""
        checks.pictures("images", images, look=False)
        if not images.is_floating_point():
            images = images.float() / 255
        elif not self.training and checks.at_hand(images):
            checks.pictures("images", images)
        features: Tensor = self.body((images - self.mean) / self.deviation)
        return features

    def stages(self) -> list[list[nn.Module]]:
        """The stages, starting at the image: the blocks of a conv net, or the stem and the four layers of a ResNet."""
        body: Any = self.body
        if isinstance(body, nn.Sequential):
            # The pooling and flattening at the end are not stages.
            return [[block] for block in body if isinstance(block, nn.Sequential)]
        return [[body.conv1, body.bn1], [body.layer1], [body.layer2], [body.layer3], [body.layer4]]

    def freeze(self, stages: int) -> None:
        """Freeze the first stages, including their norms and running statistics, and unfreeze the others.

        A frozen norm uses its running statistics in training mode as well. InputError if there are fewer stages.
        """
        parts = self.stages()
        checks.whole("stages", stages, 0)
        if not 0 <= stages <= len(parts):
            raise InputError(
                "This encoder has {there} stages, so {stages} of them cannot be frozen.",
                setting="network.freeze",
                there=len(parts),
                stages=stages,
            )
        self.frozen = stages
        for number, part in enumerate(parts):
            for module in part:
                module.requires_grad_(number >= stages)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode, except for the frozen stages, which stay in evaluation mode."""
        super().train(mode)
        held = self.stages()[: self.frozen] if self.frozen else []
        for part in held:
            for module in part:
                module.eval()
        return self

    def set_statistics(self, images: Tensor) -> None:
        """Set mean and deviation per channel from images (N, 3, H, W) uint8, using at most 2,000 of them."""
        checks.pictures("images", images, look=False)
        if images.is_floating_point() or not len(images):
            raise checks.wrong("images", "a tensor of images (N, 3, H, W), uint8, one or more", images)
        sample = images[:: max(1, len(images) // 2000)].float() / 255
        self.mean.copy_(sample.mean((0, 2, 3))[:, None, None])
        # Images of a single color have no deviation to divide by.
        self.deviation.copy_(sample.std((0, 2, 3)).clamp(min=1e-3)[:, None, None])


def build_encoder(config: NetworkConfig, image_size: int) -> Encoder:
    """Build the encoder of the settings, initialized from torch's global generator; ``image_size`` is in pixels."""
    checks.kind("config", config, NetworkConfig, "a NetworkConfig, such as RunConfig().network")
    checks.whole("image_size", image_size)
    norm = NORMS[config.encoder_norm]
    if config.encoder.startswith("resnet"):
        return _resnet(config.encoder, config.small_stem(image_size), norm)
    if config.encoder == "conv-classroom":
        return _classroom(norm)
    channels = CONV_NETS[config.encoder]
    blocks = [_pooled_block(a, b, norm) for a, b in zip((3, *channels), channels, strict=False)]
    return Encoder(nn.Sequential(*blocks, *_average()), channels[-1])


def _average() -> tuple[nn.Module, nn.Module]:
    return nn.AdaptiveAvgPool2d(1), nn.Flatten()


def _convolution(inputs: int, outputs: int, stride: int, norm: Norm) -> nn.Conv2d:
    """A 3x3 convolution, without a bias if a norm follows, which would remove it."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=norm is nn.Identity)


def _pooled_block(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    """The tutorial's block. Pooling before the ReLU gives the same values, and the ReLU then costs a quarter."""
    return nn.Sequential(
        _convolution(inputs, outputs, 1, norm),
        norm(outputs),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.ReLU(inplace=True),
    )


def _strided_block(inputs: int, outputs: int, norm: Norm) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs, 2, norm), norm(outputs), nn.ReLU(inplace=True))


def _classroom(norm: Norm) -> Encoder:
    """Three strided convolutions.

    Deeper networks lose the texture that distinguishes satellite images before the average.
    """
    blocks = [_strided_block(a, b, norm) for a, b in zip((3, *CLASSROOM), CLASSROOM, strict=False)]
    return Encoder(nn.Sequential(*blocks, *_average()), CLASSROOM[-1])


def _resnet(name: str, small: bool, norm: Norm) -> Encoder:
    """torchvision's ResNet without its classifier, with He initialization.

    The authors' Haiku code draws a truncated normal with deviation 1 / sqrt(fan-in); batch norm removes the scale.
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
