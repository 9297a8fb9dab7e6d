"""Makes ``home.tar.xz``: a home of the layout before version 0.9 was laid out anew, by the program of that time.

Run it in a checkout of commit bf6e383, with that checkout first on the path; nothing of today's program is used:

    git worktree add /tmp/before bf6e383
    PYTHONPATH=/tmp/before python tests/old_home/make.py tests/old_home/home.tar.xz

The archive holds ``home/``, which lay at ``/tmp/old-home/home``, and ``packed.zip``, one of its runs as that program
packed it. So that it stays small, the images are tiny, most weights of the encoder are zero, and the encoder is frozen:
only the heads learn.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PLACE = Path("/tmp/old-home")
HOME = PLACE / "home"
IMAGES = HOME / "uploads" / "shapes-0123abcd.npz"
SMALL: dict[str, Any] = {
    "data.source": str(IMAGES),
    "data.image_size": 16,
    "network.encoder": "conv-quarter",
    "network.freeze": 5,
    "network.projector_hidden": 8,
    "network.predictor_hidden": 8,
    "network.projection_size": 8,
    "evaluation.every": 2,
    "evaluation.probe": 16,
    "evaluation.probe_training": 8,
    "evaluation.k": 5,
    "runtime.device": "cpu",
    "runtime.threads": 1,
    "runtime.checkpoint_every": 2,
    "batch_size": 16,
    "epochs": 6,
}
# Settings whose keys are spelled otherwise today, none at its default.
SPELLED_OTHERWISE: dict[str, Any] = {
    "optimiser.name": "adamw",
    "optimiser.lr": 0.02,
    "views.greyscale": 0.5,
    "views.solarise": 1.5,
}


def main(archive: Path) -> None:
    """Make the home from nothing and pack it."""
    shutil.rmtree(PLACE, ignore_errors=True)
    HOME.mkdir(parents=True)
    os.environ["BYOL_LAB_HOME"] = str(HOME)
    os.environ["BYOL_LAB_WARM_SECONDS"] = "1"
    socket.gethostname = lambda: "old-machine"
    prefer_zeros()
    draw_images()
    make_runs()
    time.sleep(5)  # the process that made the maps has left by then
    with tarfile.open(archive, "w:xz", preset=9) as packed:
        packed.add(PLACE, arcname=".", filter=nobody)


def nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that belongs to nobody."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def prefer_zeros() -> None:
    """Convolutions start with a few weights of one size, which pack well."""
    import torch

    def reset(self: torch.nn.Conv2d) -> None:
        generator = torch.Generator().manual_seed(self.in_channels)
        kept = torch.rand(self.weight.shape, generator=generator) < 40 / self.weight[0].numel()
        signs = torch.randint(0, 2, self.weight.shape, generator=generator) * 2.0 - 1
        with torch.no_grad():
            self.weight.copy_(kept * signs / 4)

    torch.nn.Conv2d.reset_parameters = reset


def draw_images() -> None:
    """Three classes of noisy images, each with a bright part of its own."""
    random = np.random.default_rng(0)
    labels = np.arange(72) % 3
    images = random.integers(0, 90, (72, 4, 4, 3), dtype=np.uint8).repeat(4, 1).repeat(4, 2)
    for image, label in zip(images, labels, strict=True):
        image[:, 5 * label : 5 * label + 5, label] += 120
    IMAGES.parent.mkdir(parents=True)
    np.savez_compressed(
        IMAGES,
        x_train=images[:48],
        y_train=np.array(["disc", "ring", "star"])[labels[:48]],
        x_test=images[48:],
        y_test=np.array(["disc", "ring", "star"])[labels[48:]],
    )


def make_runs() -> None:
    """Runs in four states, and what people make of them."""
    from byol_core import view_presets
    from byol_core.cli import main as byol
    from byol_core.config import ViewsConfig, build
    from byol_core.runs import demo, worker
    from byol_core.runs.store import RunStore

    def call(*arguments: str) -> None:
        try:
            byol([*arguments])
        except SystemExit as end:
            assert not end.code, arguments

    store = RunStore()
    shipped = demo.ensure(store)
    assert shipped is not None
    store.delete(shipped.run_id)

    finished = store.create(build({}, SMALL), name="finished byol", here=True)
    worker.work(store, finished)
    other = build({}, {**SMALL, **SPELLED_OTHERWISE, "method.objective": "simsiam", "epochs": 2})
    worker.work(store, store.create(other, name="other method", here=True))
    stopped = store.create(build({}, {**SMALL, "epochs": 8}), name="stopped byol", here=True)
    worker.work(store, stopped, also=until(store, stopped.run_id, 9))
    lost = build({}, {**SMALL, "data.source": str(IMAGES.with_name("gone.npz"))})
    worker.work(store, store.create(lost, name="failed run", here=True))
    print([(run.name, run.state, run.message) for run in store.runs()])

    call("tag", "finished byol", "lesson")
    call("note", "finished byol", "The first one that worked.")
    call("evaluate", "finished byol", "--method", "knn", "--splits", "1")
    call("evaluate", "finished byol", "--method", "linear", "--splits", "2")
    view_presets.save(HOME, "soft and grey", ViewsConfig(preset="satellite", strength=0.5, greyscale=2.0, solarise=0.5))
    make_maps(finished.folder)
    leave_a_stopped_question(finished.folder)
    call("pack", "finished byol", "--out", str(PLACE / "packed.zip"))
    store.engine.dispose()


def until(store: Any, run_id: str, step: int) -> Any:
    """A listener that has the run stopped at that step."""
    from byol_core.events import Silent

    class Stopper(Silent):
        def progress(self, progress: Any) -> None:
            if progress.step >= step:
                store.request_stop(run_id)

    return Stopper()


def make_maps(folder: Path) -> None:
    """UMAP of every evaluation, as the page has them made; PCA is made whenever it is looked at."""
    from byol_core import embed

    probe = embed.read_probe(folder / "embeddings")
    for space in ("representation", "projection"):
        while True:
            newest = probe.evaluations[-1].step
            film = embed.film(HOME, probe, space, embed.MapSettings("UMAP"), first=newest, whole=True)
            assert film.job.state != "failed", film.job
            if film.job.state == "ready":
                break
            time.sleep(0.5)


def leave_a_stopped_question(folder: Path) -> None:
    """An evaluation that was asked and stopped before anybody worked on it."""
    from byol_core.evaluate import jobs
    from byol_core.evaluate.protocol import Protocol

    protocol = Protocol(method="linear", labels="2", splits=1)
    jobs.Desk.of(folder, protocol).write(jobs.Request(protocol=protocol, asked=time.time_ns(), stop=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
