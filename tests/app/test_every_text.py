"""All pages, in all their states, in a language that nobody speaks: every text came whole from a catalog."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.shared import access, language
from byol_core.config import presets, run_config
from byol_core.data import account, catalog, embedded
from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import Protocol
from byol_core.events import Alarm
from byol_core.messages import Message
from byol_core.runs import library
from byol_core.runs.store import RunStore
from byol_core.system.device import describe_machine
from tests import pseudo
from tests.app.conftest import Make, Open, health_rows, listed
from tests.app.embeddings.test_page import act, bits, make_run  # noqa: F401 (a fixture)
from tests.app.evaluate.test_page import CLASSES, FAIR, answer, images, judgeable, nobody_works  # noqa: F401
from tests.app.runs.test_run_page import ACCOUNT
from tests.app.shared.test_access import WORD, shared  # noqa: F401 (a fixture)
from tests.photos import photos

# Names: of this program, of methods and what they are made of, of formats, of units, and of the language itself.
NAMES = "BYOL Lab English 中文 SimSiam SimCLR MoCo Barlow Twins VICReg NT-Xent InfoNCE PCA ROC JSON CSV HTML CPU"
# What is typed: commands, settings, values of settings.
CODE = "byol doctor run --set labels seeds off /home/me"
# What people and sets in these tests are called.
GIVEN = (
    "a finished queued starting running stopped failed interrupted run colors npz photos forest town beach notes txt"
)

WORDS = (
    *(
        NAMES,
        CODE,
        GIVEN,
        describe_machine()["cpu"],
        *CLASSES,
        *presets.PRESETS,
        *(entry.name for entry in catalog.ENTRIES),
    ),
    *json.loads(embedded.files()[1].read_text())["class_names"],
    *run_config.all_keys(),
    *(str(run_config.field_info(key).annotation) for key in run_config.all_keys()),  # which has the choices
)
READ = frozenset(re.findall("[A-Za-z]+", " ".join(WORDS)))


def untold(page: AppTest) -> list[str]:
    """The texts of the page with words that no catalog was asked for."""
    assert not page.exception
    texts = list(pseudo.shown(page))
    assert any("⟦" in text for text in texts)
    found = {text[:200]: pseudo.bare(text, READ) or ["joined"] * pseudo.is_joined(text) for text in texts}
    return [f"{', '.join(words)}: {text}" for text, words in found.items() if words]


# What a run says that has ended, as the core says it.
WHY = Message("There is no run '{run}'; 'byol runs' lists them.", run="colors")


Look = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def _spoken(qps: str) -> Iterator[None]:
    """AppTest asks for the labels of choices outside of the session."""
    with language.speaking(qps):
        yield


@pytest.fixture
def look(open_page: Open, qps: str) -> Look:
    """``look("runs", run="abc")``: what is not told of that page."""
    return lambda page, **address: untold(open_page(page, lang=qps, **address))


# Lab and Runs

STATES = ("queued", "starting", "running", "finished", "stopped", "failed", "interrupted")
MESSAGES = {"failed": WHY, "interrupted": WHY}


def test_an_empty_home(look: Look) -> None:
    for page in ("lab", "augment", "train", "runs", "embeddings", "evaluate"):
        assert look(page) == []


def test_runs_of_all_states(look: Look, make: Make, store: RunStore) -> None:
    runs = {state: make(state, message=MESSAGES.get(state, "")) for state in STATES}
    library.throw(store, [make("finished").run_id])
    assert look("lab") == [] and look("runs") == []
    assert [said for run in runs.values() for said in look("runs", run=run.run_id)] == []


@pytest.mark.parametrize("part", ["health", "system", "log", "settings"])
def test_the_parts_of_a_run(look: Look, make: Make, store: RunStore, part: str) -> None:
    run = make("running")
    store.add_metrics(run.run_id, 1, health_rows("representation", "projection"))
    account.save(run.folder, ACCOUNT)
    assert look("runs", run=run.run_id, show=part) == []


@pytest.mark.parametrize("kind", ["collapsing", "collapsed", "stalled"])
def test_an_alarm(look: Look, make: Make, kind: str) -> None:
    alarm = Alarm(WHY, kind, "projection")  # type: ignore[arg-type]
    run = make("running", alarm=alarm, **{"method.stop_gradient": False})
    assert look("runs", run=run.run_id) == [] and look("lab") == []


def test_a_run_without_labels(look: Look, make: Make) -> None:
    assert look("runs", run=make("finished", labels=False).run_id) == [] and look("lab") == []


@pytest.mark.parametrize("side", ["curves", "table", "settings"])
def test_a_comparison(look: Look, make: Make, side: str) -> None:
    pair = [make("finished"), make("finished", epochs=3.0)]
    assert look("runs", compare=",".join(run.run_id for run in pair), side=side) == []


def test_what_lies_behind_buttons_of_runs(open_page: Open, make: Make, store: RunStore, qps: str) -> None:
    run = make("finished")
    page = open_page("runs", run=run.run_id, lang=qps)
    page.session_state["export"] = True
    assert untold(page.run()) == []
    page = open_page("runs", lang=qps)
    page.session_state["trash_open"] = True
    library.throw(store, [run.run_id])
    assert untold(page.run()) == []


# Train and Augment


@pytest.mark.parametrize(
    "address",
    [
        {"mode": "expert"},
        {"preset": "collapse-demo"},
        {"epochs": "0", "mode": "expert"},
        {"seeds": "1"},
        {"batch_size": "60000"},
        {"method.objective": "simclr"},
        {"data.source": "/none"},
        {"sweep": "seed=0,1", "views.strength": "9"},
    ],
)
def test_the_form_of_a_training(look: Look, make: Make, address: dict[str, str]) -> None:
    make("running")
    assert look("train", **address) == []


def test_a_training_on_a_folder(open_page: Open, make: Make, qps: str, tmp_path: Path) -> None:
    make("running")
    source = photos(tmp_path / "photos", 30)
    (tmp_path / "photos" / "notes.txt").write_text("hello")
    assert untold(listed(open_page("train", lang=qps, **{"data.source": str(source)}), source)) == []


@pytest.mark.parametrize("mode", ["grid", "draws", "operation", "presets"])
def test_the_views(look: Look, make: Make, mode: str) -> None:
    judgeable(make("finished"))
    assert look("augment", show=mode) == []


# Embeddings and Evaluate


def test_a_map(open_page: Open, make_run: Any, qps: str) -> None:  # noqa: F811
    other, run = make_run(n=30, steps=(0, 320)), make_run(n=40, steps=(0, 160, 320))
    for chosen in ({"step": 0}, {"selected": bits(40, 1, 2)}, {"pinned": 3}):
        page = open_page("embeddings", lang=qps, method="PCA", color="brightness", **{"with": other.run_id})
        assert untold(act(page, run, **chosen)) == []


@pytest.mark.parametrize("state", ["starting", "failed"])
def test_a_map_that_is_not_there(look: Look, make: Make, state: str) -> None:
    assert look("embeddings", run=make(state, message=MESSAGES.get(state, "")).run_id, method="PCA") == []


@pytest.mark.parametrize("part", ["result", "report", "labels", "transfer"])
def test_an_answer(look: Look, make: Make, images: Path, part: str) -> None:  # noqa: F811
    run = judgeable(make("finished", **{"data.source": str(images), "data.image_size": 8}))
    assert look("evaluate", run=run.run_id, part=part) == []
    answer(run, Protocol(), *FAIR)
    answer(run, Protocol(labels="10", splits=2), *FAIR)
    assert look("evaluate", run=run.run_id, part=part) == []


def test_an_answer_that_is_asked_for(look: Look, make: Make, home: Path, images: Path) -> None:  # noqa: F811
    run = judgeable(make("finished", **{"data.source": str(images), "data.image_size": 8}))
    for method in ("knn", "linear", "finetune"):
        jobs.ask(home, run.folder, Protocol(method=method))  # type: ignore[arg-type]
        assert look("evaluate", run=run.run_id, by=method) == []
    assert look("evaluate", run=run.run_id, labels="many") == []


# Sharing


@pytest.mark.usefixtures("shared")
def test_a_shared_lab(open_page: Open, make: Make, qps: str) -> None:
    run = judgeable(make("finished"))
    for name in ("lab", "augment", "train", "runs", "embeddings", "evaluate", "sign_in"):
        assert untold(open_page(name, lang=qps)) == []
    assert untold(open_page("runs", run=run.run_id, lang=qps)) == []
    page = open_page("sign_in", lang=qps)
    page.session_state["access_token"] = access.TOKENS.issue(WORD, access.passphrase_hash())
    assert untold(page.run()) == []


def test_a_joined_sentence_would_be_found() -> None:
    assert pseudo.is_joined("⟦a⟧ of ⟦b⟧") and pseudo.bare("⟦ŝţéþ⟧ done") == ["done"]
    assert not pseudo.is_joined("⟦a⟧, ⟦b⟧ and ⟦c⟧ `⟦`")
