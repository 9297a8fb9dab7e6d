"""Before a run starts: how long it will take, the command and the YAML that repeat it, and the button."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from app.shared import access, formatting, forms, image_source, state, surveys
from app.shared.draft import Draft
from app.shared.language import _, tell
from app.train import start_from, views_fit
from app.train.estimates import Estimate, estimates, fingerprint
from byol_core.config import RunConfig
from byol_core.errors import InputError, LabError
from byol_core.runs import sweep
from byol_core.training import small_sets


def check(draft: Draft) -> tuple[RunConfig | None, LabError | None]:
    """The configuration, or what is wrong; the error names the setting that it is about."""
    try:
        config = draft.config()
    except LabError as error:
        return None, error
    complaint = problem(config)
    return (None, complaint) if complaint else (config, None)


def problem(config: RunConfig) -> LabError | None:
    """What to say when the configuration cannot be trained here, right as it is; None otherwise."""
    if sentence := image_source.problem(config.data.source):
        return InputError(sentence, setting="data.source")
    return start_from.problem(config)


def learned_from(config: RunConfig) -> int | None:
    """How many images training sees, unless some are broken: the training images, thinned, less those held out.

    None as long as nobody knows; then nothing is guessed.
    """
    known = surveys.look(config.data.source).training
    return small_sets.learned_from(known, config) if known else None


def foreseen(config: RunConfig) -> RunConfig:
    """The settings as the run will have them, as far as it is known how many images there are."""
    return _small(views_fit.foreseen(config))


def _small(config: RunConfig) -> RunConfig:
    images = learned_from(config)
    return config if images is None else small_sets.fitted(config, images, surveys.look(config.data.source).classes)


def say_fitted(config: RunConfig, given: RunConfig) -> None:
    """What will fit itself to the images: the views, and one line on a small set."""
    views_fit.say(config)
    if _small(config) is not config:
        sentence = _(
            ":material/auto_fix_high: A small set, about {images:,} images to learn from: {changes}.",
            images=learned_from(config),
            changes=tell(small_sets.changes(config, _small(config))),
        )
        st.caption(sentence)


def warn(config: RunConfig, changed: Callable[[str, Any], None] | None = None) -> None:
    """What the run will probably refuse, and with ``changed`` a button that mends it; the run itself decides."""
    images, batch = learned_from(config), foreseen(config).batch_size
    if images is None or batch <= images:
        return
    sentence = _(
        "The batch of {batch:,} is larger than the images there are to learn from, about {images:,}. The run stops "
        "at once if it is so.",
        batch=batch,
        images=images,
    )
    st.warning(sentence, icon=":material/warning:")
    mended = small_sets.largest_batch(images, config.accumulate * config.runtime.processes)
    if changed and mended:
        st.button(
            _("Use a batch of {size}", size=mended),
            icon=":material/auto_fix_high:",
            key="mend",
            on_click=changed,
            args=("batch_size", mended),
        )


def time_needed(config: RunConfig) -> None:
    """The estimate: measured by itself when that costs nothing, else on a button."""
    pending = estimates().pending(config)

    @st.fragment(run_every=1.0 if pending or _measures_itself(config) else None)
    @state.in_words()
    def panel() -> None:
        answer = estimates().answer(config)
        if answer is None and _measures_itself(config):
            st.session_state["estimated"] = fingerprint(config)
            estimates().ask(config, surveys.look(config.data.source).training)
        if isinstance(answer, Estimate):
            _show(answer)
        elif estimates().pending(config):
            _no_time(_("measuring …"))
        else:
            _offer(config, answer)
        if answer is not None and pending:
            st.rerun()

    panel()


def _measures_itself(config: RunConfig) -> bool:
    """Once for each change, unless a run would be slowed down by it, and once it is known how many images there are."""
    if surveys.look(config.data.source).pending or st.session_state.get("estimated") == fingerprint(config):
        return False
    return not any(run.live for run in state.store().runs(limit=20))


def _show(answer: Estimate) -> None:
    st.metric(
        _("Time on this machine"),
        _("about {duration}", duration=formatting.duration(answer.seconds)),
        delta=_("{number} images/s", number=formatting.number(answer.images_per_second, 0)),
        delta_color="off",
        delta_arrow="off",
        help=_("From a calibration of a few steps; another program at work makes it longer."),
    )
    if answer.images is None:
        st.caption(_("For 5,000 training images: how many there are is seen when they are read."))


def _no_time(why: str) -> None:
    """The tile without an estimate."""
    st.metric(_("Time on this machine"), why, help=_("A few steps are trained to see how fast it goes."))


def _offer(config: RunConfig, answer: Estimate | str | None) -> None:
    _no_time(_("not measured"))
    if isinstance(answer, str):
        st.caption(tell(answer))
    if st.button(_("Measure it"), icon=":material/timer:", key="measure"):
        st.session_state["estimated"] = fingerprint(config)
        estimates().ask(config, surveys.look(config.data.source).training)
        st.rerun()


def recipe(draft: Draft, config: RunConfig) -> None:
    """The command and the YAML of the run."""
    st.markdown(_("**The same from a terminal**"))
    st.code(forms.command(draft.preset, draft.changes, draft.name, draft.grid), language="bash", wrap_lines=True)
    with st.expander(_("All settings as YAML"), icon=":material/description:"):
        text = f"preset: {draft.preset}\n{config.to_yaml()}"
        st.code(text, language="yaml", height=320)
        st.download_button(
            _("Download"),
            text,
            file_name="run.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
        )


def start(config: RunConfig, name: str, preset: str | None) -> str:
    """Queue the run and see to it that it starts; says its id."""
    access.require("start runs")
    estimates().stop()
    run = state.store().create(config, name=name, preset=preset)
    state.executor().submit(run.run_id)
    return run.run_id


def start_sweep(config: RunConfig, points: Sequence[Mapping[str, Any]], name: str, preset: str | None) -> list[str]:
    """Queue a run for each point, as one group; says their ids."""
    access.require("start runs")
    estimates().stop()
    runs = sweep.create(state.store(), config, points, name=name, preset=preset)
    state.executor().submit(runs[0].run_id)
    return [run.run_id for run in runs]
