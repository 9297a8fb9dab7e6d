"""The language of whoever looks at a page, and every text of the dashboard in it.

``_("A sentence about {name}.", name=name)`` is what a page shows; ``N_("Loss")`` only marks a text that stands in a
constant, for :func:`tell` to say where it is shown. Texts of ``byol_core`` (errors, alarms, phases, labels of settings)
go through :func:`tell`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

from app.shared import address, streamlit_private
from byol_core import language
from byol_core.errors import LabError
from byol_core.messages import Style

# What was chosen in this session, and the name of the cookie and of the parameter that say it.
_KEY, COOKIE, PARAMETER = "language", "byol_lab_lang", "lang"


_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Say everything in this language meanwhile, as where a page is answered for outside of its session."""
    before = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(before)


def current() -> str:
    """The code of the language of this session; English outside of one."""
    if spoken := _spoken.get():
        return spoken
    if not streamlit_private.session_id():
        return language.ENGLISH
    return str(st.session_state.get(_KEY, language.ENGLISH))


def settle() -> None:
    """Find out the language of this session, before the page says anything.

    It is what the address asks for, else what was chosen here, else the cookie, the server's, the browser's.
    """
    asked = st.query_params.get(PARAMETER)
    if asked and language.is_known(asked):
        st.session_state[_KEY] = language.chosen(asked)
    elif _KEY not in st.session_state:
        st.session_state[_KEY] = of_request(st.context.cookies, st.context.headers, st.context.locale)


def of_request(cookies: Mapping[str, str], headers: Mapping[str, str], locale: str | None = None) -> str:
    """The language of whoever asks for something: of the cookie, else the server's, else the browser's."""
    wanted = (cookies.get(COOKIE), os.environ.get(language.VARIABLE), locale)
    found = next((tag for tag in wanted if tag and language.is_known(tag)), None)
    return language.chosen(found) if found else language.accepted(headers.get("Accept-Language", ""))


def choose(code: str) -> None:
    """Say everything in this language from now on, in a callback."""
    st.session_state[_KEY] = code
    if PARAMETER in st.query_params:
        address.write(**{PARAMETER: None})


def _(template: str, /, **values: Any) -> str:
    """The text in the viewer's language, with its fields filled."""
    code = current()
    return language.fill(language.catalog(code).one(template), values, code)


def n_(one: str, many: str, n: int, /, **values: Any) -> str:
    """The text for ``n`` things in the viewer's language; ``{n}`` is a field of both templates."""
    code = current()
    return language.fill(language.catalog(code).number(one, many, n), {"n": n, **values}, code)


def N_(text: str) -> str:
    """Mark a text of a constant for the catalogs; :func:`tell` says it where it is shown."""
    return text


def tell(text: object) -> str:
    """A text of the core, or a marked one, in the viewer's language; of an error its sentence."""
    return language.tell(text.message if isinstance(text, LabError) else text, current())


def listing(parts: Iterable[str], style: Style = "and") -> str:
    """Several texts as one, such as ``a, b and c``, as the viewer's language does it."""
    return language.listing(list(parts), style, current())
