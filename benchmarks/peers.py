"""The other implementations of BYOL, driven as their documentation says, with one backbone and equal heads.

Every loop has ``whole()``, one training step with its views; ``alone()``, the same step on views made before; and
``finish()``, which lets its workers go. All use SGD with momentum 0.9 and weight decay 5e-4, crop, mirror, the paper's
color changes, solarization of one view, and no blur, as their recipes for small images have it; byol-pytorch keeps
the views that are its default. Whatever else differs is their own.

* lightly: the BYOL example of its documentation (docs.lightly.ai/examples/byol.html), DataLoader and PIL transforms.
  ``tuned`` adds by hand what an expert would: channels-last and bfloat16 autocast.
* solo-learn: its PyPI release pins a Lightning of 2021 that no longer runs, so its own modules are driven in the order
  of its ``training_step``: CIFAR transforms and loader, online classifier with its accuracy, BYOL loss, deviation,
  momentum updater. Without the Trainer it is a little faster than its users see it. Channels-last, which its releases
  since have by default, is added.
* byol-pytorch: the README's loop, simplicial embeddings off. It makes its views of the whole batch at once, with one
  draw for all images, in the training process.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

PIXELS = NDArray[np.uint8]
MOMENTUM, WEIGHT_DECAY, TAU = 0.9, 5e-4, 0.99


@dataclass
class Work:
    """The same task for every loop: pixels (N, H, W, 3) uint8, labels (N,), a backbone for images of that side."""

    pixels: PIXELS
    labels: list[int]
    backbone: nn.Module
    features: int
    batch: int
    hidden: int = 4096
    size: int = 256
    side: int = 32
    lr: float = 0.06
    workers: int = 2


class Pictures(Dataset[Any]):
    """As torchvision's CIFAR10 gives them: a PIL image through the transform, and its label."""

    def __init__(self, pixels: PIXELS, labels: list[int], transform: Callable[[Image.Image], Any]) -> None:
        self.pixels, self.labels, self.transform = pixels, labels, transform

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def endless(loader: DataLoader[Any]) -> Iterator[Any]:
    """Epoch after epoch, as a training loop goes through its loader."""
    while True:
        yield from loader


class Standard(nn.Module):
    """The normalization at the end of lightly's transforms, for images (B, 3, H, W) in [0, 1] that had none."""

    def forward(self, images: Tensor) -> Tensor:
        """ImageNet's mean and deviation."""
        from lightly.transforms.utils import IMAGENET_NORMALIZE

        mean, std = (images.new_tensor(IMAGENET_NORMALIZE[key]).view(3, 1, 1) for key in ("mean", "std"))
        return (images - mean) / std


