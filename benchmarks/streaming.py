"""A set larger than the memory it may have: built into the cache once, then trained from there as fast as from memory.

    python benchmarks/streaming.py [--images 160000] [--limit 1024] [--rounds 5] [--quick] [--json] [--write]

The set is made of the embedded EuroSAT images at 64x64: each is flipped, shifted and changed in brightness until there
are enough, in a .npy in a temporary folder. Every turn is a process of its own. `limit` (MiB, RLIMIT_DATA) is what a
process may allocate from the moment it starts to load: too little for the set, enough for a training. Under it the set
cannot be loaded into memory, and is streamed from the cache. Then resident and streamed take turns: `resident` has no
limit, `streamed` has it, `cold` has it too and finds nothing of the file in the system's page cache.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from common import (
    Requirement,
    describe,
    guarded,
    heading,
    in_turn,
    middle,
    of,
    parser,
    ratios,
    requirements_table,
    say,
    show,
    spread,
    table,
)
from turns import MIB, answer, turn

if TYPE_CHECKING:
    from byol_core.data.imageset import ImageSet

RESIDENT, STREAMED, COLD = "resident", "streamed", "cold"
SIDE, LEAST_RATIO = 64, 0.9
WARM, LEAST = 2, 3  # steps thrown away; steps at least in a measurement
_RATE = "images_per_second"
_AT_ONCE = 5000  # images that are made together


def settings(batch: int, encoder: str) -> dict[str, Any]:
    """The run that is timed, as dotted settings."""
    return {
        "data.image_size": SIDE,
        "network.encoder": encoder,
        "network.projector_hidden": 512,
        "network.predictor_hidden": 512,
        "network.projection_size": 128,
        "batch_size": batch,
        "epochs": 1000,
        "evaluation.bank": 1000,
    }


# The set


def make(path: Path, count: int) -> None:
    """Write (count, 64, 64, 3) uint8: real images, no two alike."""
    import numpy as np

    from byol_core.data.catalog import load

    source = load("eurosat", SIDE).images.permute(0, 2, 3, 1).numpy()
    random = np.random.default_rng(0)
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIDE, SIDE, 3))
    for first in range(0, count, _AT_ONCE):
        some = source[random.integers(0, len(source), min(_AT_ONCE, count - first))]
        if random.random() < 0.5:
            some = some[:, :, ::-1]
        some = np.roll(some, random.integers(0, SIDE, 2), (1, 2))
        light = random.uniform(0.8, 1.2, (len(some), 1, 1, 1)).astype(np.float32)
        images[first : first + len(some)] = np.clip(some * light, 0, 255)
    images.flush()


# In a turn's own process


def take_turn(task: dict[str, Any]) -> dict[str, Any]:
    """Build the cache, try to load the set into memory, or train; under a limit when the task has one."""
    import torch  # noqa: F401 - before the limit, which is for what comes then

    import byol_core.training.trainer  # noqa: F401

    if task["limit"]:
        _limit(task["limit"] * MIB)
    return {"build": _build, "refused": _refused}.get(task["who"], _train)(task)


def _limit(size: int) -> None:
    """Let this process allocate so many bytes more."""
    import resource

    import psutil

    most = psutil.Process().memory_info().data + size
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _load(task: dict[str, Any], where: str, told: list[str] | None = None) -> ImageSet:
    from byol_core.data.catalog import load

    def progress(text: str, share: float) -> None:
        if told is not None and (not told or told[-1] != text):
            told.append(text)

    return load(task["images"], SIDE, images=where, progress=progress)


def _build(task: dict[str, Any]) -> dict[str, Any]:
    """From the file to the cache, and opening it again."""
    told: list[str] = []
    started = time.perf_counter()
    count = len(_load(task, "disk", told))
    built = time.perf_counter() - started
    started = time.perf_counter()
    _load(task, "disk")
    opened = time.perf_counter() - started
    return {"images": count, "built": round(built, 2), "opened": round(opened, 3), "phases": told, **_memory()}


def _refused(task: dict[str, Any]) -> dict[str, Any]:
    """What is said when the set is to lie in memory; whether the system itself gives so much; where auto puts it."""
    import numpy as np
    import torch

    from byol_core.errors import LabError

    said, gave = "", True
    try:
        _load(task, "memory")
    except LabError as error:
        said = str(error)
    try:
        torch.zeros(np.load(task["images"], mmap_mode="r").size, dtype=torch.uint8)
    except RuntimeError:
        gave = False
    return {"said": said, "allocated": gave, "auto": STREAMED if _load(task, "auto").on_disk else RESIDENT}


def _train(task: dict[str, Any]) -> dict[str, Any]:
    """Images/s of whole training steps."""
    from ours import Bench

    from byol_core.config import build

    found = _load(task, "memory" if task["who"] == RESIDENT else "disk")
    bench = Bench(build({}, settings(task["batch"], task["encoder"])), found)
    for _ in range(WARM):
        bench.take().item()
    started, steps = time.perf_counter(), 0
    while steps < LEAST or time.perf_counter() - started < task["seconds"]:
        bench.take().item()
        steps += 1
    rate = steps * task["batch"] / (time.perf_counter() - started)
    bench.close()
    return {"images_per_second": round(rate, 2), "on_disk": found.on_disk, **_memory()}


def _memory() -> dict[str, float]:
    """MiB of this process that are its own, and that are pages of files, which the system may take back."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    found = dict(line.split(":", 1) for line in status.read_text().splitlines())
    names = {"anonymous": "RssAnon", "of_files": "RssFile"}
    return {name: round(int(found[key].split()[0]) / 1024, 1) for name, key in names.items()}


