"""What the images on the Train page are, before a minute is spent: it warns and never keeps anybody from starting."""

from __future__ import annotations

import streamlit as st

from app.shared import contact_sheet, formatting, image_account, state, surveys
from app.shared.image_source import problem
from app.shared.language import _, tell
from byol_core.data.account import Account
from byol_core.data.catalog import find

SECONDS = 1.0  # between two looks, as long as the images are being listed


def draw(source: str) -> None:
    """The account of the images, as soon as it is there, and the way to look at them."""
    if not source or problem(source):
        return
    pending = surveys.look(source).pending

    @st.fragment(run_every=SECONDS if pending else None)
    @state.in_words()
    def panel() -> None:
        found = surveys.look(source)
        if pending and not found.pending:
            st.rerun()  # the rest of the form knows more, too
        if found.pending:
            st.caption(_(":material/hourglass_top: Listing the images … You can start without waiting."))
        elif found.problem:
            st.warning(formatting.told(found.problem), icon=":material/hide_image:")
        elif found.account:
            _show(source, found.account)

    panel()


def _show(source: str, account: Account) -> None:
    if not find(source):
        image_account.draw(account)
    elif st.session_state.get("setting:source_kind") != "set":  # typed, so that something here may be meant
        for sentence in image_account.warned(account):
            st.warning(formatting.plain(tell(sentence)), icon=":material/warning:")
    contact_sheet.button(source)
