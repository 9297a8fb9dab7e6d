from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import event

from byol_core.errors import InputError, LabError
from byol_core.runs import folder, library
from byol_core.runs.schema import runs as table
from byol_core.runs.store import RunStore
from byol_core.system.processes import identity
from tests.rows import looking_on


def ids(found):
    return [run.run_id for run in found]


def live(store, config, name=""):
    run = store.create(config, name=name, here=True)
    return store.move(run.run_id, "running")


# Tags and notes


def test_tags_are_trimmed_and_each_is_kept_once(store, config):
    run = store.create(config)
    assert library.annotate(store, run.run_id, tags=[" paper ", "good", "paper", ""]).tags == ("paper", "good")
    assert store.get(run.run_id).tags == ("paper", "good")


def test_notes_are_kept_and_tags_beside_them_stay(store, config):
    run = library.annotate(store, store.create(config).run_id, tags=["één"])
    noted = library.annotate(store, run.run_id, notes="two\r\nlines, ünïcode 🙂  \n")
    assert (noted.notes, noted.tags) == ("two\nlines, ünïcode 🙂", ("één",))
    assert library.annotate(store, run.run_id, tags=[], notes="").tags == ()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"tags": [str(n) for n in range(21)]}, "at most 20 tags"),
        ({"tags": ["x" * 41]}, "at most 40 characters"),
        ({"tags": ["two\nlines"]}, "control characters"),
        ({"notes": "x" * 10_001}, "at most 10,000 characters"),
        ({"notes": "nul\0"}, "control characters"),
        ({"notes": "half \ud83d"}, "control characters"),
    ],
)
def test_odd_tags_and_notes_are_refused(store, config, wrong, sentence):
    run = store.create(config)
    with pytest.raises(InputError, match=sentence):
        library.annotate(store, run.run_id, **wrong)
    assert (store.get(run.run_id).tags, store.get(run.run_id).notes) == ((), "")


def test_all_tags_are_those_in_use(store, config):
    kept, thrown = (store.create(config).run_id for _ in range(2))
    library.annotate(store, kept, tags=["b", "A"])
    library.annotate(store, thrown, tags=["b", "gone"])
    library.throw(store, [thrown])
    assert library.all_tags(store) == ["A", "b"]


# The archive


def test_an_archived_run_is_out_of_sight_and_comes_back(store, config):
    run, other = store.create(config).run_id, store.create(config).run_id
    assert library.archive(store, [run, "nothing"]) == 1
    assert library.archive(store, [run]) == 0
    assert (ids(store.runs()), ids(store.runs(archived=True))) == ([other], [run])
    assert library.archive(store, [run, other], on=False) == 1
    assert ids(store.runs()) == [other, run]


# The trash


def test_a_thrown_run_is_found_nowhere_and_comes_back_as_it_was(store, config, row):
    run = live(store, config, "mine")
    store.add_metrics(run.run_id, 1, [row(1, 0.5)])
    run = store.move(run.run_id, "finished")
    assert library.throw(store, [run.run_id]) == [run.run_id]
    assert store.runs(archived=None) == []
    for ref in (run.run_id, "mine"):
        with pytest.raises(InputError, match=f"'mine' is in the trash; .* byol restore {run.run_id}"):
            store.get(ref)
    assert library.restore(store, [run.run_id]) == 1
    assert store.get("mine") == run
    assert store.series(run.run_id, "loss")[0][3] == 0.5


def test_a_live_run_is_refused_by_name_and_then_none_is_thrown(store, config):
    waiting, first, second = store.create(config), live(store, config, "one"), live(store, config, "two")
    with pytest.raises(InputError, match="The run 'one' is being worked on; stop it"):
        library.throw(store, ids([waiting, first]))
    with pytest.raises(InputError, match=r"The runs '(one', 'two|two', 'one)' are being worked on; stop them"):
        library.throw(store, ids([waiting, first, second]))
    assert len(store.runs()) == 3
    assert ids(store.queue()) == [waiting.run_id]


def test_a_restored_run_gets_its_place_in_the_queue_back(store, config):
    waiting = ids([store.create(config) for _ in range(3)])
    library.throw(store, [waiting[1]])
    assert ids(store.queue()) == [waiting[0], waiting[2]]
    assert store.claim(waiting[1], identity()) is None
    library.restore(store, [waiting[1]])
    assert ids(store.queue()) == waiting


def test_nothing_is_done_twice(store, config):
    run = store.create(config)
    library.throw(store, [run.run_id])
    assert library.throw(store, [run.run_id, "nothing"]) == []
    library.restore(store, [run.run_id])
    assert library.restore(store, [run.run_id]) == 0
    assert library.purge(store, [run.run_id]) == 0
    assert store.get(run.run_id).folder.is_dir()


