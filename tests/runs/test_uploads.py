"""Uploads and who needs them."""

from __future__ import annotations

from byol_core.config import build
from byol_core.runs import library
from byol_core.runs.uploads import remove_unused, uploads


def upload(store, name):
    path = store.home / "uploads" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * 10)
    return path


def test_an_upload_belongs_to_the_runs_that_name_it(store):
    used, spare = upload(store, "a.npz"), upload(store, "b.npz")
    store.create(build({}, {"data.source": str(used)}), name="mine")
    assert [(each.path, each.size, each.runs) for each in uploads(store)] == [(used, 10, ("mine",)), (spare, 10, ())]
    assert remove_unused(store) == 1
    assert used.exists() and not spare.exists()


def test_a_run_in_the_trash_keeps_its_upload_until_it_is_purged(store):
    used = upload(store, "a.npz")
    run = store.create(build({}, {"data.source": str(used)}))
    library.throw(store, [run.run_id])
    assert remove_unused(store) == 0 and used.exists()
    library.purge(store, [run.run_id])
    assert remove_unused(store) == 1 and not used.exists()


def test_a_home_that_was_moved_keeps_its_uploads(store):
    upload(store, "a.npz")
    store.create(build({}, {"data.source": "/elsewhere/uploads/a.npz"}))
    assert remove_unused(store) == 0


def test_what_is_to_be_kept_and_half_written_files_stay(store):
    kept = upload(store, "a.npz")
    half = upload(store, ".b.npz.part")
    assert remove_unused(store, [str(kept)]) == 0
    assert kept.exists() and half.exists()


def test_a_home_without_uploads_has_none(store):
    assert uploads(store) == [] and remove_unused(store) == 0
