"""One run opened: where it stands, its numbers, its settings and how to repeat it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.runs import curves, spread
from app.shared import access, address, draft, formatting, forms, image_account, state, table
from app.shared.language import N_, _, listing, tell
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
        st.error(text, title=_("This run failed"), icon=look.icon)
    elif run.state == "interrupted":
        st.warning(text, title=_("This run was interrupted"), icon=look.icon)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(tell(look.label), icon=look.icon, color=look.color)
            st.markdown(text, width="content")
    if run.state in LIVE:
        st.progress(formatting.share_done(run))
        if sentence := stalled(run):
            said, title = formatting.plain(tell(sentence)), _("This run has no heartbeat")
            st.warning(said, title=title, icon=formatting.STALL.icon)
    if run.alarm and run.alarm != run.message:
        _alarm(run, run.alarm, opened)


def _alarm(run: Run, sentence: str, opened: bool) -> None:
    """What is unhealthy, and two ways on: what was measured, and a run with the likely cause mended."""
    said, (kind, *_rest) = formatting.plain(tell(sentence)), spread.about(run)
    if kind == "stalled":
        st.warning(said, title=_("Alarm: this run has stalled"), icon=formatting.STALL.icon)
        return
    if kind == "collapsed":
        st.error(said, title=_("Alarm: this run has collapsed"), icon=formatting.ALARM.icon)
    else:
        st.warning(said, title=_("Alarm: this run is not healthy"), icon=formatting.ALARM.icon)
    with st.container(horizontal=True, vertical_alignment="center"):
        label, icon = _("See its signs of health"), ":material/monitor_heart:"
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
    label = _("Try again with: {changes}", changes=twin.said(changes))
    st.page_link("train/page.py", label=label, icon=":material/healing:", query_params=draft.of_run(run, changes))


def numbers(run: Run, latest: dict[str, float]) -> None:
    """The numbers that matter in the run's state."""
    if formatting.results(run) and not run.summary.get("stopped"):  # a stopped run is not evaluated
        _final(run)
    elif run.step or run.state in LIVE:
        _so_far(run, latest)


def _so_far(run: Run, latest: dict[str, float]) -> None:
    epochs, accuracy = run.config.get("epochs"), latest.get("knn_accuracy")
    done = formatting.number(run.epoch, 1)
    _metrics(
        Card(_("Epoch"), _("{done} of {epochs:g}", done=done, epochs=epochs) if epochs else done),
        _speed(run.images_per_second or None),
        Card(_("Loss"), formatting.number(latest.get("loss"))),
        _accuracy(_("kNN (validation)"), _VALIDATION, accuracy, accuracies.while_learning(run, accuracy)),
    )


@dataclass(frozen=True)
class Card:
    """One number: what it is called, what stands below it, and what it means, for a tooltip."""

    label: str
    value: str
    below: str | None = None
    meaning: str | None = None


def _metrics(*cards: Card) -> None:
    with st.grid(4, min_column_width=150):
        for card in cards:
            st.metric(
                card.label,
                card.value,
                card.below,
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=card.meaning,
                height="stretch",
            )


def _speed(images_per_second: Any) -> Card:
    return Card(_("Images/s"), formatting.number(images_per_second, 0))


def _accuracy(label: str, meaning: str, value: Any, found: Accuracy | None) -> Card:
    said = listing([tell(meaning), tell(formatting.INTERVAL_HELP)], "sentences")
    return Card(label, formatting.number(value), formatting.below(found) if found else None, said)


_SPREAD = N_("Near 1: healthy. Near 0: collapsed, all images look alike to the network.")
_VALIDATION = N_("Accuracy on held-out training images, while it learns; that at the end is on test images.")
# The numbers at the end by their keys: what each is called, and what it means.
_FINAL = {
    accuracies.ACCURACY: (N_("kNN (test)"), N_("Accuracy on the test images, at the end of the run.")),
    accuracies.UNTRAINED: (N_("Untrained (test)"), N_("The same for the encoder before training.")),
    accuracies.PIXELS: (N_("Raw pixels (test)"), N_("The same for the raw pixels, without any network.")),
}


