"""What stands before Streamlit, and what those who look on may have computed."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from app.embeddings import timeline
from app.middleware import guard
from app.middleware.asgi import Message, Receive, Scope, Send
from app.middleware.guard import HEADERS, Guard
from app.shared import access, pictures
from byol_core import embeddings
from byol_core.embeddings import Film, MapSettings, Snapshot
from byol_core.errors import LabError
from byol_core.jobs import Job
from tests.app.embeddings.test_page import make_run  # noqa: F401 (a fixture)
from tests.app.shared.test_access import WORD, attempt, shared  # noqa: F401 (a fixture)

UPLOAD = "/_stcore/upload_file/{}/1"


async def _served(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": [(b"x-own", b"1")]})


BROWSER, OTHER = ("_streamlit_xsrf=" + generate_xsrf_token_string(secret * 16, 1) for secret in (b"a", b"b"))


def asked(path: str, method: str = "GET", cookie: str = BROWSER, **headers: str) -> Message:
    """How an application behind the guard answers."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    named = [(name.encode(), value.encode()) for name, value in (headers | {"cookie": cookie}).items()]
    scope = {"type": "http", "path": path, "method": method, "headers": named, "client": ("192.0.2.9", 1)}
    with ThreadPoolExecutor(1) as elsewhere:  # a browser of other tests may keep a loop running in this thread
        elsewhere.submit(asyncio.run, Guard(_served)(scope, receive, send)).result()
    return sent[0]


@pytest.mark.parametrize(
    ("headers", "said"),
    [({"accept-language": "zh-CN,zh;q=0.9"}, "zh_CN"), ({"cookie": "byol_lab_lang=zh_CN"}, "zh_CN"), ({}, "en")],
)
def test_a_refusal_is_in_the_language_of_the_browser(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], said: str
) -> None:
    monkeypatch.delenv("BYOL_LAB_LANG", raising=False)
    monkeypatch.setattr(guard, "tell", lambda sentence, code: code)
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert guard._in_words("Too many.", {"type": "http", "headers": named}) == said


def opened(*sessions: str) -> None:
    """These sessions were opened by the browser."""
    for session in sessions:
        access.note_browser(session, browser_of(BROWSER))


def browser_of(cookie: str) -> str:
    return access.browser_of({"_streamlit_xsrf": cookie.partition("=")[2]})


@pytest.mark.parametrize("path", ["metrics", "script-health-check", "agent/mcp", "agent/openapi.json"])
@pytest.mark.parametrize("base", ["", "/lab"])
def test_what_is_for_whoever_runs_many_servers_is_closed(base: str, path: str) -> None:
    assert asked(f"{base}/_stcore/{path}")["status"] == 404
    assert asked(f"{base}/_stcore/health")["status"] == 204


def test_every_answer_has_the_headers() -> None:
    found = dict(asked("/")["headers"])
    assert found == {b"x-own": b"1"} | {name.lower().encode(): value.encode() for name, value in HEADERS.items()}


