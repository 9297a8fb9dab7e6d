"""Export of the ticked runs: all their curves as one table, or the runs themselves as a zip that imports elsewhere."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from app import access, state
from byol_core.runs import library, portable
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore

# What the server holds in memory for a download; more than that is for 'byol pack'.
MOST_BYTES = 500_000_000
FORMATS = {"CSV": "csv", "Parquet": "parquet", "Zip": "zip"}
_MEANING = {
    "CSV": "All curves of the ticked runs as one table, a line a point.",
    "Parquet": "All curves of the ticked runs as one table, with types; small and quick to read.",
    "Zip": "Settings, curves, log, newest checkpoint, encoder and maps: imports into another lab.",
}


def draw(ticked: Sequence[Run]) -> None:
    """The button, and behind it the format and the download."""
    popover = st.popover(
        "Export", icon=":material/download:", disabled=not ticked, key="bulk_export", on_change="rerun"
    )
    if not (popover.open and ticked):
        return
    with popover:
        offered = [name for name in FORMATS if name != "Zip" or access.is_teacher()]
        chosen = st.segmented_control("Format", offered, default="CSV", required=True, key="export_format")
        st.caption(_MEANING[chosen])
        if chosen == "Zip" and (complaint := too_large(ticked)):
            st.warning(complaint)
            return
        name, make = _file(ticked, FORMATS[chosen])
        st.download_button(
            f"Download {name}",
            make,
            file_name=name,
            icon=":material/download:",
            type="primary",
            key="export_now",
            on_click="ignore",
        )


def too_large(runs: Sequence[Run]) -> str:
    """Why these runs cannot be sent through the browser; empty when they can."""
    size = sum(map(library.size_of, runs))
    if size <= MOST_BYTES:
        return ""
    return f"These runs hold {size / 1e9:.1f} GB, too much for the browser; 'byol pack RUN --out FILE.zip' writes it."


def _file(runs: Sequence[Run], kind: str) -> tuple[str, Callable[[], bytes]]:
    """The name of the file, and what makes it when somebody asks for it: by then Streamlit no longer knows who."""
    if kind == "zip":
        access.require("export whole runs")
    store, ids = state.store(), [run.run_id for run in runs]
    makers = {"csv": metrics_csv, "parquet": metrics_parquet, "zip": zipped}
    name = f"{'runs' if kind == 'zip' else 'metrics'}.{kind}"
    if len(runs) == 1:
        name = f"{ids[0]}.zip" if kind == "zip" else f"{ids[0]}-{name}"
    return name, lambda: makers[kind](store, ids)


def metrics_csv(store: RunStore, run_ids: Sequence[str]) -> bytes:
    """The curves of several runs under one header."""
    tables = [portable.metrics_csv(store, run_id) for run_id in run_ids]
    return tables[0] + b"".join(table.partition(b"\n")[2] for table in tables[1:])


def metrics_parquet(store: RunStore, run_ids: Sequence[str]) -> bytes:
    """The curves of several runs in one table."""
    import pandas as pd

    tables = [pd.read_parquet(io.BytesIO(portable.metrics_parquet(store, run_id))) for run_id in run_ids]
    target = io.BytesIO()
    pd.concat(tables, ignore_index=True).to_parquet(target, index=False)
    return target.getvalue()


def zipped(store: RunStore, run_ids: Sequence[str]) -> bytes:
    """The zip of one run; of several, a zip that holds one a run."""
    with tempfile.TemporaryDirectory() as folder:
        packed = [portable.pack(store, run_id, Path(folder) / f"{run_id}.zip") for run_id in run_ids]
        if len(packed) == 1:
            return packed[0].read_bytes()
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            for file in packed:
                archive.write(file, file.name)
        return whole.getvalue()
