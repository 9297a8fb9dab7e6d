"""Both views of a batch alone: BYOL Lab beside lightly, torchvision and kornia, in images/s.

    python benchmarks/views.py [--cifar cifar10.npz] [--rounds 5] [--quick] [--json] [--write]
    python benchmarks/views.py --device cuda      (the tensor form, plain and compiled, beside kornia)

From uint8 images in memory to two float batches. In a round every contender takes a turn, in a process of its own;
figures are medians over rounds, ratios are taken within a round. Nobody normalizes. lightly and torchvision work image
by image, and so give each its own parameters; kornia draws them for each image of a batch, but one order of the color
operations for all. All crop, mirror, jitter, gray and solarize as Table 6 of the paper says, and `blur` adds its blur;
the peers interpolate as they do when not asked, bilinearly, which is less work than the paper's bicubic.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import (
    Requirement,
    counted,
    describe,
    disturbance,
    guarded,
    heading,
    images,
    in_turn,
    installed,
    middle,
    named,
    need,
    of,
    parser,
    ratios,
    requirements_table,
    say,
    show,
    spread,
    table,
)
from turns import answer, turn

OURS = "byol-lab"
ONE_THREAD, TENSORS, COMPILED = f"{OURS}, 1 thread", f"{OURS}, tensors", f"{OURS}, tensors compiled"
BLUR, CLASSROOM = f"{OURS}, blur", f"{OURS}, 24 px of 64, satellite"
LIGHTLY, LIGHTLY_2, LIGHTLY_BLUR = "lightly", "lightly, 2 workers", "lightly, blur"
KORNIA, KORNIA_BLUR, TORCHVISION = "kornia", "kornia, blur", "torchvision v2"
ON_CPU = (OURS, ONE_THREAD, BLUR, CLASSROOM, LIGHTLY, LIGHTLY_2, LIGHTLY_BLUR, TORCHVISION, KORNIA, KORNIA_BLUR)
ON_DEVICE = (TENSORS, COMPILED, KORNIA)
PACKAGES = {LIGHTLY: "lightly", LIGHTLY_2: "lightly", LIGHTLY_BLUR: "lightly", KORNIA: "kornia", KORNIA_BLUR: "kornia"}
# Ours, whom, and at least so many times as many images a second in the median of the rounds; None: shown only.
RATIOS = (
    (OURS, LIGHTLY, 25.0),
    (OURS, LIGHTLY_2, 12.0),
    (OURS, KORNIA, 4.0),
    (OURS, TORCHVISION, None),
    (ONE_THREAD, LIGHTLY, None),
    (BLUR, LIGHTLY_BLUR, None),
    (BLUR, KORNIA_BLUR, None),
    (TENSORS, KORNIA, None),
    (COMPILED, KORNIA, None),
)
SIDE, CLASSROOM_SIDE = 32, 64
Rounds = list[dict[str, dict[str, Any]]]
Step = Callable[[], int]  # makes some views and says of how many images


# In a turn's own process


def take_turn(task: dict[str, Any]) -> dict[str, Any]:
    """Images/s of one contender."""
    import numpy as np
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1 if task["who"] == ONE_THREAD else task["threads"])
    side = CLASSROOM_SIDE if task["who"] == CLASSROOM else SIDE
    step = _contender(task, np.load(task["images"])[f"side_{side}"])
    started = time.perf_counter()
    step()
    first = time.perf_counter() - started
    return {"speed": speed(step, task), "first": round(first, 2)}


def speed(step: Step, task: Mapping[str, Any]) -> float:
    """Images a second over the task's seconds, and over three calls at least."""
    wait = _waiter(task["device"])
    step()
    wait()
    started, count, calls = time.perf_counter(), 0, 0
    while calls < 3 or time.perf_counter() - started < task["seconds"]:
        count, calls = count + step(), calls + 1
    wait()
    return round(count / (time.perf_counter() - started), 1)


def _waiter(device: str) -> Callable[[], None]:
    import torch

    return torch.cuda.synchronize if device == "cuda" else lambda: None


def _contender(task: dict[str, Any], pixels: Any) -> Step:
    who = task["who"]
    if who.startswith(OURS):
        return _ours(task, pixels)
    if who in (KORNIA, KORNIA_BLUR):
        return _kornia(task, pixels)
    return _torchvision(task, pixels) if who == TORCHVISION else _lightly(task, pixels)


