"""Where the class goes, on the pages of a teacher."""

from __future__ import annotations

import pytest

from app.shared import access
from byol_core import sharing
from tests.app.conftest import Open, text
from tests.app.shared.test_access import WORD, shared  # noqa: F401 (a fixture)


@pytest.fixture(autouse=True)
def _cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "addresses", lambda: ["192.168.1.5", "10.0.0.7"])


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("name", ["lab", "sign_in"])
def test_a_teacher_sees_the_address_and_its_code(open_page: Open, name: str) -> None:
    page = open_page(name)
    assert "192.168.1.5" not in text(page) and not page.get("image")
    page.session_state["access_token"] = access.TOKENS.issue(WORD, access.passphrase_hash())
    page.run()
    assert "192.168.1.5\\:8501" in [header.value for header in page.header]
    assert "10.0.0.7:8501" in text(page)
    (image,) = page.get("image")
    assert image.proto.imgs[0].alt == "QR code of http://192.168.1.5:8501"


def test_who_is_alone_with_the_machine_has_nothing_to_share(open_page: Open) -> None:
    page = open_page("lab")
    assert "192.168.1.5" not in text(page) and not page.get("image")