def _final(run: Run) -> None:
    summary = run.summary
    key = spread.key(run, {name for name, value in summary.items() if value is not None})
    even = Card(tell(curves.LOOKS[key].title), formatting.number(summary.get(key), 2), meaning=tell(_SPREAD))
    if summary.get("knn_accuracy") is None:
        _metrics(
            Card(_("Loss"), formatting.number(summary.get("loss"))),
            even,
            _speed(summary.get("images_per_second")),
            Card(_("Duration"), formatting.duration(formatting.elapsed(run))),
        )
        st.caption(_("These images have no labels, so there is no kNN accuracy; the map needs none."))
        return
    figures = accuracies.at_end(run)
    cards = (_accuracy(tell(t), what, summary.get(key), figures.get(key)) for key, (t, what) in _FINAL.items())
    _metrics(*cards, even)
    st.caption(_how_judged(run, figures.get(accuracies.ACCURACY)))


def _how_judged(run: Run, judged: Accuracy | None) -> str:
    """What the training brought, how that was measured, and how fast it was."""
    gain, evaluation = accuracies.brought(run), run.config.get("evaluation", {})
    known = {"k": evaluation.get("k"), "temperature": evaluation.get("temperature")}
    if judged:
        how = _(
            "Weighted kNN (k = {k}, T = {temperature}), all three on the same {images}.",
            images=formatting.images(judged),
            **known,
        )
    else:
        how = _("Weighted kNN (k = {k}, T = {temperature}), all three on the same test images.", **known)
    speed = _("{speed} images/s.", speed=formatting.number(run.summary.get("images_per_second"), 0))
    return listing([*([tell(brought(gain))] if gain else []), how, speed], "sentences")


def images_warning(run: Run) -> None:
    """One line where something about the images may be wrong; the tab of the settings says all of it."""
    account = folder.read_account(run.folder)
    if account and (warnings := image_account.warned(account)):
        said = listing([formatting.plain(tell(warnings[0])), _("More is under Settings.")], "sentences")
        st.markdown(f":orange[:material/warning:] {said}")


def images(run: Run) -> None:
    """What was read of the images; nothing for a run of an earlier release."""
    account = folder.read_account(run.folder)
    if account is None:
        return
    with st.container(border=True, key="images"):
        st.markdown(_("**Images**"))
        image_account.draw(account)
        if account.classes:
            with st.expander(_("Images of each class"), icon=":material/category:"):
                _classes(account)


def _classes(account: Account) -> None:
    columns: table.Columns = {
        _("Class"): [each.name for each in account.classes],
        _("Training images"): [each.train for each in account.classes],
        _("Test images"): [each.test for each in account.classes],
    }
    height: Any = "content" if len(account.classes) <= _MOST_ROWS else 400
    table.draw(columns, "classes", height=height, alt=_("Images of each class"))


def settings(run: Run) -> None:
    """What differs from the defaults, then everything, then the command."""
    try:
        config = build(run.config)
    except InputError as error:
        why = formatting.told(error)
        st.warning(_("This run has settings that this release does not accept. {reason}", reason=why))
        st.json(run.config)
        return
    preset = draft.preset_of(run)
    changes = forms.differences(config.flat(), presets.get(preset).config())
    st.markdown(_("**The command that repeats it**"))
    st.code(forms.command(preset, changes), language="bash", wrap_lines=True)
    st.markdown(_("**What differs from the defaults**"))
    _differences(config)
    with st.expander(_("All settings"), icon=":material/description:"):
        st.code(config.to_yaml(), language="yaml", height=400)
    said = [_("Run: `{run}`, attempt {attempt}", run=run.run_id, attempt=max(1, run.attempt))]
    if access.is_teacher():
        said.insert(0, _("Folder: `{folder}`", folder=run.folder))
    st.caption("  \n".join(said))


def _differences(config: RunConfig) -> None:
    defaults = RunConfig().flat()
    rows = forms.differences(config.flat(), RunConfig())
    if not rows:
        st.caption(_("Nothing: all settings are the defaults."))
        return
    table.draw(
        {
            _("Setting"): [tell(field_info(key).title) for key in rows],
            _("Value"): [forms.scalar(value) for value in rows.values()],
            _("Default"): [forms.scalar(defaults[key]) for key in rows],
            _("Key"): list(rows),
        },
        "settings",
        height="content",
        alt=_("Settings that differ from the defaults"),
    )
