"""Thousands of odd values through everything that reads settings as text: each is taken, or refused in one sentence."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from app.shared import draft
from app.train import sweep_form
from byol_core.cli.sweep import _grid, _listed
from byol_core.cli.train import configure
from byol_core.config import RunConfig, all_keys
from byol_core.errors import InputError
from byol_core.runs import sweep

TAGS = ("int", "bool", "float", "null", "binary", "timestamp", "set", "omap", "pairs", "str", "seq", "map", "python/x")
SCALARS = (
    *(
        "",
        "maybe",
        "1",
        "-1",
        "0.5",
        "1e400",
        ".nan",
        "-.inf",
        "null",
        "~",
        "yes",
        "0x" + "f" * 400,
        "1:2:3",
        "0b1",
        "08",
    ),
    *(
        "2024-13-45",
        "2024-01-01",
        "2024-01-01 25:00:00",
        "aGk=",
        "é\u2028",
        '"\\ud800"',
        "'",
        '"',
        "\x00",
        "\x85",
        "9" * 5000,
    ),
)
AROUND = (
    *(
        "{}",
        "[{}]",
        "[{}, {}]",
        "{{a: {}}}",
        "{{{}: 1}}",
        "{{? {} : 1}}",
        "&a [*a]",
        "&a {}",
        "*a",
        "!!set {{{}}}",
        "- {}",
    ),
    *(
        "<<: {}",
        "{{<<: {}}}",
        "? {}",
        "{} # x",
        "| {}",
        "> {}",
        "%{}",
        "@{}",
        "`{}",
        "{}: {}",
        "!<tag:yaml.org,2002:int> {}",
        "={}",
    ),
)
KEYS = (*all_keys(), "", ".", "data", "views.", "runtime.trackers", "fit", "preset", "nonsense", "a..b", "seed.x", "é")
ROUNDS = 5000


def odd(chance: random.Random, depth: int = 0) -> str:
    """A value: a scalar with a tag perhaps, or something around others."""
    if depth < 3 and chance.random() < 0.5:
        around = chance.choice(AROUND)
        return around.format(*(odd(chance, depth + 1) for _ in range(around.count("{}"))))
    tag = f"!!{chance.choice(TAGS)} " if chance.random() < 0.5 else ""
    return tag + chance.choice(SCALARS)


def by_set(key: str, text: str, _: Path) -> None:
    configure("classroom", None, None, [f"{key}={text}"])


def by_file(key: str, text: str, folder: Path) -> None:
    (folder / "run.yaml").write_text(f"{key}: {text}\n", encoding="utf-8")
    configure("classroom", folder / "run.yaml", None, [])


def by_grid(key: str, text: str, _: Path) -> None:
    for point in sweep.points(_grid([f"{key}={text}"])):
        sweep.names("group", [point])
        RunConfig().changed(**point)


def by_list(key: str, text: str, folder: Path) -> None:
    (folder / "list.yaml").write_text(f"- {key}: {text}\n", encoding="utf-8")
    for point in sweep.points({}, _listed(folder / "list.yaml")):
        RunConfig().changed(**point)


def by_address(key: str, text: str, _: Path) -> None:
    """The Train page says what is wrong in its address, and keeps the rest: nothing of it may raise."""
    found = draft.from_address({key: text, "sweep": f"{key}={text}"})
    assert draft.from_address(found.address()).changes == found.changes
    sweep_form.check(found, RunConfig())


WAYS = (by_set, by_file, by_grid, by_list, by_address)


def outcome(action: Callable[[], None]) -> str:
    try:
        action()
    except InputError as error:
        return "refused" if str(error).strip() and "\n" not in str(error).strip() else f"no sentence: {error!r}"
    except BaseException:
        return traceback.format_exc(limit=-3)
    return "read"


@pytest.mark.parametrize("way", WAYS)
def test_every_odd_value_is_read_or_refused_in_one_sentence(way, tmp_path, monkeypatch):
    monkeypatch.setattr("app.train.launch.problem", lambda config: None)  # nothing is looked for on the disk
    seen, wrong = Counter[str](), []
    for seed in range(ROUNDS // len(WAYS)):
        chance = random.Random(seed)
        key, text = chance.choice(KEYS), odd(chance)
        said = outcome(partial(way, key, text, tmp_path))
        seen[said if said in ("read", "refused") else "wrong"] += 1
        wrong += [] if said in ("read", "refused") else [f"{key}={text!r}: {said}"]
    assert not wrong, f"{len(wrong)} of {seen.total()}, such as\n" + "\n".join(wrong[:4])
    assert seen["read"] > 20
