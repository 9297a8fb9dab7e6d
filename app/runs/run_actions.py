"""What can be done with a run: stop, resume, use its settings again, rename, archive, export, delete.

Every action asks who it is when it happens; that a button is not there only says so earlier.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import streamlit as st

from app.evaluate import job
from app.runs import trash_panel
from app.shared import access, address, downloads, draft, formatting, sign_in, state
from app.shared.language import _, tell
from app.train import twin
from byol_core.errors import LabError
from byol_core.runs import library
from byol_core.runs.run import LIVE, RESUMABLE, Run


def draw(run: Run) -> None:
    """The buttons that make sense in the run's state; a viewer is told what only a teacher does."""
    teacher = access.is_teacher()
    with st.container(horizontal=True, gap="small"):
        if teacher:
            _stop_or_resume(run)
        twin.of_run(run)
        if (run.folder / "embeddings" / "probe.json").exists() and st.button(
            _("Open the map"),
            type="primary" if run.state == "finished" else "secondary",
            icon=":material/scatter_plot:",
            key="map",
        ):
            st.switch_page("embeddings/page.py", query_params={"run": run.run_id})
        if job.judgeable(run) and st.button(_("Evaluate"), icon=":material/fact_check:", key="evaluate"):
            st.switch_page("evaluate/page.py", query_params={"run": run.run_id})
        if teacher and st.button(
            _("Use in a new run"),
            icon=":material/content_copy:",
            key="clone",
            help=_("Opens Train with the settings of this run."),
        ):
            _to_train(run)
        if teacher and st.button(_("Rename"), icon=":material/edit:", key="rename"):
            st.dialog(_("Rename the run"), icon=":material/edit:")(_rename)(run)
        if teacher:
            _archive(run)
        _export(run)
        if teacher:
            _delete(run)
    if not teacher:
        sign_in.ask("stop, resume, rename, archive or delete runs")


def _stop_or_resume(run: Run) -> None:
    if run.state in (*LIVE, "queued"):
        asked = run.stop_requested
        meaning = _("It writes a checkpoint and ends; Resume continues from there.")
        st.button(
            _("Stopping …") if asked else _("Stop"),
            icon=":material/stop_circle:",
            key="stop",
            disabled=asked,
            on_click=_do,
            args=(_stop, run.run_id),
            help=_("A stop was requested.") if asked else meaning,
        )
    elif run.state in RESUMABLE:
        st.button(
            _("Resume"),
            icon=":material/resume:",
            key="resume",
            type="secondary" if run.state == "failed" else "primary",
            on_click=_do,
            args=(_resume, run.run_id),
            help=_("Continues from the last checkpoint."),
        )


def _archive(run: Run) -> None:
    hidden = run.archived is not None
    back, away = _("Puts it back into the list of runs."), _("Removes it from the list of runs; nothing is lost.")
    st.button(
        _("Unarchive") if hidden else _("Archive"),
        icon=":material/unarchive:" if hidden else ":material/archive:",
        key="archive",
        on_click=_do,
        args=(_unarchive if hidden else _put_away, run.run_id),
        help=back if hidden else away,
    )


def _delete(run: Run) -> None:
    live = run.state in LIVE
    st.button(
        _("Delete"),
        icon=":material/delete:",
        key="delete",
        disabled=live,
        on_click=_do,
        args=(_throw, run.run_id),
        help=_("Stop it first.") if live else _("Moves it to the trash, where it can be restored."),
    )


# What a click does


def _do(action: Callable[[str], None], run_id: str) -> None:
    with state.said_later("runs_notice"):
        action(run_id)


def _stop(run_id: str) -> None:
    access.require("stop runs")
    state.executor().stop(run_id)


def _resume(run_id: str) -> None:
    access.require("resume runs")
    state.store().resume(run_id)
    state.executor().submit(run_id)


def _put_away(run_id: str, on: bool = True) -> None:
    access.require("archive runs")
    library.archive(state.store(), [run_id], on)


def _unarchive(run_id: str) -> None:
    _put_away(run_id, on=False)


def _throw(run_id: str) -> None:
    """Into the trash, and to the list, where the deletion can be undone."""
    trash_panel.throw([run_id])
    address.write(run=None)


def _to_train(run: Run) -> None:
    try:
        settings = draft.of_run(run)
    except LabError as error:
        why = formatting.plain(tell(error))
        st.error(_("The settings of this run cannot be used any more. {reason}", reason=why))
        return
    st.switch_page("train/page.py", query_params=settings)


def _rename(run: Run) -> None:
    """The contents of the dialog."""
    name = st.text_input(_("Name"), value=run.name, max_chars=120, key="new_name")
    if st.button(_("Rename"), type="primary", key="rename_now"):
        try:
            access.require("rename runs")
            state.store().rename(run.run_id, name)
        except LabError as error:
            st.error(formatting.plain(tell(error)))
        else:
            st.rerun()


# Export


def _export(run: Run) -> None:
    """Files that are made when somebody asks for them; how large they would be is looked at once this is open."""
    store, stem = state.store(), file_stem(run)
    popover = st.popover(_("Export"), icon=":material/download:", key="export", on_change="rerun")
    if not popover.open:
        return
    with popover:
        with st.container(horizontal=True, gap="small"):
            downloads.button(_("Curves as CSV"), f"{stem}.csv", store, [run], "csv", **_wide("csv"))
            parquet = _("Curves as Parquet")
            downloads.button(parquet, f"{stem}.parquet", store, [run], "parquet", **_wide("parquet"))
        if access.is_teacher():
            downloads.button(_("The whole run as a zip"), f"{stem}.zip", store, [run], "zip", **_wide("zip"))
            st.caption(
                _("The zip holds settings, curves, log, newest checkpoint and encoder. Runs imports it elsewhere.")
            )
        _export_model(run, stem)


def _export_model(run: Run, stem: str) -> None:
    """The run in one of the forms that other programs read: which, what it is for, and the file."""
    offered = {form.name: form for form in downloads.formats(run, access.is_teacher())}

    def title(name: str) -> str:
        return tell(offered[name].title)

    chosen = offered[st.selectbox(_("The model"), list(offered), format_func=title, key="export-format")]
    st.caption(tell(chosen.purpose))
    name = f"{stem}-{chosen.name}{chosen.suffix}"
    label, kind = _("Make and download"), downloads.kind_of(chosen)
    downloads.button(label, name, state.store(), [run], kind, **_wide("run"))
    if access.is_teacher() and (said := downloads.without_weights(run)):
        st.caption(formatting.plain(tell(said)))


def _wide(kind: str) -> dict[str, str]:
    return {"width": "stretch", "key": f"export-{kind}"}


def file_stem(run: Run) -> str:
    """The run's name as the beginning of a file's name, and its id, because names are not unique."""
    name = re.sub(r"[^\w.=-]+", "-", run.name).strip("-.")[:60]
    return f"{name}-{run.run_id}" if name else run.run_id
