"""The Sign in page: by the passphrase of ``byol app --share``, or by an account of the organization."""

import importlib.util
from collections.abc import Mapping

import streamlit as st

from app.shared import access, share_panel
from app.shared.language import _, tell
from byol_core.errors import LabError
from byol_core.sharing import LONGEST


def show_teacher() -> None:
    """Who is signed in, and the way out."""
    email = access.account()
    if email in access.teachers():
        st.markdown(
            _(
                "You are signed in as **{email}** and may start, stop, change and delete runs, upload images, use "
                "images by their path, and download sets.",
                email=email,
            )
        )
    else:
        st.markdown(
            _(
                "You are signed in and may start, stop, change and delete runs, upload images, use images by their "
                "path, and download sets."
            )
        )
    if token := access.token():
        st.caption(
            _(
                "This browser stays signed in for {hours:.0f} hours, or until the dashboard is started again.",
                hours=access.TOKENS.left(token) / 3600,
            )
        )
    st.button(_("Sign out"), icon=":material/logout:", key="sign_out", on_click=leave)
    share_panel.section()


def leave() -> None:
    """Sign out of the lab, and of the account."""
    access.sign_out()
    if access.account():
        st.logout()


def show_viewer() -> None:
    """Show a viewer how to sign in."""
    st.markdown(
        _(
            "Everybody here has view-only access. A teacher may also start, stop, change and delete runs, upload "
            "images, use images by their path, and download sets."
        )
    )
    if access.has_accounts() and st.user.get("is_logged_in"):
        st.warning(why_viewer(access.account()), icon=":material/visibility:", width=640)
        st.button(_("Use another account"), icon=":material/logout:", key="leave_account", on_click=st.logout)
    elif access.has_accounts():
        show_accounts()
    if access.has_passphrase():
        show_passphrase()
    elif not access.has_accounts():
        show_no_way()


def why_viewer(email: str) -> str:
    """Why an account that is signed in is no teacher's."""
    if access.has_signed_out():
        return _("It has signed out in another tab, so this account has view-only access.")
    if email:
        return _("{email} is not among the teachers of this lab, so this account has view-only access.", email=email)
    return _("Its provider has not confirmed its address, so this account has view-only access.")


def show_passphrase() -> None:
    """The passphrase, and what was wrong about it."""
    with st.form("passphrase_form", clear_on_submit=True, width=420):
        passphrase = st.text_input(
            _("Passphrase"),
            type="password",
            key="passphrase",
            max_chars=LONGEST,
            autocomplete="current-password",
            help=_("The one that was given when the dashboard was started, or that its terminal showed."),
        )
        sent = st.form_submit_button(_("Sign in"), type="primary", icon=":material/login:")
    if sent:
        try:
            access.sign_in(passphrase)
        except LabError as error:
            st.error(tell(error), icon=":material/error:", width=420)
        else:
            st.rerun()


def show_accounts() -> None:
    """A button for each provider."""
    if importlib.util.find_spec("authlib") is None:
        st.error(_("Accounts need one more package: pip install 'byol-lab[auth]'."), icon=":material/error:")
        return
    for provider in providers():
        named = _("Sign in with {provider}", provider=provider.capitalize())
        label = named if provider else _("Sign in with your account")
        st.button(label, icon=":material/account_circle:", key=f"login_{provider}", on_click=log_in, args=(provider,))


def log_in(provider: str) -> None:
    """Go to the provider's own page."""
    st.login(provider) if provider else st.login()


def providers() -> list[str]:
    """The names of the providers in the secrets; an empty name for one that has none."""
    section = st.secrets["auth"]
    named = [name for name, part in section.items() if isinstance(part, Mapping) and "client_id" in part]
    return named or [""]


def show_no_way() -> None:
    """How the owner of this machine becomes a teacher."""
    with st.container(border=True, width=640):
        st.markdown(
            _("**No passphrase is set, so nobody can sign in.** On the machine of the lab, start the dashboard with:")
        )
        st.code("byol app --share", language="bash")
        st.caption(
            _(
                "It asks for a passphrase, or makes one. A server that is started in another way gets its hash, as "
                "'byol passphrase' prints it, in the variable BYOL_LAB_PASSPHRASE_HASH."
            )
        )


st.title(_("Teacher") if access.is_teacher() else _("Sign in"))
if not access.is_shared():
    st.markdown(
        _(
            "Only this machine reaches this dashboard, so everybody here may start, stop, change and delete runs, "
            "upload images, use images by their path, and download sets."
        )
    )
elif access.is_teacher():
    show_teacher()
else:
    show_viewer()
