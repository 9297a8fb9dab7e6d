"""Every setting has a widget that gives back what it is given, and survives the address and the command line."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import forms
from byol_core.config import RunConfig, all_keys, build, presets
from byol_core.config.parsing import parse_assignments

PRESET = presets.get("classroom").config()


def other_value(key: str) -> Any:
    """A value that is allowed and is not the default."""
    setting, now = forms.spec(key), PRESET.flat()[key]
    if setting.kind == "switch":
        return not now
    if setting.kind == "choice":
        return next((option for option in setting.options if option != now), now)
    if setting.kind == "several":
        return list(setting.options[:2])
    if setting.kind == "text":
        return "12-bit" if key == "data.range" else "some words"
    low, step = setting.low or 0, setting.step or 1
    kind = int if setting.kind == "integer" else float
    return next(kind(low + n * step) for n in (1, 2) if low + n * step != now)


CHANGEABLE = [key for key in all_keys() if not forms.spec(key).fixed]
OPTIONAL = [key for key in all_keys() if forms.spec(key).optional]


def page() -> None:
    import streamlit as st

    from app.shared import forms

    got = st.session_state.setdefault("got", {})
    for key, value in st.session_state["cases"].items():
        forms.widget(forms.spec(key), value, lambda key, value: got.setdefault(key, []).append(value))


def open_widgets(cases: dict[str, Any]) -> AppTest:
    """One page with a widget for each of these settings: a page takes much longer than a widget."""
    app = AppTest.from_function(page, default_timeout=120)
    app.session_state["cases"] = cases
    app.run()
    assert not app.exception
    return app


def given_back(app: AppTest, values: dict[str, Any]) -> dict[str, list[Any]]:
    """What each widget gives back when it is set to its value, and how often."""
    for key, value in values.items():
        app.get_by_key(f"setting:{key}").set_value(value)
    app.run()
    assert not app.exception
    found: dict[str, list[Any]] = app.session_state["got"]
    return found


@pytest.fixture(scope="module")
def shown() -> AppTest:
    return open_widgets(PRESET.flat())


@pytest.fixture(scope="module")
def chosen() -> dict[str, list[Any]]:
    return given_back(open_widgets(PRESET.flat()), {key: other_value(key) for key in CHANGEABLE})


@pytest.fixture(scope="module")
def emptied() -> dict[str, list[Any]]:
    return given_back(open_widgets({key: other_value(key) for key in OPTIONAL}), dict.fromkeys(OPTIONAL))


@pytest.mark.parametrize("key", all_keys())
def test_a_widget_shows_its_setting(key: str, shown: AppTest) -> None:
    value = PRESET.flat()[key]
    assert shown.session_state[f"setting:{key}"] == value
    assert shown.get_by_key(f"setting:{key}").value == value


@pytest.mark.parametrize("key", CHANGEABLE)
def test_a_widget_gives_back_what_is_chosen(key: str, chosen: dict[str, list[Any]]) -> None:
    assert chosen[key] == [other_value(key)]
    assert PRESET.changed(**{key: chosen[key][0]}).flat()[key] == other_value(key)


@pytest.mark.parametrize("key", OPTIONAL)
def test_an_optional_setting_can_be_emptied(key: str, emptied: dict[str, list[Any]]) -> None:
    assert emptied[key] == [None]


@pytest.mark.parametrize("key", all_keys())
def test_a_setting_survives_the_address(key: str) -> None:
    value = other_value(key)
    assert forms.from_address({key: forms.scalar(value)}) == ({key: value}, [])


def test_an_address_with_a_setting_that_is_not_one_is_answered() -> None:
    changes, complaints = forms.from_address({"views.strenght": "0.6", "seed": "3"})
    assert changes == {"seed": 3}
    assert complaints == ["There is no setting 'views.strenght'; did you mean 'views.strength'?"]


@pytest.mark.parametrize("key", all_keys())
def test_the_command_repeats_the_setting(key: str) -> None:
    value = other_value(key)
    words = shlex.split(forms.command("classroom", {key: value}, "my 'own' run").replace("\\\n", ""))
    if key == "data.source":
        assert words[words.index("--data") + 1] == value
    else:
        assert parse_assignments([words[words.index("--set") + 1]]) == {key: value}
    assert words[words.index("--name") + 1] == "my 'own' run"


def test_differences_build_the_same_configuration() -> None:
    config = PRESET.changed(**{"views.hue": 0.5, "epochs": 3, "data.limit": 100})
    changes = forms.differences(config.flat(), PRESET)
    fits = [key for key in PRESET.fit if key != "epochs"]  # which is set, and does not fit itself any more
    assert changes == {"views.hue": 0.5, "epochs": 3.0, "data.limit": 100, "fit": fits}
    assert build(PRESET.model_dump(mode="json"), changes) == config


def test_every_setting_is_in_a_section_with_a_sentence() -> None:
    assert {key for keys in forms.sections().values() for key in keys} == set(RunConfig().flat())
    assert all(forms.about(section).endswith(".") for section in forms.sections())


@pytest.mark.parametrize("key", all_keys())
def test_help_says_what_a_setting_does(key: str) -> None:
    assert forms.spec(key).help.endswith(f"`{key}`") and "." in forms.spec(key).help
