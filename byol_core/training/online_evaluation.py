"""Looks at a run on pictures that it does not learn from: kNN beside its baselines, the signs of health, the map.

The signs are measured on one fixed probe set, in evaluation mode: on the pictures themselves, and for what compares two
views on one fixed pair of views of each, so that the curve shows the network and not the draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from byol_core import health
from byol_core.augment import apply, draw, resolve
from byol_core.config import RunConfig
from byol_core.data.mapped import take
from byol_core.health import Vectors
from byol_core.methods import Branch, Method
from byol_core.networks.features import represent
from byol_core.system.device import autocast_dtype
from byol_core.training.eval_images import EvalImages, share
from byol_core.training.snapshot_writer import EmbeddingFolder, Look

_PAIRS = 256  # pictures whose two views are compared: the mean hardly moves with more, and the time does
_COMPARED = 128  # pictures that the target network is asked about


class OnlineEvaluation:
    """What is measured of one run, and where it is kept for the map."""

    def __init__(self, config: RunConfig, eval_images: EvalImages, folder: Path, device: torch.device) -> None:
        self.config, self.eval_images, self.device = config, eval_images, device
        self.dtype = autocast_dtype(config.runtime.precision, device)
        self.embeddings = EmbeddingFolder(folder / "embeddings", eval_images)
        self.baselines: dict[str, float | None] = {}  # on the test images
        self.right: dict[str, Tensor] = {}  # which of those each baseline names rightly
        self._live: dict[str, float | None] = {}  # the same on the validation images
        self.first: dict[str, float] = {}  # the signs before any learning
        self.latest: dict[str, float] = {}

    # The looks

    def before(self, method: Method, pulse: Callable[[], None]) -> Tensor:
        """Measure the two baselines, raw pixels and the encoder as it was drawn; what it made of the pictures."""
        eval_images, raw = self.eval_images, self.eval_images.pixels()
        features = eval_images.represent(method.online.encoder, pulse=pulse)
        found = {"knn_untrained": eval_images.on_test(features), "knn_pixels": eval_images.on_test(raw)}
        self.right = {name: right for name, right in found.items() if right is not None}
        self.baselines = {name: share(right) for name, right in found.items()}
        self._live = {
            "knn_untrained": eval_images.on_validation(features),
            "knn_pixels": eval_images.on_validation(raw),
        }
        return features

    def start(self, method: Method, pulse: Callable[[], None]) -> dict[str, float]:
        """The state before any learning: the two baselines, the first signs and the first map.

        A run that starts from pretrained weights has measured its baselines before it took them.
        """
        if self.baselines:
            features = self.eval_images.represent(method.online.encoder, pulse=pulse)
            accuracy = self.eval_images.on_validation(features)
        else:
            features = self.before(method, pulse)
            accuracy = self._live["knn_untrained"]
        self.embeddings.start()
        values = self._look(method, features, 0, 0.0, accuracy)
        self.first = dict(values)
        return values | _known(self._live)

    def look(self, method: Method, step: int, epoch: float) -> dict[str, float]:
        """The metrics of one evaluation."""
        features = self.eval_images.represent(method.online.encoder, self.dtype)
        return self._look(method, features, step, epoch, self.eval_images.on_validation(features))

    def final(self, method: Method) -> dict[str, Any]:
        """kNN accuracy and std ratios on the test images, in float32; None where there is nothing to judge by.

        Beside the accuracy, for each baseline, how many images only the run and only the baseline names rightly.
        """
        features = self.eval_images.represent(method.online.encoder)
        rows = self.eval_images.rows(features, self.eval_images.shown)
        spread, projection = health.std_ratio(rows), health.std_ratio(_project(method.online, rows))
        right = self.eval_images.on_test(features)
        if right is not None:
            self.embeddings.add_test({"knn_accuracy": right, **self.right})
        return {
            "knn_accuracy": share(right),
            "std_ratio": spread if math.isfinite(spread) else None,
            "projection_std_ratio": projection if math.isfinite(projection) else None,
            **self._discordant(right),
        }

    def _discordant(self, right: Tensor | None) -> dict[str, int]:
        """``knn_untrained_gained`` and ``_lost``, and of the pixels: images that one of the two alone got right."""
        counts = {}
        for name, before in self.right.items():
            if right is not None and len(before) == len(right):
                counts[f"{name}_gained"] = int((right & ~before).sum())
                counts[f"{name}_lost"] = int((before & ~right).sum())
        return counts

    def _look(
        self, method: Method, features: Tensor, step: int, epoch: float, accuracy: float | None
    ) -> dict[str, float]:
        eval_images, shown = self.eval_images, len(self.eval_images.shown)
        rows = eval_images.rows(features, eval_images.mapped)
        projection = _project(method.online, rows)
        test = rows[:shown], projection[:shown]  # what is said of the run is said of test images alone
        signs = self.signs(method, *test)
        names = ("spectrum_representation", "spectrum_projection")
        spectra = {name: health.spectrum(vectors) for name, vectors in zip(names, test, strict=True)}
        predicted = eval_images.predict(features)
        self.embeddings.add(Look(step, epoch, rows, projection, accuracy, spectra, predicted))
        self.latest = _known(signs)
        return self.latest | _known({"knn_accuracy": accuracy})

    # The signs of health

    def signs(self, method: Method, representation: Tensor, projection: Tensor) -> dict[str, float]:
        """Every sign, from the rows of the probe set and from two fixed views of some of its pictures."""
        first, second = (self._pair(method.online, view) for view in self._two_views())
        target = None
        if method.target is not None:
            target = self._pair(method.target, self._pictures(_COMPARED))
        return health.measure(representation, projection, first=first, views=second, target=target)

    def _two_views(self) -> tuple[Tensor, Tensor]:
        """The same two views of the same pictures at every look, uint8."""
        images = self._pictures(_PAIRS)
        source, side = (images.shape[2], images.shape[3]), self.config.views.size or images.shape[2]
        generator = torch.Generator(self.device).manual_seed(self.config.seed)
        drawn = draw(resolve(self.config.views), len(images), generator, source, (side, side))
        first, second = ((apply(images, one, (side, side)) * 255).round().byte() for one in drawn)
        return first, second

    def _pictures(self, count: int) -> Tensor:
        """The first pictures of the probe set, on the device, uint8."""
        return take(self.eval_images.images, self.eval_images.shown[:count]).to(self.device)

    def _pair(self, branch: Branch, view: Tensor) -> Vectors:
        rows = represent(branch.encoder, view, self.dtype)
        return rows, _project(branch, rows)

    # What a checkpoint keeps of it

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {"baselines": self.baselines, "right": self.right, "first": self.first, **self.embeddings.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on after a checkpoint."""
        self.baselines, self.first, self.right = state["baselines"], state["first"], state["right"]
        self.embeddings.resume(state)


@torch.no_grad()
def _project(branch: Branch, rows: Tensor) -> Tensor:
    """Projections of representations in evaluation mode, float32; the mode of the projector is put back."""
    was_training = branch.projector.training
    branch.projector.eval()
    projection: Tensor = branch.projector(rows).float()
    branch.projector.train(was_training)
    return projection


def _known(values: dict[str, float | None] | dict[str, float]) -> dict[str, float]:
    """What could be measured."""
    return {key: value for key, value in values.items() if value is not None and math.isfinite(value)}
