"""What a run says to people can be said in another language, also by whoever finds its row much later."""

from __future__ import annotations

import io
import json

import pytest
from sqlalchemy import text

from byol_core.config import RunConfig
from byol_core.errors import InputError
from byol_core.events import Alarm, Progress
from byol_core.language import tell
from byol_core.messages import Message, sentences
from byol_core.runs import row_texts, unsaved
from byol_core.runs.export_zip import write_zip
from byol_core.runs.import_zip import unpack
from byol_core.runs.run import IN_WORDS, STATES
from byol_core.runs.store import RunStore
from tests.runs.test_import_zip import packed

PHASE = Message("{doing}, {share:.0%}", doing=Message("loading images"), share=0.25)
ALARM = Alarm(sentences(Message("The spread fell to {spread:.2f}.", spread=0.1), Message("Look at it.")), "collapsing")
MESSAGE = Message("Stopped after {n} steps.", n=3)


@pytest.fixture
def store(home):
    return RunStore(home)


@pytest.fixture
def live(store):
    run = store.create(RunConfig(), here=True)
    return store.move(run.run_id, "running")


def made(text):
    return type(text), str(text), getattr(text, "template", ""), getattr(text, "values", {})


def test_message_phase_and_alarm_come_back_as_they_were_said(store, live):
    store.set_progress(live.run_id, Progress(1, 9, 0.1, 1.0, 1.0, PHASE))
    store.set_alarm(live.run_id, ALARM)
    now = store.get(live.run_id)
    assert made(now.phase) == made(PHASE) and made(now.phase.values["doing"]) == made(PHASE.values["doing"])
    assert now.alarm == ALARM.text and [made(item) for item in now.alarm.items] == [made(i) for i in ALARM.text.items]
    ended = store.move(live.run_id, "stopped", message=MESSAGE)
    assert made(ended.message) == made(MESSAGE)
    assert made(ended.phase) == made("")
    assert made(ended.alarm.items[0]) == made(ALARM.text.items[0])


def test_a_text_that_was_replaced_leaves_no_trace(store, live):
    store.set_progress(live.run_id, Progress(1, 9, 0.1, 1.0, 1.0, PHASE))
    store.set_progress(live.run_id, Progress(1, 9, 0.1, 1.0, 1.0, "in plain words"))
    store.set_alarm(live.run_id, ALARM)
    store.set_alarm(live.run_id, None)
    now = store.get(live.run_id)
    assert (made(now.phase), now.alarm) == (made("in plain words"), None)


@pytest.mark.parametrize("said", [None, "", "[]", "{", '{"message": 3}', '{"message": {"template": "Other."}}'])
def test_rows_of_other_releases_are_plain_english(store, live, said):
    store.move(live.run_id, "stopped", message=MESSAGE)
    with store.writing() as connection:
        connection.execute(text("UPDATE runs SET said = :said"), {"said": said})
    assert made(store.get(live.run_id).message) == made(str(MESSAGE))


def test_json_and_the_columns_hold_plain_english(store, live):
    run = store.move(live.run_id, "stopped", message=MESSAGE)
    assert type(run.as_dict()["message"]) is str
    assert json.loads(json.dumps(run.as_dict()))["message"] == "Stopped after 3 steps."
    with store.reading() as connection:
        assert connection.scalar(text("SELECT message FROM runs")) == "Stopped after 3 steps."


def test_the_last_word_of_a_worker_is_kept_as_it_was_said(live):
    unsaved.leave(live.folder, live.attempt, "failed", MESSAGE, {}, [])
    assert made(unsaved.take(live.folder, live.attempt).message) == made(MESSAGE)


def test_an_error_names_the_state_in_words(store):
    run = store.create(RunConfig(), name="mine")
    with pytest.raises(InputError, match="The run 'mine' is queued") as caught:
        store.move(run.run_id, "finished")
    assert made(caught.value.message.values["state"]) == made(Message("queued"))
    assert set(IN_WORDS) == set(STATES)


# Zips


def test_a_zip_carries_how_its_texts_were_made(store, live, tmp_path):
    store.set_alarm(live.run_id, ALARM)
    store.move(live.run_id, "stopped", message=MESSAGE)
    file = io.BytesIO()
    write_zip(store, live.run_id, file)
    (tmp_path / "run.zip").write_bytes(file.getvalue())
    found = unpack(store, tmp_path / "run.zip")
    assert found.run_id != live.run_id
    assert made(found.message) == made(MESSAGE)
    assert made(found.alarm.items[0]) == made(ALARM.text.items[0])


DEEP = {"template": "{a}" * 50, "values": {"a": "x" * 50}}
for _ in range(20):
    DEEP = {"template": "{a}" * 50, "values": {"a": DEEP}}
HOSTILE = {
    "an attribute": {"template": "{a.__class__}", "values": {"a": "Mine."}},
    "an item": {"template": "{a[0]}", "values": {"a": ["Mine."]}},
    "a width": {"template": "{a:>999999999}", "values": {"a": "Mine."}},
    "a width from a value": {"template": "{a:{b}}", "values": {"a": "Mine.", "b": 999999999}},
    "texts within texts": DEEP,
    "another text": {"template": "Theirs.", "values": {}},
    "no values": {"template": "{a}", "values": None},
    "a conversion": {"template": "{a!r}", "values": {"a": "Mine."}},
    "a long one": {"template": "Mine.", "values": {"a": "x" * 100_000}},
    "a number that is none": {"template": "{n:,}", "many": "Mine.", "values": {"n": "2"}},
    "a list of numbers": {"items": [1, 2], "style": "and"},
    "a style of its own": {"items": ["Mine."], "style": "shout"},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_zip_says_no_more_than_its_english(store, what, tmp_path):
    told = {"message": "Mine.", "said": {"message": HOSTILE[what], "alarm": HOSTILE[what], "phase": 1}}
    run = unpack(store, packed(tmp_path / "run.zip", told=told))
    assert (str(run.message), tell(run.message, "zh_CN"), run.alarm) == ("Mine.", "Mine.", None)


def test_said_holds_only_what_can_be_said_otherwise():
    assert row_texts.columns(message="plain", alarm=None) == {"message": "plain", "alarm": None}
    assert row_texts.kept({"message": "plain", "alarm": None}) == {}
