"""Who may do what, shown by doing it: a viewer calls every action, whatever buttons there are."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed

from app.shared import access, image_source, pictures, state, surveys
from app.train import estimates
from byol_core import sharing
from byol_core.config import presets
from byol_core.errors import InputError, LabError
from byol_core.runs import export_zip, import_zip, library, queue, sweep
from byol_core.runs.run import Run
from byol_core.runs.store import RunStore
from tests.app.conftest import Make, Open, links, text

WORD = "blue-whale-42"
CONFIG = presets.get("first-look").config()
Action = Callable[[dict[str, Run]], Any]


class Photo:
    """A file as Streamlit hands it over."""

    file_id, name, size = "1", "photo.png", 10

    def getvalue(self) -> bytes:
        return b"not read"


# What a page does to the store, with runs by their state.
CHANGES: dict[str, Action] = {
    "create": lambda runs: state.store().create(CONFIG),
    "clone": lambda runs: state.store().clone(runs["finished"].run_id),
    "rename": lambda runs: state.store().rename(runs["finished"].run_id, "mine"),
    "resume": lambda runs: state.store().resume(runs["stopped"].run_id),
    "request_stop": lambda runs: state.store().request_stop(runs["running"].run_id),
    "delete": lambda runs: state.store().delete(runs["finished"].run_id),
    "tag": lambda runs: library.annotate(state.store(), runs["finished"].run_id, tags=["mine"]),
    "note": lambda runs: library.annotate(state.store(), runs["finished"].run_id, notes="mine"),
    "archive": lambda runs: library.archive(state.store(), [runs["finished"].run_id]),
    "throw": lambda runs: library.throw(state.store(), [runs["finished"].run_id]),
    "throw a waiting one": lambda runs: library.throw(state.store(), [runs["queued"].run_id]),
    "restore": lambda runs: library.restore(state.store(), [runs["thrown"].run_id]),
    "purge": lambda runs: library.purge(state.store()),
    "move": lambda runs: queue.move(state.store(), runs["queued"].run_id, "last"),
    "priority": lambda runs: queue.set_priority(state.store(), runs["queued"].run_id, 3),
    "cancel": lambda runs: queue.cancel(state.store(), runs["queued"].run_id),
    "sweep": lambda runs: sweep.create(state.store(), CONFIG, sweep.points({"seed": [1, 2]})),
}
# What else costs or shows something.
ACTS: dict[str, Action] = {
    "submit": lambda runs: state.executor().submit(runs["queued"].run_id),
    "stop": lambda runs: state.executor().stop(runs["running"].run_id),
    "upload": lambda runs: image_source.keep("set.zip", b"content", state.store().home),
    "measure": lambda runs: estimates.estimates().ask(CONFIG, 100),
}
# What is refused with a sentence in place of images.
SHOWN: dict[str, Callable[[Path], pictures.Pictures]] = {
    "a path": lambda folder: pictures.of_set(str(folder), 32),
    "a download": lambda folder: pictures.of_set("stl10", 32),
    "an upload": lambda folder: pictures.of_files([("photo.png", Photo())], 32),  # type: ignore[list-item]
}


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The server listens to the network, with a passphrase, and nobody has signed in."""
    monkeypatch.setattr(sharing, "LOG_COST", 10)
    monkeypatch.setattr(access, "TOKENS", sharing.TokenStore())
    monkeypatch.setenv(sharing.HASH_VARIABLE, sharing.hash_passphrase(WORD))
    monkeypatch.setenv("BYOL_LAB_DATA", str(tmp_path / "data"))
    with listening("0.0.0.0"):
        yield


@contextmanager
def listening(address: str | None) -> Iterator[None]:
    """The server listens at another address meanwhile."""
    before = st.get_option("server.address")
    st.config.set_option("server.address", address)
    try:
        yield
    finally:
        st.config.set_option("server.address", before)


@pytest.fixture
def runs(store: RunStore, make: Make) -> dict[str, Run]:
    """A run in each state, and one in the trash."""
    found = {name: make(name) for name in ("finished", "stopped", "running", "queued")} | {"thrown": make("finished")}
    library.throw(store, [found["thrown"].run_id])
    return found


def attempt(action: Callable[[], Any], *, token: str = "") -> str:
    """Do it inside a page; says how it was refused, or nothing."""

    def script(action):  # type: ignore[no-untyped-def]  # its text alone is run, without what is imported here
        import streamlit as st

        from byol_core.errors import InputError

        try:
            action()
        except InputError as error:
            st.session_state["said"] = str(error)

    page = AppTest.from_function(script, args=(action,), default_timeout=30)
    if token:
        page.session_state["access_token"] = token
    page.run()
    assert not page.exception
    return str(page.session_state["said"]) if "said" in page.session_state else ""


