"""The Train page: a form made from the configuration's own fields, checked while one types, and the start button."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from app.shared import draft as drafts
from app.shared import formatting, forms, image_source, state
from app.shared.language import N_, _, n_, tell
from app.shared.objectives import OBJECTIVES
from app.train import images, launch, start_from, sweep_form, twin
from byol_core.config import FITTED, OPERATIONS
from byol_core.config.presets import PRESETS
from byol_core.errors import LabError

# Cards of the form: a title and the sections of the configuration in it.
SIMPLE = {
    N_("Images"): ("data",),
    N_("Learning"): ("views", "network", "method", "optimizer"),
    N_("Length"): ("",),
}
EXPERT = {
    N_("Images"): ("data",),
    N_("Views"): ("views",),
    N_("Network"): ("network",),
    N_("Method"): ("method",),
    N_("Optimizer"): ("optimizer",),
    N_("Length"): ("",),
    N_("Evaluation"): ("evaluation",),
    N_("Machine"): ("runtime",),
}

# What an empty number means, by section.
EMPTY = {"views": N_("as the recipe"), "network": N_("as the objective"), "method": N_("as the objective")}
ALL = N_("all")
# Switches that take a part of the method away, to see what it was for; with all settings in sight they are among them.
ABLATIONS = (
    "method.stop_gradient",
    "method.predictor",
    "method.predictor_lr",
    "method.tau_schedule",
    "network.head_norm",
    "network.encoder_norm",
)
# Settings that have a row of their own.
ON_THEIR_OWN = (forms.OBJECTIVE, start_from.KEY, start_from.FREEZE)

# On a phone the button comes after some screens of settings: it stays at the lower edge.
START_IN_SIGHT = """<style>@media (max-width: 640px) {
  .st-key-start:has(button:enabled) { position: fixed; inset: auto 1rem 0.75rem; z-index: 90; width: auto; }
}</style>"""

draft = drafts.current()


def changed(key: str, value: Any) -> None:
    """Somebody moved a widget of a setting."""
    drafts.touched().change(key, value)


def preset_changed() -> None:
    """Start again from the preset that was chosen."""
    chosen = st.session_state["setting:preset"]
    drafts.touched().use_preset(chosen)
    forms.forget_widgets()
    st.session_state["setting:preset"] = chosen


def mend(key: str, value: Any) -> None:
    """Somebody pressed the button beside what is wrong: the setting gets this value, and its widget shows it."""
    changed(key, value)
    forms.forget_widgets()


def show_mend(complaint: LabError) -> None:
    """A button that gives a wrong setting back what the preset says."""
    key = complaint.setting
    if key is not None and key in draft.changes and key != "data.source":
        value = draft.base.flat()[key]
        st.button(
            _(
                "{setting}: {value}, as in the preset",
                setting=forms.spec(key).label,
                value=_("empty") if value in (None, "") else forms.scalar(value),
            ),
            icon=":material/auto_fix_high:",
            key="mend",
            on_click=mend,
            args=(key, value),
        )


def start_over() -> None:
    """Back to the preset, with all widgets as it says."""
    drafts.touched().changes = {}
    drafts.touched().grid = {}
    forms.forget_widgets()


def show_setting(key: str, complaint: LabError | None) -> None:
    """One widget, with what is wrong about it beneath."""
    setting = forms.spec(key)
    forms.widget(setting, draft.value(key), changed, placeholder=tell(EMPTY.get(key.partition(".")[0], ALL)))
    if show_complaint(key, complaint):
        return
    if not setting.read_by(objective):
        name = tell(OBJECTIVES[objective].name)
        st.caption(_(":orange[:material/block: {objective} does not use it.]", objective=name))
    elif key in fitted:
        st.caption(_(":material/auto_fix_high: {value} for this set", value=short(fitted[key])))


def short(value: Any) -> str:
    """A number without needless digits, or a name."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def show_complaint(key: str, complaint: LabError | None) -> bool:
    """What is wrong about a setting, beneath its widget; whether it is this one."""
    if complaint is None or complaint.setting != key:
        return False
    st.caption(f":red[:material/error: {formatting.plain(tell(complaint))}]")
    return True


def show_start(complaint: LabError | None) -> None:
    """What the encoder starts from and, where it has stages, how many are frozen."""
    value = str(draft.value(start_from.KEY))
    both = value or draft.expert or draft.value(start_from.FREEZE)
    row = st.columns([2, 1], gap="medium") if both else [st.container()]
    with row[0]:
        start_from.pick(value, changed)
        if not show_complaint(start_from.KEY, complaint):
            start_from.describe(value)
    if both:
        with row[1]:
            show_setting(start_from.FREEZE, complaint)


def in_sight(keys: Iterable[str]) -> list[str]:
    """Without the settings that the objective does not read, unless somebody changed them."""
    return [key for key in keys if forms.spec(key).read_by(objective) or key in draft.changes]


