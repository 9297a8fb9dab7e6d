"""The script of the dashboard, which runs for every look at a page: page config and navigation."""

from pathlib import Path

import streamlit as st

from app.shared import access, address, language, language_switch, old_links, sign_in, state
from app.shared.language import _
from app.widgets import live_chart, native_words

HERE = Path(__file__).resolve().parent

# Streamlit serves the first page at "/" alone; the hidden twin makes a link to /lab work as well.
LAB_ICON = ":material/science:"
st.set_page_config(page_title="BYOL Lab", page_icon=HERE / "icon.png", layout="wide")
st.logo(HERE / "logo.svg")
st.html(HERE / "styles.css")
address.catch_up()
old_links.follow()
access.note_session()
language.settle()
shared, teacher = access.is_shared(), access.is_teacher()
page = st.navigation(
    [
        st.Page(
            "home/page.py",
            title=_("Lab"),
            icon=LAB_ICON,
            url_path="home",
            default=True,
            help=_("What this machine can do, the run in progress and the last runs. Start the first training here."),
        ),
        st.Page(
            "augment/page.py",
            title=_("Augment"),
            icon=":material/filter_2:",
            url_path="augment",
            help=_("See the two views that BYOL makes of each image, side by side, and tune how strong they are."),
        ),
        st.Page(
            "train/page.py",
            title=_("Train"),
            icon=":material/model_training:",
            url_path="train",
            help=_("Choose images and settings, see how long it will take here, and start a run."),
            visibility="visible" if teacher else "hidden",
        ),
        st.Page(
            "runs/page.py",
            title=_("Runs"),
            icon=":material/monitoring:",
            url_path="runs",
            help=_("All runs: live curves, log and settings of each; stop, resume, rename or delete them."),
        ),
        st.Page(
            "embeddings/page.py",
            title=_("Embeddings"),
            icon=":material/scatter_plot:",
            url_path="embeddings",
            help=_("A map of what a run has learned: test images with similar representations lie close together."),
        ),
        st.Page(
            "evaluate/page.py",
            title=_("Evaluate"),
            icon=":material/fact_check:",
            url_path="evaluate",
            help=_(
                "What a run is good for: accuracy beside baselines, with few labels, on other images; a full report."
            ),
        ),
        st.Page("home/page.py", title=_("Lab"), icon=LAB_ICON, url_path="lab", visibility="hidden"),
        st.Page(
            "sign_in/page.py",
            title=_("Teacher") if teacher else _("Sign in"),
            icon=":material/school:" if teacher else ":material/login:",
            url_path="sign-in",
            help=_("Who may start, change and delete runs here."),
            visibility="visible" if shared else "hidden",
        ),
    ],
    position="top",
)
state.warm_up()
language_switch.draw()
native_words.draw()
# plotly.js is large: a page that draws with it gets it first of all, the others at their end, for the page to come.
draws = page.url_path in ("runs", "evaluate")
if draws:
    live_chart.prepare()
with state.in_words(), address.of_page(page.url_path):
    if page.url_path == "train" and not teacher:
        sign_in.closed(_("Train"), "start runs")
    else:
        sign_in.after_refusal()
        page.run()
if shared:
    sign_in.keep()
if not draws:
    live_chart.prepare()