def everything(store: RunStore) -> tuple[list[Run], list[str]]:
    """All rows but their heartbeats, and all files of runs."""
    rows = [*store.runs(archived=None), *library.trash(store), *store.queue()]
    return rows, sorted(str(path) for path in store.home.rglob("*") if path.suffix not in (".lock", ".sqlite"))


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_changes_no_run(store: RunStore, runs: dict[str, Run]) -> None:
    before = everything(store)
    said = {name: attempt(partial(change, runs)) for name, change in CHANGES.items()}
    assert said == dict.fromkeys(CHANGES, "Only a teacher may change runs here; sign in first.")
    assert everything(store) == before


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_starts_and_uploads_nothing(store: RunStore, runs: dict[str, Run]) -> None:
    before = everything(store)
    said = {name: attempt(partial(act, runs)) for name, act in ACTS.items()}
    assert all(sentence.startswith("Only a teacher may ") for sentence in said.values()), said
    assert everything(store) == before


@pytest.mark.usefixtures("shared")
def test_a_teacher_does_all_of_it(runs: dict[str, Run]) -> None:
    token = access.TOKENS.issue(WORD, access.passphrase_hash())
    names = ("create", "clone", "rename", "tag", "note", "move", "priority", "sweep", "restore", "archive", "upload")
    said = {name: attempt(partial((CHANGES | ACTS)[name], runs), token=token) for name in names}
    assert said == dict.fromkeys(names, "")


@pytest.mark.usefixtures("shared", "home")
@pytest.mark.parametrize("name", SHOWN)
def test_whoever_looks_on_sees_only_sets_that_are_here(tmp_path: Path, name: str) -> None:
    found: list[pictures.Pictures] = []
    attempt(lambda: found.append(SHOWN[name](tmp_path)))
    assert len(found[0]) == 0
    assert found[0].complaints[0].startswith("Only a teacher may ")
    attempt(lambda: found.append(pictures.of_set("eurosat", 32)))
    assert len(found[1]) > 0