@pytest.mark.parametrize("path", ["/_stcore/upload_file/{}/1", "/lab/_stcore/upload_file/{}/1"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_an_upload_is_for_the_sessions_of_teachers(monkeypatch: pytest.MonkeyPatch, path: str, method: str) -> None:
    monkeypatch.setattr(access, "_teaching", {"one": access.Permit(until=math.inf)})
    opened("one")
    assert asked(path.format("one"), method)["status"] == 204
    assert asked(path.format("one"), method, OTHER)["status"] == 403  # who knows the id alone is somebody else
    assert asked(path.format("one"), method, "")["status"] == 403
    assert asked(path.format("another"), method)["status"] == 403
    assert asked(path.format("another"), "OPTIONS")["status"] == 204


@pytest.mark.parametrize("base", ["", "lab", "a/b"])
def test_no_address_of_streamlits_takes_a_file_unguarded(base: str) -> None:
    from streamlit.web.server.starlette import starlette_routes as streamlit

    nothing: Any = None
    routes: list[Any] = streamlit.create_upload_routes(nothing, nothing, base)
    taking = [(route.path, method) for route in routes for method in route.methods - {"GET", "HEAD", "OPTIONS"}]
    assert {method for _, method in taking} == {"PUT", "DELETE"}
    for path, method in taking:
        assert asked(path.format(session_id="another", file_id="1"), method)["status"] == 403


@pytest.mark.usefixtures("shared")
def test_who_has_signed_out_uploads_nothing_more_from_any_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (access.TOKENS.issue(WORD, access.passphrase_hash(), "a browser") for _ in range(2))
    monkeypatch.setattr(access, "_teaching", {"one": access.Permit((first,)), "two": access.Permit((second,))})
    monkeypatch.setattr(access, "_browser", lambda: "a browser")
    opened("one", "two")
    assert [asked(UPLOAD.format(session), "PUT")["status"] for session in ("one", "two")] == [204, 204]
    attempt(access.sign_out, token=first)
    assert [asked(UPLOAD.format(session), "PUT")["status"] for session in ("one", "two")] == [403, 403]


def note(token: str) -> bool:
    """Open a page, with the token of a teacher or none; says whether its session counts as a teacher's."""

    def script() -> None:
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        from app.shared import access

        access.note_session()
        context = get_script_run_ctx()
        assert context is not None
        access.note_browser(context.session_id, "mine")
        st.session_state["teaching"] = access.is_teachers_session(context.session_id, "mine")

    page = AppTest.from_function(script, default_timeout=30)
    page.session_state["access_token"] = token
    return bool(page.run().session_state["teaching"])


@pytest.mark.usefixtures("shared")
def test_a_session_counts_as_a_teachers_for_as_long_as_it_is() -> None:
    token = access.TOKENS.issue(WORD, access.passphrase_hash())
    assert [note(""), note(token), note("")] == [False, True, False]


class _Films:
    """Stands where the worker is asked: what was asked of it, and where that stands from then on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[MapSettings] = []
        monkeypatch.setattr(embeddings, "film", self.film)
        monkeypatch.setattr(timeline, "_asked_for", [])

    def film(
        self,
        home: Path,
        snapshot: Snapshot,
        space: str,
        settings: MapSettings,
        *,
        first: int,
        whole: bool,
        start: bool = True,
    ) -> Film:
        if start and settings not in self.started:
            time.sleep(0.2)  # its process takes a moment to be there
            self.started.append(settings)
        steps = tuple(one.step for one in snapshot.evaluations)
        xy = np.full((len(steps), len(snapshot), 2), np.nan, np.float32)
        unknown = np.full(len(steps), np.nan, np.float32)
        job = Job("running" if settings in self.started else "absent")
        return Film(steps, xy, unknown, unknown, np.full((len(steps), 2), np.nan, np.float32), job)


def look(snapshot: Snapshot, settings: MapSettings, step: int = 320, over: bool = True) -> Job:
    """What a viewer gets in place of that map."""
    found = timeline.shown(
        snapshot.folder, snapshot, snapshot.evaluation(step), "pixels", settings, whole=True, over=over
    )
    assert found.method == "PCA" and found.job is not None
    return found.job


@pytest.mark.usefixtures("shared")
def test_whoever_looks_on_has_only_the_usual_map_computed(make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    snapshot = embeddings.read_snapshot(make_run(n=30).folder / "embeddings")
    films, found = _Films(monkeypatch), list[Job]()
    for settings in (MapSettings(seed=7), MapSettings(), MapSettings(neighbors=3)):
        attempt(lambda: found.append(look(snapshot, settings)))  # noqa: B023
    attempt(lambda: found.append(look(snapshot, MapSettings("t-SNE"), step=0)))
    assert films.started == [MapSettings()]
    assert [job.state for job in found] == ["failed", "running", "failed", "failed"]
    assert "Only a teacher may compute maps with other settings" in found[0].message
    assert "Only a teacher may compute maps of earlier evaluations" in found[3].message


@pytest.mark.usefixtures("shared")
def test_a_viewer_cannot_start_a_map_of_a_run_in_progress(
    make_run: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshot = embeddings.read_snapshot(make_run(n=30).folder / "embeddings")
    films, found = _Films(monkeypatch), list[Job]()
    attempt(lambda: found.append(look(snapshot, MapSettings(), over=False)))
    assert films.started == [] and found == [Job("absent", message="UMAP is made when the run has ended.")]
    for _ in range(3):
        attempt(lambda: found.append(look(snapshot, MapSettings())))
    assert films.started == [MapSettings()]


@pytest.mark.usefixtures("shared")
def test_those_who_look_on_keep_one_process_busy_and_no_more(make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    snapshot = embeddings.read_snapshot(make_run(n=30).folder / "embeddings")
    films, found = _Films(monkeypatch), list[Job]()
    for method in ("UMAP", "t-SNE"):
        attempt(lambda: found.append(look(snapshot, MapSettings(method))))  # noqa: B023
    assert films.started == [MapSettings("UMAP")]
    assert found[1].message == "Waiting for another map."


@pytest.mark.usefixtures("shared")
def test_a_map_of_a_deleted_run_holds_nobody_up(make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    gone, snapshot = (embeddings.read_snapshot(make_run(n=30).folder / "embeddings") for _ in range(2))
    films, found = _Films(monkeypatch), list[Job]()
    film = embeddings.film

    def deleted(home: Path, asked: Snapshot, *more: Any, **kinds: Any) -> Film:
        if asked is gone:
            raise LabError("The file is missing.")
        return film(home, asked, *more, **kinds)

    monkeypatch.setattr(embeddings, "film", deleted)
    timeline._asked_for[:] = [(gone, gone.evaluations[-1], "representation", MapSettings())]
    attempt(lambda: found.append(look(snapshot, MapSettings())))
    assert [job.state for job in found] == ["running"] and films.started == [MapSettings()]


@pytest.mark.usefixtures("shared")
def test_the_same_map_of_another_run_waits(make_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    first, other = (embeddings.read_snapshot(make_run(n=30).folder / "embeddings") for _ in range(2))
    films, found = _Films(monkeypatch), list[Job]()
    for snapshot in (first, other):
        attempt(lambda: found.append(look(snapshot, MapSettings())))  # noqa: B023
    assert len(films.started) == 1 and found[1].message == "Waiting for another map."


def test_of_simultaneous_viewers_only_one_gets_the_process(
    make_run: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshot = embeddings.read_snapshot(make_run(n=30).folder / "embeddings")
    films, found, together = _Films(monkeypatch), list[Job](), threading.Barrier(2)
    monkeypatch.setattr(access, "is_teacher", lambda: False)

    def ask(method: str) -> None:
        together.wait()
        found.append(look(snapshot, MapSettings(method)))

    threads = [threading.Thread(target=ask, args=(method,)) for method in ("UMAP", "t-SNE")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(job.state for job in found) == ["absent", "running"]
    assert len(films.started) == 1


def test_a_download_is_refused_where_it_would_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from byol_core.data import remote
    from byol_core.data.catalog import find
    from byol_core.errors import InputError

    monkeypatch.setenv("BYOL_LAB_DATA", str(tmp_path))
    entry = find("imagenette")
    assert entry is not None
    (tmp_path / "imagenette2-160").mkdir()
    assert remote.is_here(entry, 64) and not remote.is_here(entry, 224)
    with remote.no_downloads(), pytest.raises(InputError, match="is not on this machine"):
        remote.load_remote(entry, 64, None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["imagenette2-160"]


class _Upload:
    def __init__(self, number: int, size: int = 24) -> None:
        self.file_id, self.size = f"upload-{number}", size

    def getvalue(self) -> bytes:
        return b"P6 2 2 255\n" + bytes(12)


def test_uploaded_pictures_have_a_number_and_a_size() -> None:
    files: list[Any] = [(f"{number}.ppm", _Upload(number)) for number in range(pictures.MOST_FILES + 5)]
    files[1] = ("large.ppm", _Upload(-1, pictures.MOST_FILE_BYTES + 1))
    found = pictures.of_files(files, 8)
    assert len(found) == pictures.MOST_FILES - 1
    assert found.complaints[0] == "Only the first 64 of the 69 images are shown."
    assert found.complaints[1] == "large.ppm is not shown: larger than 32 MB."