# All turns


def measure(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Make the set, build, be refused, train."""
    say(f"making {chosen.images:,} images …")
    images = folder / "images.npy"
    make(images, chosen.images)
    os.environ["BYOL_LAB_CACHE"] = str(folder / "cache")
    task = {"images": str(images), "seconds": chosen.seconds, "batch": chosen.batch, "encoder": chosen.encoder}
    limited = {**task, "limit": chosen.limit}
    say("building the cache …")
    built = turn(__file__, {**limited, "who": "build"})
    refused = turn(__file__, {**limited, "who": "refused"})
    rounds = []
    for number in range(chosen.rounds):
        say(f"round {number + 1} of {chosen.rounds}")
        rounds.append({who: _told(who, limited, folder) for who in in_turn((RESIDENT, STREAMED, COLD), number)})
    return {"bytes": images.stat().st_size, "built": built, "refused": refused, "rounds": rounds}


def _told(who: str, task: dict[str, Any], folder: Path) -> dict[str, Any]:
    if who == COLD:
        forget(folder)
    found = turn(__file__, {**task, "who": who, "limit": None if who == RESIDENT else task["limit"]})
    say(f"  {who}: {found['images_per_second']:,.0f} images/s, {found['peak_pss']:,.0f} MiB")
    return found


def forget(folder: Path) -> None:
    """Take the files below a folder out of the page cache, where the system can."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*.images"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def requirements(found: dict[str, Any]) -> list[Requirement]:
    """At least nine tenths of the resident speed, with a set that the limit does not let in."""
    rounds, refused = found["rounds"], found["refused"]
    shut_out = bool(refused["said"]) and not refused["allocated"] and refused["auto"] == STREAMED
    return [
        Requirement(
            "images/s streamed / resident, paired", LEAST_RATIO, middle(ratios(rounds, STREAMED, RESIDENT, _RATE))
        ),
        Requirement("the set is refused in memory under the limit, and streamed instead (1: yes)", 1, float(shut_out)),
    ]


def report(chosen: argparse.Namespace, found: dict[str, Any], required: Sequence[Requirement]) -> str:
    """The tables."""
    rounds, built = found["rounds"], found["built"]
    rows = [
        [
            who,
            spread(of(rounds, who, _RATE)),
            spread(ratios(rounds, who, RESIDENT, _RATE)),
            *(spread(of(rounds, who, key)) for key in ("peak_pss", "anonymous", "of_files")),
        ]
        for who in (RESIDENT, STREAMED, COLD)
    ]
    size = found["bytes"] / MIB
    return "\n\n".join(
        [
            f"{chosen.images:,} images of {SIDE}x{SIDE}, {size:,.0f} MiB; the limit is {chosen.limit:,} MiB. Encoder "
            f"{chosen.encoder}, batch {chosen.batch}; median (range) of {chosen.rounds} rounds.",
            f"Building the cache took {built['built']:.1f} s ({size / built['built']:,.0f} MiB/s, peak "
            f"{built['peak_pss']:,.0f} MiB), telling: {', '.join(built['phases'])}. Opening it took "
            f"{built['opened']:.3f} s.",
            f'Under the limit, with runtime.images=memory: "{found["refused"]["said"]}"',
            table(["", "images/s", "/ resident", "peak PSS, MiB", "anonymous, MiB", "pages of files, MiB"], rows),
            "Peak PSS counts mapped pages of the cache, which the system takes back when it needs them.",
            "## Required",
            requirements_table(required),
        ]
    )


def arguments() -> argparse.Namespace:
    """The command line, with what --quick changes."""
    options = parser(__doc__)
    options.add_argument("--images", type=int, default=160_000, help="in the set (default 160000: 1.9 GB)")
    options.add_argument("--limit", type=int, default=1024, help="MiB that a process may allocate (default 1024)")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=15.0, help="of each measurement (default 15)")
    options.add_argument("--batch", type=int, default=128)
    options.add_argument("--encoder", default="conv-classroom")
    options.add_argument("--folder", help="where the set and its cache are made (default: the system's temporary one)")
    options.add_argument("--turn", help=argparse.SUPPRESS)
    found = options.parse_args()
    if found.quick:
        found.images, found.limit, found.rounds, found.seconds, found.batch = 60_000, 512, 1, 3.0, 64
    return found


def main() -> None:
    """Take the turns and print, or take one turn."""
    chosen = arguments()
    if chosen.turn:
        answer(take_turn(json.loads(chosen.turn)))
        return
    if sys.platform == "win32":
        raise SystemExit("This benchmark limits its own memory, which Windows does not offer.")
    machine = describe()
    with TemporaryDirectory(dir=chosen.folder) as folder:
        found = measure(chosen, Path(folder))
    required = requirements(found)
    data = {"machine": machine, **found, "required": [each.as_dict() for each in required]}
    text = report(chosen, found, required)
    show(chosen, "streaming", data, f"{heading('A set larger than the memory', machine)}\n\n{text}")


if __name__ == "__main__":
    guarded(main)