@pytest.mark.usefixtures("shared", "home")
def test_images_a_teacher_opened_by_path_are_hidden_from_viewers(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.ppm").write_bytes(b"P6 2 2 255\n" + bytes(12))
    found: list[pictures.Pictures] = []
    look = lambda: found.append(pictures.of_set(str(tmp_path), 32))  # noqa: E731
    attempt(look, token=access.TOKENS.issue(WORD, access.passphrase_hash()))
    attempt(look)
    assert [len(seen) > 0 for seen in found] == [True, False]


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_does_not_learn_what_lies_where(tmp_path: Path) -> None:
    said: list[Any] = []
    attempt(lambda: said.extend([image_source.problem(str(tmp_path)), image_source.problem("/no/such/place")]))
    attempt(lambda: said.extend([surveys.look(str(tmp_path)), surveys.look("/no/such/place")]))
    assert said[0] == said[1] == "Only a teacher may use images by their path here; sign in first."
    assert said[2:] == [surveys.UNKNOWN, surveys.UNKNOWN]


@pytest.mark.usefixtures("shared")
def test_a_store_object_stops_working_after_sign_out(runs: dict[str, Run]) -> None:
    token = access.TOKENS.issue(WORD, access.passphrase_hash())
    kept: list[RunStore] = []
    attempt(lambda: kept.append(state.store()), token=token)
    assert attempt(lambda: kept[0].rename(runs["finished"].run_id, "mine"), token=token) == ""
    access.TOKENS.revoke(token)
    assert "Only a teacher" in attempt(lambda: kept[0].rename(runs["finished"].run_id, "yours"), token=token)


@pytest.mark.usefixtures("shared")
def test_a_run_is_looked_into_but_not_brought_in(store: RunStore, make: Make, tmp_path: Path) -> None:
    packed = export_zip.pack(store, make("finished").run_id, tmp_path / "run.zip")
    before = everything(store)
    assert "Only a teacher" in attempt(lambda: import_zip.unpack(state.store(), packed))
    assert everything(store) == before


@pytest.mark.usefixtures("shared")
def test_a_reader_still_sees_a_lost_run_as_it_is(store: RunStore, make: Make) -> None:
    """Reading corrects stale rows; that is the server's work and not the viewer's."""
    run = make("finished")
    found: list[Run] = []
    assert attempt(lambda: found.extend(state.store().runs())) == ""
    assert [one.run_id for one in found] == [run.run_id]


@pytest.mark.parametrize("address", [None, "0.0.0.0", "192.168.1.5"])
def test_a_network_server_without_a_passphrase_allows_no_sign_in(open_page: Open, address: str | None) -> None:
    with listening(address):
        page = open_page("sign_in")
        assert "No passphrase is set, so nobody can sign in" in text(page)
        assert page.code[0].value == "byol app --share"
        assert "No passphrase is set" in attempt(lambda: access.sign_in(WORD))


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_on_a_loopback_address_everybody_is_a_teacher(open_page: Open, address: str) -> None:
    with listening(address):
        assert attempt(lambda: access.require("start runs")) == ""
        assert "Only this machine reaches this dashboard" in text(open_page("sign_in"))


def test_a_passphrase_counts_on_a_loopback_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sharing.HASH_VARIABLE, sharing.hash_passphrase(WORD))
    assert attempt(lambda: access.require("start runs")) != ""


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x-forwarded-host", "Forwarded"])
def test_behind_a_proxy_a_loopback_address_is_open(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    from streamlit.runtime.context import ContextProxy, StreamlitHeaders

    monkeypatch.setattr(ContextProxy, "headers", StreamlitHeaders([(header, "203.0.113.9")]))
    assert attempt(lambda: access.require("start runs")) != ""


@pytest.mark.parametrize(
    ("origin", "alone"),
    [("http://localhost:8501", True), ("http://[::1]:8501", True), ("https://lab.school.example", False)],
)
def test_a_proxy_that_says_nothing_is_told_by_the_address_bar(
    monkeypatch: pytest.MonkeyPatch, origin: str, alone: bool
) -> None:
    from streamlit.runtime.context import ContextProxy, StreamlitHeaders

    monkeypatch.setattr(ContextProxy, "headers", StreamlitHeaders([("Origin", origin)]))
    assert (attempt(lambda: access.require("start runs")) == "") == alone


@pytest.mark.parametrize(
    ("said", "counts"), [(None, True), (True, True), ("true", True), (False, False), ("false", False), ("", False)]
)
def test_an_email_counts_unless_its_provider_says_unverified(
    monkeypatch: pytest.MonkeyPatch, said: object, counts: bool
) -> None:
    signed_in(monkeypatch, email_verified=said)
    assert access.account() == ("ada@school.example" if counts else "")


def signed_in(monkeypatch: pytest.MonkeyPatch, **claims: object) -> None:
    """An account of the organization, as Streamlit tells a session of it."""
    told = {"is_logged_in": True, "email": "Ada@School.example", "iat": 1, **claims}
    monkeypatch.setattr(access, "has_accounts", lambda: True)
    monkeypatch.setattr(st, "user", told)
    monkeypatch.setenv(access.TEACHERS_VARIABLE, "ada@school.example")


@pytest.mark.usefixtures("shared")
def test_signing_out_in_one_tab_ends_the_account_in_all_tabs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "_left", {})
    signed_in(monkeypatch)
    before = access.permit()
    assert before.holds()
    attempt(access.sign_out)
    assert not before.holds() and not access.is_teacher() and access.has_signed_out()
    signed_in(monkeypatch, iat=2)
    assert access.is_teacher()


@pytest.mark.usefixtures("shared")
def test_a_class_that_looks_on_has_stale_runs_corrected_once(
    store: RunStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from byol_core.runs import store as module

    make("finished")
    looks: list[RunStore] = []
    monkeypatch.setattr(module, "REPAIR_SECONDS", 3600.0)
    monkeypatch.setattr(module, "repair", looks.append)
    attempt(lambda: [state.store().runs() for _ in range(5)])
    assert len(looks) == 1 and looks[0] is state._store(str(store.home))


def sent(page: AppTest) -> Any:
    """The button under the passphrase."""
    return next(button for button in page.button if button.label == "Sign in")


@pytest.mark.usefixtures("shared")
def test_the_form_makes_a_teacher_and_sign_out_undoes_it(open_page: Open) -> None:
    page = open_page("sign_in")
    page.text_input(key="passphrase").set_value("not the one")
    sent(page).click().run()
    assert page.error[0].value == "That is not the passphrase."
    page.text_input(key="passphrase").set_value(WORD)
    sent(page).click().run()
    assert "You are signed in" in text(page)
    page.button(key="sign_out").click().run()
    assert page.text_input(key="passphrase") and "You are signed in" not in text(page)


@pytest.mark.usefixtures("shared")
def test_a_token_is_refused_in_another_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    token = access.TOKENS.issue(WORD, access.passphrase_hash(), "a browser")
    said = {}
    for browser in ("a browser", "another", ""):
        monkeypatch.setattr(access, "_browser", lambda browser=browser: browser)
        said[browser] = attempt(partial(access.require, "start runs"), token=token)
    refused = "Only a teacher may start runs here; sign in first."
    assert said == {"a browser": "", "another": refused, "": refused}


@pytest.mark.usefixtures("shared")
def test_a_signed_out_tab_makes_the_browser_forget_its_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "_browser", lambda: "a browser")
    token = access.TOKENS.issue(WORD, access.passphrase_hash(), "a browser")
    access.TOKENS.revoke(token)

    def ask() -> None:
        raise InputError(" ".join(access.stale_tokens()))

    assert attempt(ask, token=token) == token


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("page", ["lab", "augment", "train"])
def test_where_somebody_would_have_to_sign_in_is_the_way_there(open_page: Open, page: str) -> None:
    opened = open_page(page)
    assert "sign in first" in text(opened) and "Sign in" in links(opened)