def show_settings(keys: Iterable[str], complaint: LabError | None) -> None:
    """Widgets side by side, as many as fit."""
    with st.grid(3, min_column_width=190, gap="medium") as grid:
        for key in keys:
            with grid.cell():
                show_setting(key, complaint)


st.title(_("Train"))
st.html(START_IN_SIGHT)
st.markdown(_("Choose a preset, change what you like, and start. The run continues when this page is closed."))
for sentence in draft.complaints:
    st.warning(formatting.plain(tell(sentence)), icon=":material/link_off:")

config, complaint = launch.check(draft)
given = launch.foreseen(config) if config is not None else None
FITS = (*FITTED, "views.preset", *(f"views.{name}" for name in OPERATIONS))
fitted = forms.differences({key: given.flat()[key] for key in FITS}, config) if config and given else {}
objective = str(draft.value(forms.OBJECTIVE))
form, side = st.columns([5, 3], gap="large")

with form:
    top = st.columns([3, 1], vertical_alignment="bottom")
    st.session_state.setdefault("setting:preset", draft.preset)
    top[0].selectbox(
        _("Preset"),
        list(PRESETS),
        key="setting:preset",
        format_func=lambda name: tell(PRESETS[name].title),
        on_change=preset_changed,
    )
    st.session_state.setdefault("setting:expert", draft.expert)
    draft.expert = top[1].toggle(
        _("All settings"),
        key="setting:expert",
        help=_("Show all settings, also rare ones."),
        on_change=drafts.touch,
    )
    preset = PRESETS[draft.preset]
    st.markdown(f"{tell(preset.reason)}  \n:material/flag: {tell(preset.expect)}")
    if draft.changes:
        with st.container(horizontal=True, vertical_alignment="center"):
            differ = n_(
                "{n} setting differs from the preset.", "{n} settings differ from the preset.", len(draft.changes)
            )
            st.caption(differ, width="content")
            st.button(_("Undo"), on_click=start_over, type="tertiary", icon=":material/undo:", key="undo")

    for title, sections in (EXPERT if draft.expert else SIMPLE).items():
        keys = [key for section in sections for key in forms.sections()[section] if key != "data.source"]
        specs = map(forms.spec, keys)
        keys = [setting.key for setting in specs if draft.expert or not (setting.expert or setting.fixed)]
        with st.container(border=True):
            st.markdown(f"**{tell(title)}**", help=forms.about(sections[0]) if len(sections) == 1 else None)
            if "data" in sections:
                source = str(draft.value("data.source") or "")
                image_source.pick(source, state.store().home, changed)
                images.draw(source)
            if forms.OBJECTIVE in keys:  # on a row of its own: its names are long, and its sentence belongs to it
                show_setting(forms.OBJECTIVE, complaint)
                st.caption(tell(OBJECTIVES[objective].sentence))
            show_settings((key for key in in_sight(keys) if key not in ON_THEIR_OWN), complaint)
            if start_from.KEY in keys:
                show_start(complaint)
            if not draft.expert and "method" in sections and (switches := in_sight(ABLATIONS)):
                with st.expander(
                    _("Ablations: take a part away, and see what it was for"),
                    icon=":material/science_off:",
                    expanded=any(key in draft.changes for key in switches) or bool(preset.twin),
                ):
                    show_settings(switches, complaint)
    sweep_form.draw(draft)

points: list[dict[str, Any]] = []
if config is not None and draft.grid:
    points, complaint = sweep_form.check(draft, config)
ready = config is not None and not complaint
with side, st.container(border=True):
    st.session_state.setdefault("setting:name", draft.name)
    draft.name = st.text_input(
        _("Name of the sweep") if draft.grid else _("Name of the run"),
        key="setting:name",
        placeholder=_("numbered when empty") if draft.grid else _("made from the preset when empty"),
        max_chars=120,
        on_change=drafts.touch,
    ).strip()
    if complaint:
        st.error(formatting.plain(tell(complaint)), icon=":material/error:")
        if config is None:  # else it is the sweep that is wrong, which has widgets of its own
            show_mend(complaint)
    if config is not None and given is not None:
        if points:
            sweep_form.warn(config, points)
        else:
            launch.warn(config, mend)
        launch.say_fitted(config, given)
        launch.time_needed(given)
        if points:
            sweep_form.total(given, points)
    if (
        st.button(
            n_("Start {n} run", "Start {n} runs", len(points)) if points else _("Start training"),
            type="primary",
            icon=":material/play_arrow:",
            disabled=not ready,
            width="stretch",
            key="start",
            on_click=drafts.touch,
        )
        and config is not None
        and ready
    ):
        try:
            if points:
                opened = {"compare": ",".join(launch.start_sweep(config, points, draft.name, draft.preset))}
            else:
                opened = {"run": launch.start(config, draft.name, draft.preset)}
        except LabError as error:
            st.error(formatting.plain(tell(error)))
        else:
            st.switch_page("runs/page.py", query_params=opened)
    if ready and config is not None and not points:
        twin.on_form(config, draft.preset)
    if config is not None:
        launch.recipe(draft, config)

drafts.remember(draft)
