"""One run opened: tags and notes in place, archive, export, the trash, stalls, and what a viewer may not do."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import update

from app.runs import run_actions
from app.shared import formatting, polling
from byol_core.data import account
from byol_core.data.account import Account, ClassCount, Found, LeftOut, Reason, Remark
from byol_core.events import Alarm, Progress
from byol_core.runs import library
from byol_core.runs.schema import runs
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, links, text
from tests.rows import put

STALL = Alarm("No step for 90 s, where the longest lately took 0.5 s: the machine may be overloaded.", "stalled")


def test_tags_and_notes_are_kept_as_they_are_typed(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    library.annotate(store, run.run_id, tags=["lesson 3"])
    page = open_page("runs", run=run.run_id)
    page.multiselect(key=f"tags-{run.run_id}").set_value(["lesson 3", "good"]).run()
    page.text_area(key=f"notes-{run.run_id}").set_value("weak *crops*").run()
    now = store.get(run.run_id)
    assert (now.tags, now.notes) == (("lesson 3", "good"), "weak *crops*")
    assert r"weak \*crops\*" in text(page)


def test_notes_that_changed_elsewhere_are_shown(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    library.annotate(store, run.run_id, notes="from the terminal")
    assert page.run().text_area(key=f"notes-{run.run_id}").value == "from the terminal"


def test_a_tag_that_is_too_long_is_one_sentence(open_page: Open, make: Make) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.multiselect(key=f"tags-{run.run_id}").set_value(["x" * 50]).run()
    assert "at most 40 characters" in page.warning[0].value
    assert page.multiselect(key=f"tags-{run.run_id}").value == []


def test_a_run_goes_into_the_archive_and_back(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.button(key="archive").click().run()
    assert store.get(run.run_id).archived and page.button(key="archive").label == "Unarchive"
    page.button(key="archive").click().run()
    assert store.get(run.run_id).archived is None


def test_delete_puts_into_the_trash_and_can_be_undone(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.button(key="delete").click().run()
    assert page.title[0].value == "Runs"
    assert [thrown.run_id for thrown in library.trash(store)] == [run.run_id]
    page.button(key="undo_delete").click().run()
    assert store.get(run.run_id).deleted is None


def test_a_run_is_exported_as_curves_or_whole(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id)
    page.session_state["export"] = True
    page.run()
    offered = {f"export-{kind}" for kind in ("csv", "parquet", "zip", "run")}
    assert {button.key for button in page.download_button} == offered


ACCOUNT = Account(
    train=24,
    test=6,
    classes=(ClassCount("cat", 12, 3), ClassCount("*dog*", 12, 3)),
    left_out=(LeftOut(Reason.NOT_AN_IMAGE, 200, ("a.mp4", "b.mp4", "c.mp4")),),
    remarks=(Found(Remark.HELD_OUT, {"n": 6}),),
)


def test_a_run_says_what_was_read_of_its_images(open_page: Open, make: Make) -> None:
    run = make("finished")
    account.save(run.folder, ACCOUNT)
    assert "200 of 230 files were not used" in text(open_page("runs", run=run.run_id))
    page = open_page("runs", run=run.run_id, show="settings")
    said = text(page)
    assert r"**30 images in 2 classes\: 24 for training, 6 for testing.**" in said and r"cat 15 · \*dog\* 15" in said
    assert "6 images are held out" in said and "a.mp4, b.mp4, c.mp4 and more." in page.warning[0].value
    (classes,) = (frame.value for frame in page.dataframe if "Training images" in frame.value)
    assert classes["Class"].tolist() == ["cat", "*dog*"] and classes["Test images"].tolist() == [3, 3]


@pytest.mark.parametrize("content", [None, b"{", b"[1]"])
def test_a_run_without_an_account_says_nothing_of_it(open_page: Open, make: Make, content: bytes | None) -> None:
    run = make("finished")
    if content is not None:
        (run.folder / "account.json").write_bytes(content)
    page = open_page("runs", run=run.run_id, show="settings")
    assert "**Images**" not in text(page) and not page.exception


def test_a_file_is_named_after_the_run(make: Make, store: RunStore) -> None:
    run = store.rename(make("finished").run_id, "../a b: ü=1")
    assert run_actions.file_stem(run) == f"a-b-ü=1-{run.run_id}"


def test_a_run_without_a_sign_of_life_says_so(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    with store.writing() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run.run_id).values(heartbeat=time.time() - 130))
    (warning,) = open_page("runs", run=run.run_id).warning
    assert warning.value.startswith("No heartbeat for 2 min")


def test_the_alarm_of_a_stall_proposes_no_other_settings(open_page: Open, make: Make) -> None:
    page = open_page("runs", run=make("running", alarm=STALL).run_id)
    assert [warning.value for warning in page.warning] == [formatting.plain(STALL.text)]
    assert not page.get("page_link")


def test_a_run_of_a_sweep_leads_to_all_of_it(open_page: Open, make: Make, store: RunStore) -> None:
    made = [make("finished", seed=seed) for seed in (1, 2)]
    with store.writing() as connection:
        connection.execute(update(runs).values(group_name="my sweep"))
    page = open_page("runs", run=made[0].run_id)
    page.button(key="group").click().run()
    assert page.title[0].value == "my sweep"
    assert page.query_params["compare"] == ",".join(run.run_id for run in made)


def test_a_viewer_sees_everything_and_changes_nothing(
    open_page: Open, make: Make, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make("stopped")
    monkeypatch.setattr("app.shared.access.is_shared", lambda: True)
    page = open_page("runs", run=run.run_id)
    offered = {button.key for button in page.button}
    assert not offered & {"resume", "rename", "archive", "delete", "clone"} and not page.multiselect
    assert not [button.key for button in page.button if button.disabled]
    assert "Only a teacher may stop, resume, rename, archive or delete runs here" in text(page)
    assert "Sign in" in links(page)
    page.session_state["export"] = True
    page.run()
    assert {button.key for button in page.download_button} == {"export-csv", "export-parquet", "export-run"}
    assert page.selectbox(key="export-format").options == ["Model card", "Python script"]
    for action in (run_actions._resume, run_actions._put_away, run_actions._throw):
        run_actions._do(action, run.run_id)
    assert store.get(run.run_id) == run


def test_a_run_that_is_over_is_looked_at_again(open_page: Open, make: Make, looks: dict[str, float | None]) -> None:
    open_page("runs", run=make("stopped").run_id)
    assert looks["_head"] == polling.IDLE * polling.SECONDS


EVIL = "![](http://evil.example/x.png) [sign in](https://evil.example)"
TAME = r"!\[\](http\://evil.example/x.png) \[sign in\](https\://evil.example)"


@pytest.mark.parametrize(
    ("page", "query"), [("runs", {"run": EVIL}), ("embeddings", {"run": EVIL}), ("train", {f"views.{EVIL}": "1"})]
)
def test_what_an_address_says_is_no_markup(open_page: Open, page: str, query: dict[str, str]) -> None:
    assert TAME in open_page(page, **query).warning[0].value


@pytest.mark.parametrize("state", ["failed", "interrupted", "stopped", "queued", "running"])
def test_what_a_run_says_is_no_markup(open_page: Open, make: Make, store: RunStore, state: str) -> None:
    run = make(state)
    put(store, run.run_id, message=EVIL, alarm=f"It has collapsed: {EVIL}", phase=EVIL)
    said = text(open_page("runs", run=run.run_id))
    assert TAME in said and EVIL not in said


def test_a_run_slowed_by_other_programs_says_so(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    said = "It shares the processor with other programs"
    assert said not in text(open_page("runs", run=run.run_id))
    store.set_progress(run.run_id, Progress(20, 40, 1.0, 90.0, 42.0, "training", "processor"))
    assert said in text(open_page("runs", run=run.run_id))
    assert store.move(run.run_id, "stopped").slowed_by == ""


def test_what_a_later_release_calls_slow_is_no_reason_to_fail(open_page: Open, make: Make, store: RunStore) -> None:
    run = make("running")
    store.set_progress(run.run_id, Progress(20, 40, 1.0, 90.0, 42.0, "training", "moonlight"))
    assert "Training, about 42 s left." in text(open_page("runs", run=run.run_id))
