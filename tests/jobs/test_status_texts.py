"""What a job says in one process can be said in another language by the next; its file holds plain English as well."""

from __future__ import annotations

import json

import pytest

from byol_core.errors import InputError
from byol_core.jobs import job, status
from byol_core.messages import Message

pytestmark = pytest.mark.usefixtures("nobody")


def test_what_goes_on_can_be_said_otherwise(put, folder):
    put()
    said, file = Message("reading {n} images", n=4), folder / "key1.status.json"
    status.Reporter(file).begin(0.5, said)
    found = job(folder, "key1")
    assert (found.state, found.message, type(found.message)) == ("running", "reading 4 images", Message)
    assert (found.message.template, found.message.values) == (said.template, said.values)
    assert json.loads(file.read_bytes())["message"] == "reading 4 images"


@pytest.mark.parametrize("said", [None, [], 3, {"template": "Another."}, {"template": "{a.b}", "values": {"a": 1}}])
def test_a_status_of_another_release_is_plain_english(put, folder, said):
    put()
    file = folder / "key1.status.json"
    status.Reporter(file).begin(0.5, "reading")
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"said": said}))
    assert (job(folder, "key1").message, type(job(folder, "key1").message)) == ("reading", str)


def test_a_refusal_comes_back_as_it_was_said(put, worker, doubler, folder):
    def refuse(*_):
        raise InputError("There are {n} images.", setting="batch_size", n=3)

    doubler.before = refuse
    put()
    worker().serve()
    found = job(folder, "key1")
    assert (found.state, found.message, found.setting) == ("failed", "There are 3 images.", "batch_size")
    assert (found.message.template, found.message.values) == ("There are {n} images.", {"n": 3})


def test_what_nobody_expected_names_the_log_in_any_language(put, worker, doubler, folder):
    doubler.before = lambda *_: 1 / 0
    put()
    worker().serve()
    found = job(folder, "key1").message
    assert found.startswith("The computation failed unexpectedly (ZeroDivisionError: division by zero); ")
    assert found.values["log"] == "warm/interactive.log"