def _batches(task: dict[str, Any], pixels: Any) -> Callable[[], Any]:
    """The next batch of uint8 images (B, 3, H, W) on the device, round and round."""
    import torch

    stack = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().to(task["device"])
    parts = itertools.cycle(stack.split(task["batch"])[: len(stack) // task["batch"]])
    return lambda: next(parts)


def _ours(task: dict[str, Any], pixels: Any) -> Step:
    import torch

    from byol_core.augment import apply_by_tensors, draw, make_views, resolve
    from byol_core.config import ViewsConfig

    preset = {BLUR: "paper", CLASSROOM: "satellite"}.get(task["who"], "small-image")
    policy, generator = resolve(ViewsConfig(preset=preset)), torch.Generator(task["device"]).manual_seed(0)
    size = (24, 24) if task["who"] == CLASSROOM else (SIDE, SIDE)
    following, batch = _batches(task, pixels), task["batch"]
    if task["who"] not in (TENSORS, COMPILED):
        return lambda: len(make_views(following(), policy, generator, size)[0])
    make = torch.compile(apply_by_tensors, fullgraph=True) if task["who"] == COMPILED else apply_by_tensors

    def step() -> int:
        found = following()
        return sum(len(make(found, params, size)) for params in draw(policy, batch, generator, size)) // 2

    return step


def _lightly(task: dict[str, Any], pixels: Any) -> Step:
    """BYOLTransform on PIL images: in this process image by image, or in a loader's two workers, epoch by epoch."""
    import torch
    from lightly.transforms import BYOLTransform, BYOLView1Transform, BYOLView2Transform
    from PIL import Image

    blur = {} if task["who"] == LIGHTLY_BLUR else {"gaussian_blur": 0.0}
    options = {"input_size": SIDE, "normalize": None, **blur}
    transform = BYOLTransform(BYOLView1Transform(**options), BYOLView2Transform(**options))
    data = _Transformed([Image.fromarray(image) for image in pixels], transform)
    if task["who"] == LIGHTLY_2:
        workers = {"num_workers": 2, "persistent_workers": True}
        loader = torch.utils.data.DataLoader(data, task["batch"], shuffle=True, drop_last=True, **workers)
        return lambda: sum(len(first) for first, _ in loader)
    return _one_batch(data, task["batch"])


def _torchvision(task: dict[str, Any], pixels: Any) -> Step:
    """Version 2 of its transforms on uint8 tensors, one image at a time: called on a batch it draws once for all."""
    import torch
    from torchvision.transforms import v2

    def view(solarize: float) -> Any:
        crop = v2.RandomResizedCrop(SIDE, antialias=True)
        jitter = v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.2, 0.1)], 0.8)
        colors = [jitter, v2.RandomGrayscale(0.2), v2.RandomSolarize(128, solarize)]
        return v2.Compose([crop, v2.RandomHorizontalFlip(), *colors, v2.ToDtype(torch.float32, scale=True)])

    first, second = view(0.0), view(0.2)
    stack = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    return _one_batch(_Transformed(list(stack), lambda image: (first(image), second(image))), task["batch"])


def _kornia(task: dict[str, Any], pixels: Any) -> Step:
    """Its augmentations on the whole batch, `resample` being the faster of its ways to crop a batch."""
    import kornia.augmentation as K
    import torch

    def view(blur: float, solarize: float) -> Any:
        crop = K.RandomResizedCrop((SIDE, SIDE), cropping_mode="resample")
        jitter = K.ColorJitter(0.4, 0.4, 0.2, 0.1, p=0.8)
        parts = [crop, K.RandomHorizontalFlip(), jitter, K.RandomGrayscale(p=0.2)]
        if task["who"] == KORNIA_BLUR:
            parts.append(K.RandomGaussianBlur(3, (0.1, 2.0), p=blur))
        if solarize:
            parts.append(K.RandomSolarize(0.0, 0.0, p=solarize))
        return torch.nn.Sequential(*parts)

    first, second = view(1.0, 0.0), view(0.1, 0.2)
    following = _batches(task, pixels)

    def step() -> int:
        found = following().float() / 255
        return len(first(found)) and len(second(found))

    return step


class _Transformed:
    """A data set whose items are both views of an image."""

    def __init__(self, items: list[Any], transform: Callable[[Any], Any]) -> None:
        self.items, self.transform = items, transform

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        first, second = self.transform(self.items[index])
        return first, second


def _one_batch(data: _Transformed, batch: int) -> Step:
    import torch

    following = itertools.cycle(range(len(data) - len(data) % batch))

    def step() -> int:
        pairs = [data[next(following)] for _ in range(batch)]
        return len([torch.stack(view) for view in zip(*pairs, strict=True)]) * batch // 2

    return step


