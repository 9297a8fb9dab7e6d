"""Export of selected runs: all their curves as one table, or the runs themselves as a zip that imports elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.shared import access, downloads, state
from app.shared.language import N_, _, tell
from byol_core.runs.run import Run

FORMATS = {"csv": "CSV", "parquet": "Parquet", "zip": "Zip"}
_MEANING = {
    "csv": N_("All curves of the selected runs as one table, a row per point."),
    "parquet": N_("All curves of the selected runs as one table, with types; small and quick to read."),
    "zip": N_("Settings, curves, log, newest checkpoint, encoder and maps: imports into another lab."),
}


def draw(ticked: Sequence[Run]) -> None:
    """The button, and behind it the format and the download."""
    popover = st.popover(
        _("Export"), icon=":material/download:", disabled=not ticked, key="bulk_export", on_change="rerun"
    )
    if not (popover.open and ticked):
        return
    with popover:
        offered = [kind for kind in FORMATS if kind != "zip" or access.is_teacher()]
        chosen = st.segmented_control(
            _("Format"),
            offered,
            default="csv",
            required=True,
            format_func=FORMATS.__getitem__,
            key="export_format",
        )
        st.caption(tell(_MEANING[chosen]))
        name = file_name(ticked, chosen)
        label = _("Download {file}", file=name)
        downloads.button(label, name, state.store(), ticked, chosen, type="primary", key="export_now")


def file_name(runs: Sequence[Run], kind: str) -> str:
    """What the file is called."""
    name = f"{'runs' if kind == 'zip' else 'metrics'}.{kind}"
    if len(runs) > 1:
        return name
    return f"{runs[0].run_id}.zip" if kind == "zip" else f"{runs[0].run_id}-{name}"
