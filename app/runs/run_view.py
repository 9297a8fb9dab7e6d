"""One run opened: where it stands, its numbers, its settings and how to repeat it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from app.runs import curves, spread
from app.shared import access, address, draft, formatting, forms, image_account, state, table
from app.train import twin
from byol_core.config import RunConfig, build, field_info, presets
from byol_core.data.account import Account
from byol_core.errors import InputError
from byol_core.evaluation.intervals import Accuracy
from byol_core.evaluation.summary import brought
from byol_core.health import signs
from byol_core.runs import accuracies, folder
from byol_core.runs.repair import stalled
from byol_core.runs.run import LIVE, RESUMABLE, Run

_MOST_ROWS = 12  # of a table that is shown whole


def status(run: Run, queue: list[Run], *, opened: bool = False) -> None:
    """The state in a badge and a sentence; progress while there is any to make; the alarm.

    ``opened``: on the run's own page, where its tabs are.
    """
    look = formatting.LOOKS[run.state]
    checkpoint = run.state in RESUMABLE and folder.checkpoint_step(run.folder) is not None
    text = formatting.plain(formatting.sentence(run, queue, checkpoint))
    if run.state == "failed":
        st.error(text, title="This run failed", icon=look.icon)
    elif run.state == "interrupted":
        st.warning(text, title="This run was interrupted", icon=look.icon)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(look.label, icon=look.icon, color=look.color)
            st.markdown(text, width="content")
    if run.state in LIVE:
        st.progress(formatting.share_done(run))
        if sentence := stalled(run):
            st.warning(formatting.plain(sentence), title="This run has no heartbeat", icon=formatting.STALL.icon)
    if run.alarm and run.alarm != run.message:
        _alarm(run, run.alarm, opened)


def _alarm(run: Run, sentence: str, opened: bool) -> None:
    """What is unhealthy, and two ways on: what was measured, and a run with the likely cause mended."""
    said, (kind, _) = formatting.plain(sentence), spread.about(run)
    if kind == "stalled":
        st.warning(said, title="Alarm: this run has stalled", icon=formatting.STALL.icon)
        return
    if kind == "collapsed":
        st.error(said, title="Alarm: this run has collapsed", icon=formatting.ALARM.icon)
    else:
        st.warning(said, title="Alarm: this run is not healthy", icon=formatting.ALARM.icon)
    with st.container(horizontal=True, vertical_alignment="center"):
        label, icon = "See its signs of health", ":material/monitor_heart:"
        if not opened:
            to = {"run": run.run_id, "show": "health"}
            st.page_link("runs/page.py", label=label, icon=icon, query_params=to)
        elif st.button(label, icon=icon, type="tertiary", on_click=_show_health, args=[run], key="to_health"):
            st.rerun()
        if access.is_teacher():
            with suppress(InputError):  # settings of another release
                _mended(run)


def _show_health(run: Run) -> None:
    """Open the tab at the vectors that the alarm is about: a link to the page that one is on would lose them."""
    address.choose("show", "health")
    address.choose("vectors", spread.space(run))


def _mended(run: Run) -> None:
    """The way to the Train page, with the settings of this run but for what probably made it collapse."""
    measured = state.store().last_values(run.run_id, ["std_ratio", "projection_std_ratio"])
    config, preset = build(run.config).flat(), presets.get(draft.preset_of(run)).config().flat()
    helps = signs.remedy(build(run.config), measured)
    # Where the preset is not at fault, its own value fits the rest of it better than one for all runs.
    changes = {key: preset[key] if preset[key] != config[key] else value for key, value in helps.items()}
    label = f"Try again with: {twin.said(changes)}"
    st.page_link("train/page.py", label=label, icon=":material/healing:", query_params=draft.of_run(run, changes))


def numbers(run: Run, latest: dict[str, float]) -> None:
    """The numbers that matter in the run's state."""
    if formatting.results(run) and not run.summary.get("stopped"):  # a stopped run is not evaluated
        _final(run)
    elif run.step or run.state in LIVE:
        _so_far(run, latest)


def _so_far(run: Run, latest: dict[str, float]) -> None:
    epochs = run.config.get("epochs")
    _metrics(
        ("Epoch", f"{formatting.number(run.epoch, 1)} of {epochs:g}" if epochs else formatting.number(run.epoch, 1)),
        ("Images/s", formatting.number(run.images_per_second, 0) if run.images_per_second else "–"),
        ("Loss", formatting.number(latest.get("loss"))),
        _accuracy(
            "kNN (validation)", latest.get("knn_accuracy"), accuracies.while_learning(run, latest.get("knn_accuracy"))
        ),
    )


_Card = tuple[str, str] | tuple[str, str, str]  # a label, a value, and what stands below it


def _metrics(*cards: _Card) -> None:
    with st.grid(4, min_column_width=150):
        for label, value, *below in cards:
            said, meaning = below[0] if below else None, _MEANINGS.get(label)
            st.metric(
                label, value, said, delta_color="off", delta_arrow="off", border=True, help=meaning, height="stretch"
            )