# The rounds


def measure(chosen: argparse.Namespace, stored: Path) -> Rounds:
    """All rounds."""
    task = {
        "images": str(stored),
        "batch": chosen.batch,
        "seconds": chosen.seconds,
        "threads": chosen.threads,
        "device": chosen.device,
    }
    rounds: Rounds = []
    for number in range(chosen.rounds):
        say(f"round {number + 1} of {chosen.rounds}")
        rounds.append({who: _told(who, task) for who in in_turn(chosen.only, number)})
    return rounds


def _told(who: str, task: dict[str, Any]) -> dict[str, Any]:
    found = turn(__file__, {**task, "who": who})
    say(f"  {who}: {found['speed']:,.0f} images/s, first batch {found['first']} s")
    return found


def store(chosen: argparse.Namespace, folder: Path) -> tuple[Path, str]:
    """The training images in a file that every turn reads alike, and what they are."""
    import numpy as np

    sizes = [SIDE, CLASSROOM_SIDE] if CLASSROOM in chosen.only else [SIDE]
    sets = {side: images(chosen.cifar, chosen.images, side) for side in sizes}
    pixels = {f"side_{side}": s.images[s.train].permute(0, 2, 3, 1).contiguous().numpy() for side, s in sets.items()}
    np.savez(folder / "images.npz", **pixels)
    return folder / "images.npz", named(sets[SIDE])


# Words


def tables(chosen: argparse.Namespace, rounds: Rounds) -> str:
    """Speeds, ratios and how quiet the machine was."""
    keys = ("speed", "first", "peak_pss")
    speeds = [[who, *(spread(of(rounds, who, key)) for key in keys)] for who in chosen.only]
    against = [[f"{mine} / {whom}", spread(ratios(rounds, mine, whom, "speed"))] for mine, whom, _ in RATIOS]
    return "\n\n".join(
        [
            f"{counted(len(rounds), 'round')}, {chosen.batch} images a batch, {chosen.threads} threads. "
            + disturbance(share for who in chosen.only for share in of(rounds, who, "others")),
            table(["", "images/s", "first batch, s", "peak PSS, MiB"], speeds),
            table(["ratio, per round", "images/s"], [row for row in against if row[1] != "–"]),
        ]
    )


def requirements(rounds: Rounds) -> list[Requirement]:
    """What has to be reached, beside the median of the rounds."""
    return [
        Requirement(f"{mine} / {whom}", least, middle(ratios(rounds, mine, whom, "speed")))
        for mine, whom, least in RATIOS
        if least is not None
    ]


def arguments() -> argparse.Namespace:
    """The command line, with what --quick and --device change."""
    options = parser(__doc__)
    options.add_argument("--cifar", metavar="PATH", help="CIFAR-10 as .npz; without it the embedded EuroSAT at 32x32")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=4.0, help="of each measurement (default 4)")
    options.add_argument("--images", type=int, default=2048, help="training images (default 2048)")
    options.add_argument("--batch", type=int, default=256)
    options.add_argument("--threads", type=int, default=2, help="for everybody (default 2)")
    options.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    names = (*ON_CPU, TENSORS, COMPILED)
    options.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="; ".join(names))
    options.add_argument("--turn", help=argparse.SUPPRESS)
    found = options.parse_args()
    found.only = found.only or list(ON_CPU if found.device == "cpu" else ON_DEVICE)
    if found.quick:
        found.rounds, found.seconds, found.images = 1, 1.0, 1024
    return found


def main() -> None:
    """Take the rounds and print, or take one turn."""
    chosen = arguments()
    if chosen.turn:
        answer(take_turn(json.loads(chosen.turn)))
        return
    need(dict.fromkeys(PACKAGES[who] for who in chosen.only if who in PACKAGES))
    machine = describe()
    machine["versions"] |= installed(("kornia", "pillow", "numba"))
    with TemporaryDirectory() as folder:
        stored, name = store(chosen, Path(folder))
        rounds = measure(chosen, stored)
    required = requirements(rounds) if chosen.device == "cpu" else []
    data = {
        "machine": machine,
        "images": name,
        "rounds": rounds,
        "required": [each.as_dict() for each in required],
    }
    parts = [heading(f"Views of a batch on the {chosen.device.upper()}", machine), f"{name}.", tables(chosen, rounds)]
    if required:
        parts += ["## Required", requirements_table(required)]
    show(chosen, "views" if chosen.device == "cpu" else f"views_{chosen.device}", data, "\n\n".join(parts))


if __name__ == "__main__":
    guarded(main)
