"""A lab that is opened to the network, in real browsers: who views, who teaches, and what no browser gets."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from byol_core.sharing import HASH_VARIABLE, hash_passphrase
from tests.browser.conftest import PATIENCE, Served
from tests.browser.oidc import CLIENT, SECRET, provider
from tests.serving import serving, streamlit

WORD = "blue-whale-42"
SESSION = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OPEN_SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@contextmanager
def serve(folder: Path, arguments: Callable[[int], list[str]], **environment: str) -> Iterator[Served]:
    home, log = folder / "home", folder / "server.log"
    kept = {name: value for name, value in os.environ.items() if name != HASH_VARIABLE}
    with serving(arguments, log, {**kept, "BYOL_LAB_HOME": str(home), **environment}) as url:
        yield Served(url, home, log)
    said = log.read_text().replace("AuthlibDeprecationWarning", "")  # which concerns Authlib alone
    assert re.findall(r"^.*(?:Traceback|Error).*$", said, re.M) == []


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    def arguments(port: int) -> list[str]:
        return ["byol_core.cli", "app", "--share", "--port", str(port)]

    with serve(tmp_path_factory.mktemp("shared"), arguments, **{HASH_VARIABLE: hash_passphrase(WORD)}) as app:
        yield app


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


def in_menu(page: Page, title: str) -> int:
    return page.get_by_test_id("stTopNavLink").filter(has_text=title).count()


def sign_in(page: Page, lab: Served, word: str = WORD) -> None:
    page.goto(f"{lab.url}/sign-in")
    page.get_by_label("Passphrase", exact=True).fill(word)
    page.get_by_test_id("stMain").get_by_role("button", name="Sign in").click()


def test_it_says_where_the_class_goes(lab: Served) -> None:
    said = lab.log.read_text()
    assert f"A teacher signs in with the passphrase of {HASH_VARIABLE}" in said
    assert WORD not in said
    assert "Address for the class:" in said


def test_a_class_looks_on_and_is_offered_no_training(context: BrowserContext, lab: Served) -> None:
    page = context.new_page()
    page.goto(f"{lab.url}/runs?run=byol-tiny")
    expect(page.get_by_role("heading", name="byol-tiny", level=1)).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink").filter(has_text="Sign in")).to_be_visible()
    assert in_menu(page, "Train") == 0
    page.goto(f"{lab.url}/train?data.source=/etc")
    expect(page.get_by_text("Only a teacher may start runs here; sign in first.")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_have_count(0)


def test_a_teacher_stays_signed_in_across_reloads_and_tabs(browser: Browser, lab: Served) -> None:
    context, other = browser.new_context(), browser.new_context()
    for each in (context, other):
        each.set_default_timeout(PATIENCE)
    page, viewer = context.new_page(), other.new_page()
    sign_in(page, lab, "not the passphrase")
    expect(page.get_by_text("That is not the passphrase.")).to_be_visible()
    sign_in(page, lab)
    expect(page.get_by_text("You are signed in")).to_be_visible()
    page.wait_for_function("document.cookie.includes('byol_lab_teacher')")
    page.reload()
    expect(page.get_by_text("You are signed in")).to_be_visible()
    tab = context.new_page()
    tab.goto(f"{lab.url}/train")
    expect(tab.get_by_role("button", name="Start training")).to_be_visible()
    viewer.goto(f"{lab.url}/sign-in")
    expect(viewer.get_by_label("Passphrase", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Passphrase", exact=True)).to_be_visible()
    page.wait_for_function("!document.cookie.includes('byol_lab_teacher')")
    tab.get_by_role("button", name="Start training").click()  # the tab was left open, and still shows it
    expect(tab.get_by_text("Only a teacher may start runs here; sign in first.")).to_be_visible()
    assert [run.name for run in lab.store.runs()] == ["byol-tiny"]
    context.close()
    other.close()


def test_signing_out_in_one_tab_signs_out_the_other_tabs(context: BrowserContext, lab: Served) -> None:
    first, second = context.new_page(), context.new_page()
    for page in (first, second):  # both are open, and without a cookie, before either signs in
        page.goto(f"{lab.url}/sign-in")
        expect(page.get_by_label("Passphrase", exact=True)).to_be_visible()
    for page in (first, second):
        page.get_by_label("Passphrase", exact=True).fill(WORD)
        page.get_by_test_id("stMain").get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("You are signed in")).to_be_visible()
    first.get_by_role("button", name="Sign out").click()
    expect(first.get_by_label("Passphrase", exact=True)).to_be_visible()
    second.get_by_test_id("stTopNavLink").filter(has_text="Train").click()
    expect(second.get_by_text("Only a teacher may start runs here; sign in first.")).to_be_visible()
    second.wait_for_function("!document.cookie.includes('byol_lab_teacher')")


def test_a_stolen_or_made_up_cookie_is_of_no_use(context: BrowserContext, lab: Served) -> None:
    name = f"byol_lab_teacher_{lab.url.rpartition(':')[2]}"
    context.add_cookies([{"name": name, "value": "x" * 43, "url": lab.url}])
    page = context.new_page()
    page.goto(f"{lab.url}/train")
    expect(page.get_by_text("Only a teacher may start runs here")).to_be_visible()


@pytest.mark.complains("/_stcore/upload_file/")
def test_a_session_that_looks_on_uploads_nothing(context: BrowserContext, lab: Served) -> None:
    found: list[bytes] = []

    def read(frame: str | bytes) -> None:
        found.extend(SESSION.findall(frame if isinstance(frame, bytes) else frame.encode()))

    page = context.new_page()
    page.on("websocket", lambda connection: connection.on("framereceived", read))
    page.goto(f"{lab.url}/augment")
    expect(page.get_by_role("heading", name="Augment", level=1)).to_be_visible()
    statuses = {put_file(page, lab, session.decode()) for session in set(found)}
    assert statuses == {403}
    sign_in(page, lab)
    expect(page.get_by_text("You are signed in")).to_be_visible()
    assert 204 in {put_file(page, lab, session.decode()) for session in set(found)}


def put_file(page: Page, lab: Served, session: str) -> int:
    """What Streamlit's own uploader sends, for some session; says the answer's status."""
    script = """async ([url]) => {
        const form = new FormData(), cookie = document.cookie.match(/_streamlit_xsrf=([^;]+)/)
        form.append("file", new Blob(["content"]), "photo.png")
        const headers = cookie ? { "X-Xsrftoken": cookie[1] } : {}
        return (await fetch(url, { method: "PUT", body: form, headers })).status
    }"""
    return int(page.evaluate(script, [f"{lab.url}/_stcore/upload_file/{session}/file-1"]))


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:{port}", "http://localhost:{port}", 101),
        ("localhost:{port}", "http://evil.example", 403),
        ("evil.example:{port}", "http://evil.example:{port}", 403),
    ],
)
def test_other_sites_get_no_connection(lab: Served, host: str, origin: str, status: int) -> None:
    port = lab.url.rpartition(":")[2]
    connection = http.client.HTTPConnection("localhost", int(port), timeout=20)
    headers = OPEN_SOCKET | {"Host": host.format(port=port), "Origin": origin.format(port=port)}
    connection.request("GET", "/_stcore/stream", headers=headers)
    assert connection.getresponse().status == status
    connection.close()


def test_no_other_site_may_frame_it(lab: Served) -> None:
    connection = http.client.HTTPConnection(lab.url.removeprefix("http://"), timeout=20)
    connection.request("GET", "/")
    headers = connection.getresponse().headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    connection.close()


def test_an_account_of_the_organization_signs_in(browser: Browser, tmp_path: Path) -> None:
    with provider() as school:

        def arguments(port: int) -> list[str]:
            secrets = tmp_path / "secrets.toml"
            settings = {
                "redirect_uri": f"http://localhost:{port}/oauth2callback",
                "cookie_secret": "a-long-secret-for-this-test-alone",
                "client_id": CLIENT,
                "client_secret": SECRET,
                "server_metadata_url": f"{school.url}/.well-known/openid-configuration",
            }
            secrets.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in settings.items()))
            return streamlit("app/main.py", f"--secrets.files={secrets}")(port)

        with serve(tmp_path, arguments, BYOL_LAB_TEACHERS="Ada@school.example, unverified@school.example") as app:
            for email in ("pupil@school.example", "unverified@school.example"):
                assert "this account has view-only access" in log_in(browser, app, email)
            assert "You are signed in as ada@school.example" in log_in(browser, app, "ada@school.example")


def log_in(browser: Browser, app: Served, email: str) -> str:
    """Sign in at the provider in a fresh browser; says what the lab then says."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"{app.url}/sign-in")
    page.get_by_role("button", name="Sign in with your account").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{app.url}/**")
    expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()
    page.goto(f"{app.url}/sign-in")
    expect(page.get_by_text(re.compile("this account has view-only|You are signed in")).first).to_be_visible()
    said = page.get_by_test_id("stMain").inner_text()
    context.close()
    return said
