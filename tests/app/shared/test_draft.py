"""A run that is being put together: the preset, the changes, the address."""

from __future__ import annotations

import pytest

from app.shared import draft
from byol_core.errors import InputError


def test_an_address_brings_the_draft_back() -> None:
    made = draft.Draft(preset="first-look", name="a & b", expert=True)
    made.change("views.strength", 0.6)
    made.change("data.limit", None)
    again = draft.from_address(made.address())
    assert (again.preset, again.changes, again.name, again.expert) == (
        "first-look",
        {"views.strength": 0.6, "data.limit": None},
        "a & b",
        True,
    )


def test_a_setting_as_in_the_preset_is_no_change() -> None:
    made = draft.Draft()
    made.change("epochs", 3.0)
    made.change("epochs", made.base.epochs)
    assert made.changes == {}


def test_another_preset_keeps_the_images_and_drops_the_rest() -> None:
    made = draft.Draft(changes={"data.source": "mnist", "epochs": 3.0})
    made.use_preset("first-look")
    assert made.changes == {"data.source": "mnist"}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("epochs", 0.0, "greater than 0"), ("batch_size", None, "valid integer"), ("views.strength", 9, "less than")],
)
def test_a_wrong_value_is_one_sentence_with_the_key(key: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=f"'{key}'.*{said}"):
        draft.Draft(changes={key: value}).config()


def test_an_unknown_preset_is_said_and_replaced() -> None:
    made = draft.from_address({"preset": "nonsense"})
    assert made.preset == draft.FIRST_PRESET
    assert made.complaints[0].startswith("There is no preset 'nonsense'")


def test_parameters_of_other_pages_are_not_complained_of() -> None:
    assert draft.from_address({"run": "abc", "show": "Log", "recipe": "paper"}).complaints == []


def test_a_run_becomes_an_address_of_train(make) -> None:  # type: ignore[no-untyped-def]
    address = draft.of_run(make("finished", **{"views.hue": 0.5}))
    assert address == {"preset": "classroom", "views.hue": "0.5"}
