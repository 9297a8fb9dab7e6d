"""The tutorial as a script: train on images without labels, then classify ten classes with only a few labels.

    python examples/tutorial.py                # a few minutes on two CPU cores
    python examples/tutorial.py --epochs 0.2   # the same, but shorter

BYOL (Bootstrap Your Own Latent, arXiv 2006.07733) is not contrastive: it has no negatives. The online network looks at
one view of an image and predicts what the target network, its own moving average, makes of another view of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import classification_report
from torch import Tensor

from byol_core import BYOLForImageClassification, ImageSet, LabError, build, load
from byol_core.events import SilentCallback
from byol_core.training.trainer import train

SIZE = 64  # pixels


def write_images(path: Path) -> None:
    """Write a plain array of images (N, H, W, 3) uint8 without labels, here those of the included set."""
    images = load("eurosat", SIZE)
    np.save(path, images.images[images.train].permute(0, 2, 3, 1).numpy())


def pretrain(images: Path, folder: Path, epochs: float) -> None:
    """Train BYOL on an array of images, with the five-block encoder and views by crop, flip and noise."""
    config = build(
        {},
        {
            "data.source": str(images),
            "data.image_size": 32,
            "views.preset": "tutorial-noise",
            "network.encoder": "conv-tutorial",
            "epochs": epochs,
            "batch_size": 64,
        },
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config.model_dump_json(indent=2))
    summary = train(config, folder, SilentCallback())
    print(f"BYOL: {summary.steps} steps, loss {summary.loss:.3f}, spread of the representation {summary.std_ratio:.2f}")


def few(images: ImageSet, count: int, generator: torch.Generator) -> Tensor:
    """The indices of ``count`` training images of each class, drawn at random."""
    assert images.labels is not None
    shuffled = images.train[torch.randperm(len(images.train), generator=generator)]
    labels = images.labels[shuffled]
    return torch.cat([shuffled[labels == number][:count] for number in range(len(images.class_names))])


def fine_tune(model: BYOLForImageClassification, pixels: Tensor, labels: Tensor, steps: int) -> None:
    """A plain loop: AdamW, batches of 32, every other one flipped; the encoder has a hundredth of the learning rate."""
    optimizer = torch.optim.AdamW(
        [{"params": model.encoder.parameters(), "lr": 1e-4}, {"params": model.classifier.parameters(), "lr": 1e-2}],
        weight_decay=0.05,
    )
    model.train()
    for step in range(steps):
        rows = torch.randint(len(pixels), (32,))
        batch = pixels[rows].flip(3) if step % 2 else pixels[rows]
        outputs = model(batch, labels=labels[rows])
        outputs.loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@torch.no_grad()
def report(model: BYOLForImageClassification, images: ImageSet) -> str:
    """scikit-learn's classification report on the test images."""
    assert images.labels is not None
    model.eval()
    parts = images.images[images.test].float().div(255).split(200)
    said = torch.cat([model(part).logits.argmax(1) for part in parts])
    return str(
        classification_report(images.labels[images.test], said, target_names=images.class_names, zero_division=0)
    )


def main() -> None:
    """Pretrain a small encoder on data.npy; then fine-tune the included one with ten labels per class, and test it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data.npy"), help="images without labels")
    parser.add_argument("--folder", type=Path, default=Path("tutorial-run"), help="folder for the pretrained encoder")
    parser.add_argument("--epochs", type=float, default=1.0, help="passes of BYOL over the images")
    parser.add_argument("--labels", type=int, default=10, help="labeled images per class")
    parser.add_argument("--steps", type=int, default=60, help="steps of fine-tuning")
    options = parser.parse_args()
    torch.manual_seed(0)

    if not options.data.exists():
        write_images(options.data)
    pretrain(options.data, options.folder, options.epochs)  # load it by from_pretrained(options.folder, num_labels=10)

    model = BYOLForImageClassification.from_pretrained("byol-tiny", num_labels=10)
    images = load("eurosat", SIZE)
    assert images.labels is not None
    rows = few(images, options.labels, torch.Generator().manual_seed(0))
    fine_tune(model, images.images[rows].float() / 255, images.labels[rows], options.steps)
    print(f"Fine-tuned with {len(rows)} labels, tested on {len(images.test)} images:\n")
    print(report(model, images))
    model.save_pretrained(options.folder / "classifier")


if __name__ == "__main__":
    try:
        main()
    except LabError as error:
        raise SystemExit(str(error)) from None
