"""Where the class goes: the address in letters to be read from afar, and as a code for phones."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from app.shared import access, formatting
from app.shared.language import _, listing
from byol_core import sharing
from byol_core.system import qr


def popover() -> None:
    """The button that shows it, for a teacher of a lab that others reach; nothing otherwise."""
    if found := _for_teachers():
        with st.popover(_("Share"), icon=":material/qr_code_2:", key="share"):
            _contents(found)


def section() -> None:
    """The same on the page of a teacher."""
    if found := _for_teachers():
        st.header(_("For the class"), anchor=False)
        _contents(found)


def addresses() -> list[str]:
    """The addresses for a class, the likeliest first: the one by which this browser came, when it is no loopback."""
    came = urlsplit(st.context.url or "")
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    ends = f"/{path}" if path else ""
    found = [f"{came.scheme}://{came.netloc}{ends}"] if came.netloc and not sharing.is_loopback(came.hostname) else []
    if not sharing.is_loopback(st.get_option("server.address")):
        scheme = "https" if st.get_option("server.sslCertFile") else "http"
        port = st.get_option("server.port")
        found += [f"{scheme}://{address}:{port}{ends}" for address in sharing.addresses()]
    return list(dict.fromkeys(found))


def _for_teachers() -> list[str]:
    return addresses() if access.is_shared() and access.is_teacher() else []


def _contents(found: list[str]) -> None:
    first, *others = found
    st.image(qr.as_svg(first), width=280, alt=_("QR code of {address}", address=first))
    st.header(formatting.plain(first.removeprefix("http://")), anchor=False)
    st.caption(
        _(
            "Scan the code with a phone in the same network, or type the address. Anyone who opens it can view but not "
            "edit."
        )
    )
    if others:
        shown = listing((f"`{address.removeprefix('http://')}`" for address in others), "comma")
        st.caption(_("If that one does not open: {addresses}", addresses=shown))
