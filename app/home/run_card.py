"""A run as a card: name, state, how well it did, and its loss as a small line."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.shared import formatting
from app.shared.language import _, tell
from byol_core.evaluation.intervals import Accuracy
from byol_core.evaluation.summary import within
from byol_core.runs import accuracies
from byol_core.runs.run import LIVE, Run


def draw(run: Run, losses: Sequence[float]) -> None:
    """One card, with the button that opens the run."""
    look = formatting.LOOKS[run.state]
    with st.container(border=True, height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{formatting.plain(run.name)}**", width="content")
            with st.container(horizontal=True, width="content", gap="xsmall"):
                for shown in (look, formatting.ALARM) if run.alarm else (look,):
                    st.badge(tell(shown.label), icon=shown.icon, color=shown.color)
        label, value, found = _headline(run)
        st.metric(
            label,
            value,
            tell(within(found)) if found else None,
            delta_color="off",
            delta_arrow="off",
            chart_data=list(losses) if len(losses) > 1 else None,
        )
        if len(losses) > 1:
            first, last = formatting.number(losses[0], 2), formatting.number(losses[-1], 2)
            st.caption(_("Line: the loss, from {first} to {last}", first=first, last=last))
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            moment = run.ended or run.started or run.created
            st.caption(f"{formatting.plain(formatting.data_name(run))} · {formatting.ago(moment)}", width="content")
            st.page_link(
                "runs/page.py",
                label=_("Open"),
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params={"run": run.run_id},
            )


def _headline(run: Run) -> tuple[str, str, Accuracy | None]:
    if run.state == "queued":
        return _("Progress"), _("not started"), None
    if run.state in LIVE:
        return _("Progress"), f"{formatting.share_done(run):.0%}", None
    accuracy = formatting.results(run).get("knn_accuracy")
    if accuracy is not None:
        found = accuracies.at_end(run).get(accuracies.ACCURACY)
        on = _("kNN on {images}", images=formatting.images(found)) if found else _("kNN on the test images")
        return on, formatting.number(accuracy), found
    if run.summary and not run.summary.get("stopped"):
        return _("Loss (no labels, so no kNN)"), formatting.number(run.summary.get("loss")), None
    return _("Progress"), f"{formatting.share_done(run):.0%}", None
