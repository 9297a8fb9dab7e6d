"""The question: how a run is evaluated, with how many labels, over how many splits, on which images.

The address holds it, so that a link leads to an answer.
"""

from __future__ import annotations

from typing import Any, cast

import streamlit as st
from pydantic import ValidationError

from app.evaluate import labels as said
from app.shared import access, address, formatting
from app.shared.language import N_, _, listing, tell
from app.shared.pictures import names_of_sets
from byol_core.data.catalog import find
from byol_core.evaluation import jobs
from byol_core.evaluation.protocol import METHODS, MOST_SPLITS, Method, Protocol, refusal
from byol_core.evaluation.transfer import same_set, whole
from byol_core.runs.run import Run
from byol_core.system import paths

AMOUNTS = ("all", "1", "10", "100", "1%", "10%")
USUAL = Protocol()
# Names of widgets, which the address uses too: short ones, that no other page has.
METHOD, LABELS, SPLITS, SEED, K, TEMPERATURE, DATA = "by", "labels", "splits", "seed_of_labels", "near", "sharp", "on"
FIELDS = {
    METHOD: "method",
    LABELS: "labels",
    SPLITS: "splits",
    SEED: "seed",
    K: "k",
    TEMPERATURE: "temperature",
    DATA: "data",
}
_SPLITS_HELP = N_(
    "Number of draws of the labels, balanced over the classes, each with its own seed. "
    "The results are shown as mean ± standard deviation over them."
)
_LABELS_HELP = N_("How many of the training labels are used: all, a number for each class, or a share. Type any other.")


def pick(run: Run) -> Protocol | None:
    """Draw the choices; None, with a sentence, where they make no question."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = _method()
        values = {METHOD: method, LABELS: _labels(), SPLITS: _splits()}
        with st.popover(_("Settings"), icon=":material/tune:", key="evaluate_settings"):
            values |= _settings(run, method)
    st.caption(listing(filter(None, (tell(said.WHAT[method]), _elsewhere(str(values[DATA])))), "sentences"))
    try:
        return Protocol(**cast(Any, {FIELDS[key]: value for key, value in values.items()}))
    except ValidationError as error:
        st.error(formatting.plain(tell(refusal(error, "'{field}' should {wanted}."))), icon=":material/error:")
        return None


def _elsewhere(data: str) -> str:
    """The set that is evaluated on, where it is not the run's own."""
    return _("Evaluated on **{set}**.", set=formatting.plain(said.set_name(data))) if data else ""


def begin_with(run: Run) -> None:
    """Where nobody chose a question yet and the usual one has no answer, that of the newest answer there is."""
    if any(key in st.session_state or key in st.query_params for key in FIELDS):
        return
    if jobs.job(run.folder, USUAL).state == "absent" and (found := jobs.answers(run.folder)):
        put(found[0].protocol)


def put(protocol: Protocol) -> None:
    """Set all choices to this question, for the page that is drawn next."""
    for key, field in FIELDS.items():
        address.choose(key, getattr(protocol, field))


def _method() -> Method:
    with address.one_of(METHOD, METHODS, USUAL.method):
        chosen = st.segmented_control(
            _("Method"),
            METHODS,
            format_func=lambda method: tell(said.SHORT[method]),
            required=True,
            key=METHOD,
            help="  \n".join(
                _("**{method}**: {what}", method=said.title(method), what=tell(said.WHAT[method])) for method in METHODS
            ),
        )
    return chosen or USUAL.method


def _labels() -> str:
    with address.one_of(LABELS, AMOUNTS, USUAL.labels, free=True):
        typed = str(st.session_state[LABELS])
        chosen = st.selectbox(
            _("Labels"),
            AMOUNTS if typed in AMOUNTS else (*AMOUNTS, typed),
            format_func=said.amount,
            accept_new_options=True,
            key=LABELS,
            width=190,
            help=tell(_LABELS_HELP),
        )
    return str(chosen or USUAL.labels)


def _splits() -> int:
    return st.number_input(
        _("Splits"), 1, MOST_SPLITS, USUAL.splits, key=SPLITS, bind="query-params", width=130, help=tell(_SPLITS_HELP)
    )


def _settings(run: Run, method: Method) -> dict[str, Any]:
    values: dict[str, Any] = {DATA: _data(run)}
    values[SEED] = st.number_input(
        _("Seed"),
        0,
        2**31 - 1,
        USUAL.seed,
        key=SEED,
        bind="query-params",
        help=_("Seed of the first split; the others count up from it. Another seed draws other labels."),
    )
    if method == "knn":
        values[K] = st.number_input(
            "k", 1, 1000, USUAL.k, key=K, bind="query-params", help=_("Number of nearest training images that vote.")
        )
        values[TEMPERATURE] = st.number_input(
            "T",
            0.0001,
            10.0,
            USUAL.temperature,
            0.01,
            format="%.4f",
            key=TEMPERATURE,
            bind="query-params",
            help=_("The temperature of their votes: the smaller, the more the nearest ones dominate."),
        )
    return values


def _data(run: Run) -> str:
    """Another set to evaluate on; a viewer gets what is on this machine, and no paths."""
    own, teacher = own_set(run), access.is_teacher()
    options = ["", *(name for name in names_of_sets() if not same_set(name, own))]
    if address.lives(DATA) and (kept := str(st.session_state.get(DATA) or "")) not in options:
        options.append(kept)
    own_name = _("Its own: {set}", set=formatting.data_name(run))
    with address.one_of(DATA, options, code=_address_of, free=teacher):
        if st.session_state[DATA] not in options:
            options.append(st.session_state[DATA])
        chosen = st.selectbox(
            _("Images"),
            options,
            format_func=lambda name: said.set_name(name) if name else own_name,
            key=DATA,
            accept_new_options=teacher,
            help=_("Evaluate on another set, at the image size of the run. Teachers may type a path."),
        )
    name = named(str(chosen or ""))
    entry = find(name)
    if entry and entry.download_mb:
        license_ = tell(entry.license)
        st.caption(
            _("{size} MB to download on first use. License: {license}.", size=entry.download_mb, license=license_)
        )
    return "" if same_set(name, own) else name


def _address_of(name: str) -> str:
    """A set in the address: its name, or its path, of which a viewer learns the last part."""
    return name if find(name) or access.is_teacher() else said.set_name(name)


def own_set(run: Run) -> str:
    """The set that a run learned from."""
    return named(str(run.config.get("data", {}).get("source", "")))


def named(source: str) -> str:
    """A set as every question names it, so that one set is not asked about twice: its name, or its whole path."""
    if entry := find(source):
        return entry.name
    try:
        return whole(source) if source and paths.typed(source).exists() else source
    except (OSError, ValueError):  # such as one of 5,000 letters
        return source