def _accuracy(label: str, value: Any, found: Accuracy | None) -> _Card:
    return (label, formatting.number(value), formatting.below(found)) if found else (label, formatting.number(value))


_SPREAD = "Near 1: healthy. Near 0: collapsed, all images look alike to the network."
_MEANINGS = {
    **{curves.LOOKS[key].title: _SPREAD for key in curves.SPREADS},
    "kNN (validation)": "Accuracy on held-out training images, while it learns; that at the end is on test images. "
    + formatting.INTERVAL_HELP,
    "kNN (test)": f"Accuracy on the test images, at the end of the run. {formatting.INTERVAL_HELP}",
    "Untrained (test)": f"The same for the encoder before training. {formatting.INTERVAL_HELP}",
    "Raw pixels (test)": f"The same for the raw pixels, without any network. {formatting.INTERVAL_HELP}",
}


def _final(run: Run) -> None:
    summary, evaluation = run.summary, run.config.get("evaluation", {})
    key = spread.key(run, {name for name, value in summary.items() if value is not None})
    even = (curves.LOOKS[key].title, formatting.number(summary.get(key), 2))
    if summary.get("knn_accuracy") is None:
        _metrics(
            ("Loss", formatting.number(summary.get("loss"))),
            even,
            ("Images/s", formatting.number(summary.get("images_per_second"), 0)),
            ("Duration", formatting.duration(formatting.elapsed(run))),
        )
        st.caption("These images have no labels, so there is no kNN accuracy; the map needs none.")
        return
    titles = {
        accuracies.ACCURACY: "kNN (test)",
        accuracies.UNTRAINED: "Untrained (test)",
        accuracies.PIXELS: "Raw pixels (test)",
    }
    figures, gain = accuracies.at_end(run), accuracies.brought(run)
    _metrics(*(_accuracy(title, summary.get(key), figures.get(key)) for key, title in titles.items()), even)
    judged = figures.get(accuracies.ACCURACY)
    where = formatting.images(judged) if judged else "the test images"
    st.caption(
        f"{brought(gain) + ' ' if gain else ''}Weighted kNN (k = {evaluation.get('k')}, T = "
        f"{evaluation.get('temperature')}), all three on the same {where}. "
        f"{formatting.number(summary.get('images_per_second'), 0)} images/s."
    )


def images_warning(run: Run) -> None:
    """One line where something about the images may be wrong; the tab of the settings says all of it."""
    account = folder.read_account(run.folder)
    if account and (warnings := image_account.warned(account)):
        st.markdown(f":orange[:material/warning:] {formatting.plain(warnings[0])} More is under Settings.")


def images(run: Run) -> None:
    """What was read of the images; nothing for a run of an earlier release."""
    account = folder.read_account(run.folder)
    if account is None:
        return
    with st.container(border=True, key="images"):
        st.markdown("**Images**")
        image_account.draw(account)
        if account.classes:
            with st.expander("Images of each class", icon=":material/category:"):
                _classes(account)


def _classes(account: Account) -> None:
    columns: table.Columns = {
        "Class": [each.name for each in account.classes],
        "Training": [each.train for each in account.classes],
        "Test": [each.test for each in account.classes],
    }
    height: Any = "content" if len(account.classes) <= _MOST_ROWS else 400
    table.draw(columns, "classes", height=height, alt="Images of each class")


def settings(run: Run) -> None:
    """What differs from the defaults, then everything, then the command."""
    try:
        config = build(run.config)
    except InputError as error:
        st.warning(f"This run has settings that this release does not accept. {formatting.told(error)}")
        st.json(run.config)
        return
    preset = draft.preset_of(run)
    changes = forms.differences(config.flat(), presets.get(preset).config())
    st.markdown("**The command that repeats it**")
    st.code(forms.command(preset, changes), language="bash", wrap_lines=True)
    st.markdown("**What differs from the defaults**")
    _differences(config)
    with st.expander("All settings", icon=":material/description:"):
        st.code(config.to_yaml(), language="yaml", height=400)
    where = f"Folder: `{run.folder}`  \n" if access.is_teacher() else ""
    st.caption(f"{where}Run: `{run.run_id}`, attempt {max(1, run.attempt)}")


def _differences(config: RunConfig) -> None:
    defaults = RunConfig().flat()
    rows = forms.differences(config.flat(), RunConfig())
    if not rows:
        st.caption("Nothing: all settings are the defaults.")
        return
    table.draw(
        {
            "Setting": [str(field_info(key).title) for key in rows],
            "Value": [forms.scalar(value) for value in rows.values()],
            "Default": [forms.scalar(defaults[key]) for key in rows],
            "Key": list(rows),
        },
        "settings",
        height="content",
        alt="Settings that differ from the defaults",
    )