def no_commit(_connection):
    raise LabError("The disk is full.")


def test_a_purge_deletes_files_even_if_the_row_must_wait(store, config):
    run = store.create(config)
    library.throw(store, [run.run_id])
    event.listen(store.engine, "commit", no_commit)
    with pytest.raises(LabError, match="disk is full"):
        library.purge(store)
    event.remove(store.engine, "commit", no_commit)
    assert not run.folder.exists() and not (store.home / folder.TRASH).exists()
    assert library.restore(store, [run.run_id]) == 0  # half of it is gone
    assert library.purge(store) == 1


def test_runs_are_removed_past_the_trash_all_or_none(store, config):
    ended, running = store.create(config), live(store, config, "one")
    with pytest.raises(InputError, match="The run 'one' is being worked on"):
        library.remove(store, ids([ended, running]))
    assert library.remove(store, [ended.run_id, "nothing"]) == [ended.run_id]
    assert (ids(store.runs()), library.trash(store), ended.folder.exists()) == ([running.run_id], [], False)


def test_the_trash_shows_the_last_thrown_first(store, config):
    runs = [store.create(config).run_id for _ in range(3)]
    for run_id in (runs[1], runs[0]):
        library.throw(store, [run_id])
    assert ids(library.trash(store)) == [runs[0], runs[1]]


def test_a_purged_run_leaves_nothing(store, config, row):
    run = live(store, config)
    store.add_metrics(run.run_id, 1, [row(1, 0.5)])
    store.move(run.run_id, "stopped")
    kept = store.create(config)
    library.throw(store, [run.run_id])
    assert library.purge(store) == 1
    assert (library.trash(store), store.metric_keys(run.run_id), ids(store.runs())) == ([], [], [kept.run_id])
    assert [path.name for path in store.home.iterdir() if path.is_dir()] == [kept.run_id]


def test_only_the_named_and_the_old_are_purged(store, config):
    runs = [store.create(config).run_id for _ in range(3)]
    library.throw(store, runs)
    with store.writing() as connection:
        connection.execute(table.update().where(table.c.run_id == runs[0]).values(deleted=time.time() - 100))
    assert library.purge(store, older_than=99) == 1
    assert library.purge(store, [runs[1], "nothing"]) == 1
    assert ids(library.trash(store)) == [runs[2]]


def test_a_run_that_was_taken_out_meanwhile_is_not_purged(store, config, monkeypatch):
    run = store.create(config)
    library.throw(store, [run.run_id])
    seen = library.trash(store)
    library.restore(store, [run.run_id])
    monkeypatch.setattr(library, "trash", lambda _: seen)
    assert library.purge(store) == 0
    assert store.get(run.run_id).folder.is_dir()


def test_a_supervisor_and_a_hand_never_both_have_a_waiting_run(store, config):
    """Claiming and throwing the same runs at the same time: each run is either worked on or in the trash."""
    runs = [store.create(config).run_id for _ in range(12)]
    other, claimed = RunStore(store.home), []
    thread = threading.Thread(target=lambda: claimed.extend(r for r in runs if other.claim(r, identity())))
    thread.start()
    thrown = []
    for run_id in reversed(runs):
        try:
            thrown += library.throw(store, [run_id])
        except InputError:
            continue
    thread.join()
    other.engine.dispose()
    assert sorted([*claimed, *thrown]) == sorted(runs)
    assert {store.get(run_id).state for run_id in claimed} <= {"starting"}


def test_the_size_is_that_of_all_files(store, config):
    run = store.create(config)
    before = library.size_of(run)
    (run.folder / "checkpoints").mkdir()
    (run.folder / "checkpoints" / "step-00000001.pt").write_bytes(bytes(1000))
    (run.folder / "link").symlink_to("/usr", target_is_directory=True)
    assert 1000 <= library.size_of(run) - before < 1200  # the link itself counts, not where it leads
    store.delete(run.run_id)
    assert library.size_of(run) == 0


def test_whoever_may_only_look_changes_nothing(store, config):
    run, viewer = store.create(config), looking_on(store, "Only a teacher may do this.")
    library.throw(store, [store.create(config).run_id])
    for act in (
        lambda: library.annotate(viewer, run.run_id, tags=["x"]),
        lambda: library.archive(viewer, [run.run_id]),
        lambda: library.throw(viewer, [run.run_id]),
        lambda: library.restore(viewer, ids(library.trash(store))),
        lambda: library.purge(viewer),
    ):
        with pytest.raises(InputError, match="Only a teacher"):
            act()
    assert (store.get(run.run_id), len(library.trash(viewer))) == (run, 1)
