"""Errors: the sentence for people, and the fields by which code tells one from another."""

from __future__ import annotations

import pickle
import sqlite3

import pytest

from byol_core.config import build, field_info
from byol_core.errors import ArgumentError, InputError, LabError
from byol_core.messages import Message
from byol_core.runs.schema import is_locked


def test_a_plain_sentence_is_its_own_template():
    error = InputError("There are no images in '{folder}'.")
    assert str(error) == "There are no images in '{folder}'."
    assert (error.message.template, error.message.values) == (str(error), {})
    assert (error.setting, error.retryable) == (None, False)


def test_values_go_into_the_template_and_stay_apart():
    error = LabError("The run '{name}' is {state}.", name="{odd}", state="running")
    assert str(error) == "The run '{odd}' is running."
    assert error.message.template == "The run '{name}' is {state}."
    assert error.message.values == {"name": "{odd}", "state": "running"}


def test_a_message_is_taken_as_it_is():
    said = Message.plural("There is {n} image.", "There are {n} images.", 2)
    assert InputError(said).message is said
    assert type(InputError(said).args[0]) is str


def test_an_error_that_crosses_a_process_keeps_its_fields():
    sent = ArgumentError("'{name}' is wrong.", setting="batch_size", retryable=True, name="n")
    came = pickle.loads(pickle.dumps(sent))
    assert (str(came), type(came.message)) == (str(sent), Message)
    assert (came.message.template, came.message.values) == (sent.message.template, sent.message.values)
    assert (came.setting, came.retryable) == ("batch_size", True)


@pytest.mark.parametrize(
    ("dotted", "setting"),
    [
        ({"views.strength": 9}, "views.strength"),
        ({"optimiser.lr": "fast"}, "optimizer.lr"),
        ({"views.strenght": 1}, "views.strenght"),
    ],
)
def test_an_error_on_settings_names_the_setting(dotted, setting):
    with pytest.raises(InputError) as caught:
        build({}, dotted)
    assert caught.value.setting == setting


def test_an_unknown_setting_is_named_too():
    with pytest.raises(InputError) as caught:
        field_info("views.colour_jitter")
    assert caught.value.setting == "views.colour_jitter"


def test_a_locked_database_is_known_by_its_code(tmp_path):
    with sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None) as first:
        first.execute("BEGIN EXCLUSIVE")
        with sqlite3.connect(tmp_path / "a.sqlite", timeout=0) as second, pytest.raises(sqlite3.Error) as caught:
            second.execute("CREATE TABLE a (b)")
    assert is_locked(caught.value)
    assert not is_locked(sqlite3.OperationalError("database is locked, says somebody else"))
