"""The Lab page: what this machine can do, what runs now, what ran last, and the button for the first training."""

import streamlit as st

from app.home import machine, run_card
from app.runs import run_view
from app.shared import access, formatting, polling, share_panel, sign_in, state
from app.shared.language import _, listing, tell
from app.train import launch
from byol_core.config import presets
from byol_core.errors import LabError
from byol_core.runs.run import LIVE, Run

CARDS = 6
FIRST = presets.get("classroom")

store = state.store()


def start() -> None:
    """Start the classroom training and go to its page."""
    try:
        run_id = launch.start(FIRST.config(), "", FIRST.name)
    except LabError as error:
        st.error(formatting.plain(tell(error)))
    else:
        st.switch_page("runs/page.py", query_params={"run": run_id})


def now_running(runs: list[Run]) -> Run | None:
    """The run at work, else the next in the queue."""
    live = [run for run in runs if run.state in LIVE]
    return live[0] if live else next(iter(store.queue()), None)


def show_running(run: Run) -> None:
    """The run at work, live."""

    @polling.live()
    def card() -> None:
        try:
            now = store.get(run.run_id)
        except LabError:
            st.rerun()
        if now.state != run.state:
            st.rerun()
        with st.container(border=True):
            st.header(formatting.plain(now.name))
            run_view.status(now, store.queue())
            with st.container(horizontal=True, vertical_alignment="center"):
                st.page_link(
                    "runs/page.py",
                    label=_("Watch it learn"),
                    icon=":material/monitoring:",
                    query_params={"run": now.run_id},
                )
                if now.step:
                    speed = formatting.number(now.images_per_second, 0)
                    st.caption(_("{speed} images/s", speed=speed), width="content")

    card()


def show_start(first_time: bool) -> None:
    """The one thing to do here."""
    with st.container(border=True):
        st.header(_("Start your first training") if first_time else _("Start a training"))
        if not access.is_teacher():
            sign_in.ask("start runs")
            return
        st.markdown(listing([tell(FIRST.reason), tell(FIRST.expect)], "sentences"))
        with st.container(horizontal=True, vertical_alignment="center"):
            label, icon = _("Start the classroom training"), ":material/play_arrow:"
            if st.button(label, type="primary", icon=icon, key="start_first"):
                start()
            st.page_link("train/page.py", label=_("Choose images and settings"), icon=":material/tune:")


def explain() -> None:
    """BYOL in plain words, for whoever teaches it."""
    st.header(_("What happens in a training"))
    steps = (
        (
            ":material/filter_2:",
            _("Two views of one image"),
            _("Each image is cropped, flipped and colored twice at random. Both views still show the same thing."),
        ),
        (
            ":material/psychology:",
            _("One network predicts the other"),
            _(
                "The online network looks at one view and predicts the target network's output for the other. "
                "No labels, and no comparison with other images: BYOL is not contrastive, it has no negatives."
            ),
        ),
        (
            ":material/trending_up:",
            _("The teacher follows slowly"),
            _(
                "The target is a slow average of the online network. So the network is its own teacher, always a "
                "little behind: it bootstraps its own latent, hence BYOL."
            ),
        ),
    )
    with st.grid(3, min_column_width=260, gap="medium"):
        for icon, title, text in steps:
            with st.container(border=True, height="stretch"):
                st.markdown(f"{icon} **{title}**")
                st.markdown(text)


runs = store.runs(limit=CARDS + 1)
mine = [run for run in runs if not run.demo]

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.title("BYOL Lab", width="content")
    share_panel.popover()
st.markdown(_("Train a network on images without a single label, watch it learn, and see what it has learned."))

main, side = st.columns([5, 3], gap="large")
with main:
    running = now_running(runs)
    if running is not None:
        show_running(running)
    show_start(first_time=not mine)
with side, st.container(border=True):
    st.markdown(_("**This machine**"))
    machine.draw(state.warm_up())

others = [run for run in runs if running is None or run.run_id != running.run_id][:CARDS]
if others:
    st.header(_("Last runs"))
    losses = store.sparkline([run.run_id for run in others])
    with st.grid(3, min_column_width=280, gap="medium"):
        for run in others:
            run_card.draw(run, losses.get(run.run_id, []))
explain()
