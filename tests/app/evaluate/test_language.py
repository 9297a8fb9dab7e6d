"""What is chosen on the Evaluate page when somebody reads it in another language."""

from __future__ import annotations

from byol_core.runs.run import Run
from tests.app.evaluate.test_page import Show, images, nobody_works, run, show  # noqa: F401


def test_the_choices_of_the_form_hold_when_the_language_changes(show: Show, run: Run) -> None:  # noqa: F811
    page = show(by="knn", labels="10")
    page.session_state["language"] = "zh_CN"
    page.run()
    assert (page.selectbox(key="labels").value, page.session_state["by"]) == ("10", "knn") and not page.error