class Lightly:
    """lightly's documented PyTorch example."""

    def __init__(self, work: Work) -> None:
        from lightly.loss import NegativeCosineSimilarity
        from lightly.models.modules import BYOLPredictionHead, BYOLProjectionHead
        from lightly.models.utils import deactivate_requires_grad, update_momentum

        self.backbone = work.backbone
        self.projection_head = BYOLProjectionHead(work.features, work.hidden, work.size)
        self.prediction_head = BYOLPredictionHead(work.size, work.hidden, work.size)
        self.backbone_momentum = copy.deepcopy(self.backbone)
        self.projection_head_momentum = copy.deepcopy(self.projection_head)
        deactivate_requires_grad(self.backbone_momentum)
        deactivate_requires_grad(self.projection_head_momentum)
        self.update_momentum, self.criterion = update_momentum, NegativeCosineSimilarity()
        trained = nn.ModuleList([self.backbone, self.projection_head, self.prediction_head])
        self.optimizer = torch.optim.SGD(trained.parameters(), lr=work.lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
        self.batches = endless(self.loader(work))
        self.held: tuple[Tensor, Tensor] | None = None

    def loader(self, work: Work) -> DataLoader[Any]:
        """Its transforms for small images, in its loader."""
        from lightly.transforms.byol_transform import BYOLTransform, BYOLView1Transform, BYOLView2Transform

        transform = BYOLTransform(
            view_1_transform=BYOLView1Transform(input_size=work.side, gaussian_blur=0.0),
            view_2_transform=BYOLView2Transform(input_size=work.side, gaussian_blur=0.0),
        )
        pictures = Pictures(work.pixels, work.labels, transform)
        return DataLoader(pictures, batch_size=work.batch, shuffle=True, drop_last=True, num_workers=work.workers)

    def whole(self) -> Tensor:
        """One step, views included."""
        (x0, x1), _ = next(self.batches)
        self.held = (x0, x1)
        return self.step(x0, x1)

    def alone(self) -> Tensor:
        """One step on the last views."""
        assert self.held is not None
        return self.step(*self.held)

    def step(self, x0: Tensor, x1: Tensor) -> Tensor:
        """The body of its loop."""
        self.update_momentum(self.backbone, self.backbone_momentum, m=TAU)
        self.update_momentum(self.projection_head, self.projection_head_momentum, m=TAU)
        with self.precision():
            p0, z0 = self.forward(x0), self.forward_momentum(x0)
            p1, z1 = self.forward(x1), self.forward_momentum(x1)
            loss: Tensor = 0.5 * (self.criterion(p0, z1) + self.criterion(p1, z0))
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def precision(self) -> AbstractContextManager[Any]:
        """float32."""
        return nullcontext()

    def forward(self, x: Tensor) -> Tensor:
        """Online: backbone, projection, prediction."""
        y = self.backbone(x).flatten(start_dim=1)
        prediction: Tensor = self.prediction_head(self.projection_head(y))
        return prediction

    def forward_momentum(self, x: Tensor) -> Tensor:
        """Target: backbone, projection, detached."""
        y = self.backbone_momentum(x).flatten(start_dim=1)
        projection: Tensor = self.projection_head_momentum(y).detach()
        return projection

    def finish(self) -> None:
        """Let the workers go."""
        del self.batches


class Tuned(Lightly):
    """lightly's loop with channels-last and, where the hardware has it, bfloat16 autocast added by hand."""

    def __init__(self, work: Work) -> None:
        from byol_core.system.device import has_bfloat16

        super().__init__(work)
        self.bf16 = has_bfloat16(torch.device("cpu"))
        for module in (self.backbone, self.backbone_momentum):
            module.to(memory_format=torch.channels_last)

    def step(self, x0: Tensor, x1: Tensor) -> Tensor:
        """As the example, with the views in channels-last."""
        last = torch.channels_last
        return super().step(x0.contiguous(memory_format=last), x1.contiguous(memory_format=last))

    def precision(self) -> AbstractContextManager[Any]:
        """bfloat16 for what autocast computes in it."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self.bf16)


class SoloLearn:
    """solo-learn's modules in the order of its ``BYOL.training_step`` and ``on_train_batch_end``."""

    def __init__(self, work: Work) -> None:
        self.byol_loss = _solo("losses/byol").byol_loss_func
        self.accuracy = _solo("utils/metrics").accuracy_at_k
        momentum = _solo("utils/momentum")
        last = torch.channels_last
        self.encoder = work.backbone.to(memory_format=last)
        self.momentum_encoder = copy.deepcopy(self.encoder)
        self.projector, self.momentum_projector = (self.head(work.features, work) for _ in range(2))
        self.predictor = self.head(work.size, work)
        self.classifier = nn.Linear(work.features, max(work.labels) + 1)
        self.pairs = [(self.encoder, self.momentum_encoder), (self.projector, self.momentum_projector)]
        for online, target in self.pairs:
            momentum.initialize_momentum_params(online, target)
        self.updater, self.done = momentum.MomentumUpdater(TAU, 1.0), 0
        groups: list[dict[str, Any]] = [
            {"params": m.parameters()} for m in (self.encoder, self.projector, self.predictor)
        ]
        groups.append({"params": self.classifier.parameters(), "lr": 0.1, "weight_decay": 0})
        self.optimizer = torch.optim.SGD(groups, lr=work.lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
        self.batches = endless(self.loader(work))
        self.held: Any = None

    @staticmethod
    def head(inputs: int, work: Work) -> nn.Sequential:
        """Its projector and predictor."""
        return nn.Sequential(
            nn.Linear(inputs, work.hidden),
            nn.BatchNorm1d(work.hidden),
            nn.ReLU(),
            nn.Linear(work.hidden, work.size),
        )

    @staticmethod
    def loader(work: Work) -> DataLoader[Any]:
        """Its CIFAR-10 recipe for BYOL: solarization in the second view, no blur."""
        data = _solo("utils/pretrain_dataloader")
        jitter = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.2, "hue": 0.1}
        views = [
            data.prepare_transform(
                "cifar10", **jitter, gaussian_prob=0.0, solarization_prob=solarize, crop_size=work.side
            )
            for solarize in (0.0, 0.2)
        ]
        transform = data.prepare_n_crop_transform(views, num_crops_per_aug=[1, 1])
        pictures = data.dataset_with_index(Pictures)(work.pixels, work.labels, transform)
        loader: DataLoader[Any] = data.prepare_dataloader(pictures, batch_size=work.batch, num_workers=work.workers)
        return loader

    def whole(self) -> Tensor:
        """One step, views included."""
        self.held = next(self.batches)
        return self.alone()

    def alone(self) -> Tensor:
        """One step on the last views."""
        _, crops, targets = self.held
        feats, class_loss = self.online([x.to(memory_format=torch.channels_last) for x in crops], targets)
        with torch.no_grad():
            targets_z = [self.momentum_projector(self.momentum_encoder(x)) for x in crops]
        z = [self.projector(f) for f in feats]
        p = [self.predictor(each) for each in z]
        loss = class_loss + self.byol_loss(p[1], targets_z[0]) + self.byol_loss(p[0], targets_z[1])
        with torch.no_grad():
            F.normalize(torch.stack(z), dim=-1).std(dim=1).mean()  # what it logs at each step
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.update()
        return torch.as_tensor(loss).detach()

    def online(self, crops: list[Tensor], targets: Tensor) -> tuple[list[Tensor], Tensor]:
        """Features of both views, and the loss of the classifier that learns beside."""
        feats = [self.encoder(x) for x in crops]
        logits = [self.classifier(f.detach()) for f in feats]
        losses = [F.cross_entropy(each, targets, ignore_index=-1) for each in logits]
        for each in logits:
            self.accuracy(each, targets, top_k=(1, min(5, each.size(1))))
        return feats, torch.stack(losses).mean()

    def update(self) -> None:
        """The moving average, at the end of the batch."""
        for online, target in self.pairs:
            self.updater.update(online, target)
        self.done += 1
        self.updater.update_tau(cur_step=self.done, max_steps=1_000_000)

    def finish(self) -> None:
        """Let the workers go."""
        del self.batches


class ByolPytorch:
    """byol-pytorch's README, on batches drawn from an array that is already a tensor."""

    def __init__(self, work: Work) -> None:
        from byol_pytorch import BYOL

        self.learner = BYOL(
            work.backbone,
            image_size=work.side,
            hidden_layer=-1,
            projection_size=work.size,
            projection_hidden_size=work.hidden,
            moving_average_decay=TAU,
            use_simplicial_embeddings=False,
        )
        trained = (p for p in self.learner.parameters() if p.requires_grad)
        self.optimizer = torch.optim.SGD(trained, lr=work.lr, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
        self.pixels, self.batch = torch.from_numpy(work.pixels).permute(0, 3, 1, 2).contiguous(), work.batch
        self.transforms = (self.learner.augment1, self.learner.augment2)
        self.images = torch.empty(0)

    def whole(self) -> Tensor:
        """One step, views included."""
        self.learner.augment1, self.learner.augment2 = self.transforms
        rows = torch.randint(len(self.pixels), (self.batch,))
        self.images = self.pixels[rows].float() / 255
        return self.step()

    def alone(self) -> Tensor:
        """One step on given views."""
        self.learner.augment1 = self.learner.augment2 = nn.Identity()
        return self.step()

    def step(self) -> Tensor:
        """The body of the README's loop."""
        loss: Tensor = self.learner(self.images)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.learner.update_moving_average()
        return loss.detach()

    def finish(self) -> None:
        """It has no workers."""


Loop = Lightly | SoloLearn | ByolPytorch
LOOPS: dict[str, Callable[[Work], Loop]] = {
    "lightly": Lightly,
    "lightly tuned": Tuned,
    "solo-learn": SoloLearn,
    "byol-pytorch": ByolPytorch,
}
MODULES = {"lightly": "lightly", "lightly tuned": "lightly", "solo-learn": "solo", "byol-pytorch": "byol_pytorch"}


def _solo(name: str) -> ModuleType:
    """One file of solo-learn: importing the package as a whole would need the Lightning that it pins."""
    module = f"solo_{Path(name).name}"
    if module not in sys.modules:
        package = find_spec("solo")
        assert package is not None and package.submodule_search_locations
        found = spec_from_file_location(module, Path(package.submodule_search_locations[0]) / f"{name}.py")
        assert found is not None and found.loader is not None
        sys.modules[module] = module_from_spec(found)
        found.loader.exec_module(sys.modules[module])
    return sys.modules[module]