@pytest.mark.usefixtures("shared")
def test_what_was_refused_brings_the_way_to_sign_in(open_page: Open) -> None:
    page = open_page("runs")
    assert "Sign in" not in links(page)
    page.session_state[access.REFUSED] = True
    assert "Sign in" in links(page.run())
    assert "Sign in" not in links(page.run())


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_learns_no_path_from_a_failure(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("runs")

    def fail(*_: Any, **__: Any) -> Any:
        raise LabError("The home of the runs '/srv/secret place' cannot be written (full).")

    monkeypatch.setattr(state, "store", fail)
    page.run()
    assert [error.value for error in page.error] == [
        "The home of the runs a folder of this machine cannot be written (full)."
    ]


@pytest.mark.usefixtures("shared")
def test_train_is_closed_to_those_who_look_on(open_page: Open) -> None:
    page = open_page("train", **{"data.source": "/etc/passwd"})
    assert "Only a teacher may start runs here; sign in first." in text(page)
    assert "passwd" not in text(page) and not page.text_input and not page.selectbox


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("page", ["lab", "augment", "runs", "embeddings"])
def test_every_page_opens_for_those_who_look_on(open_page: Open, make: Make, page: str) -> None:
    make("finished")
    opened = open_page(page)
    assert not opened.error
    assert not [button.key for button in opened.button if button.disabled and not button.key.startswith("bulk_")]
    assert ("sign in first" in text(opened)) == ("Sign in" in links(opened))


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://localhost:8501", "localhost:8501", True),
        (None, "127.0.0.1:8501", True),
        ("http://evil.example", "localhost:8501", False),
        ("http://evil.example:8501", "evil.example:8501", False),  # a name that somebody points at this machine
        ("null", "localhost:8501", False),
    ],
)
def test_a_foreign_page_gets_no_connection(origin: str | None, host: str, allowed: bool) -> None:
    assert _is_origin_allowed(origin, host) == allowed


def test_the_protections_of_the_server_stay_on() -> None:
    assert st.get_option("server.enableXsrfProtection") and st.get_option("server.enableCORS")
    assert not st.get_option("server.enableAgentApi") and not st.get_option("server.trustedUserHeaders")
    assert "*" not in st.get_option("server.allowedHosts")


def test_a_listed_address_is_told_however_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(access.TEACHERS_VARIABLE, " Ada@School.example; bob@school.example,,")
    assert access.teachers() == {"ada@school.example", "bob@school.example"}
    monkeypatch.delenv(access.TEACHERS_VARIABLE)
    assert access.teachers() == set()


def test_what_a_run_is_called_is_text_and_not_markup(open_page: Open, store: RunStore, make: Make) -> None:
    run = store.rename(make("finished").run_id, "[win](https://evil.example) <img src=x>")
    page = open_page("runs", run=run.run_id)
    assert page.title[0].value == r"\[win\](https\://evil.example) \<img src=x\>"


def test_outside_of_a_page_nobody_is_a_teacher_of_an_open_server() -> None:
    with pytest.raises(LabError, match="Only a teacher may start runs here"), listening("0.0.0.0"):
        access.require("start runs")


# Where only a teacher may do something, its name is the last argument of these, or the only one.
ASKING = {"require": 0, "refusal": 0, "ask": 0, "closed": 1}


def names_of_actions() -> Iterator[str]:
    """What the pages call the actions that are a teacher's, where they say it in place."""
    for file in sorted(Path(access.__file__).parents[1].rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING:
                given = node.args[ASKING[node.func.attr] :][:1]
                yield from (part.value for part in given if isinstance(part, ast.Constant))


def test_every_action_of_a_teacher_has_its_refusal() -> None:
    named = set(names_of_actions())
    assert len(named) > 10 and named <= set(access.REFUSALS)
    for doing, refusal in access.REFUSALS.items():
        assert refusal == f"Only a teacher may {doing} here; sign in first."
