"""Who is judged on features that stay as they are: the encoder, the untrained one, raw pixels and colors."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from byol_core.evaluation import features
from byol_core.evaluation.protocol import Subject
from byol_core.evaluation.task import Question
from byol_core.jobs.context import Told
from byol_core.networks import Encoder
from byol_core.weights.encoder_files import untrained

STILL: tuple[Subject, ...] = ("trained", "untrained", "pixels", "colour")


class Features:
    """The features of the images that a question is about, by their rows in the set, on the device."""

    def __init__(self, rows: Tensor, values: Tensor) -> None:
        self._rows, self._values = rows, values

    def __call__(self, rows: Tensor) -> Tensor:
        """(n, D) float32 of rows (n,) int64."""
        return self._values[torch.searchsorted(self._rows, rows).to(self._values.device)]


def features_of(subject: Subject, trained: Encoder, question: Question, progress: Told) -> Features:
    """What a subject knows of the labeled and the test images. ``trained`` lies on the question's device."""
    rows = torch.cat([question.labeled, question.test]).sort().values
    images = question.images
    if subject in ("pixels", "colour"):
        plain = features.of_pixels if subject == "pixels" else features.of_colors
        return Features(rows, plain(images, rows, progress).to(question.device))
    encoder = encoder_of(subject, trained, question)
    return Features(rows, features.checked(features.of_encoder(encoder, images, rows, progress)))


def encoder_of(subject: Subject, trained: Encoder, question: Question) -> Encoder:
    """The encoder of a subject, on the question's device, in evaluation mode."""
    if subject == "trained":
        return trained
    return untrained(question.config, question.set).to(question.device).to(memory_format=torch.channels_last)


def extract(subject: Subject, encoder: Encoder) -> Callable[[Tensor], Tensor]:
    """What makes features (B, D) of pictures (B, 3, H, W) in [0, 1] on the device."""
    if subject == "pixels":
        return features.shrunk
    return features.histogram if subject == "colour" else encoder
