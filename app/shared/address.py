"""Choices that the address of a page keeps, by their codes: a link means the same whatever the choices are called.

Streamlit's own ``bind="query-params"`` writes the label of an option into the address. It is right for numbers, texts
and names; widgets whose options have labels are bound here, by the same rules: the address says where a widget begins,
the browser's back and forward bring its value back, the first choice is left out of the address, a choice is there
again when somebody comes back to the page, and what is not drawn any more is taken out of the address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.shared import streamlit_private

if TYPE_CHECKING:
    from app.shared.streamlit_private import TabContainer

# What was chosen in this session, by the keys of the widgets.
_CHOSEN = "address_chosen"
# The page, the keys that it has drawn in this run and in the last one, and those that code has chosen a value for.
_PAGE, _DRAWN, _LAST, _ASKED = "address_page", "address_drawn", "address_last", "address_asked"
# What callbacks have written into the address, by name, until the browser is known to have it.
_WRITTEN = "address_written"
_ON_THE_WAY = 10.0  # seconds that a message of the browser may have been on the way, on a busy machine


@contextmanager
def of_page(name: str) -> Iterator[None]:
    """Around everything that a page draws: what it does not draw any more leaves the address."""
    if st.session_state.get(_PAGE) != name:
        st.session_state[_PAGE] = name
        st.session_state.pop(_WRITTEN, None)
        st.session_state[_LAST] = set()  # the widgets of another page, whose state went with it
    drawn: set[str] = set()
    st.session_state[_DRAWN] = drawn
    last = _keys(_LAST)
    try:
        yield
    except BaseException:  # it was stopped, or starts over, and draws the rest then
        drawn |= last
        raise
    else:
        for key in last - drawn:
            st.query_params.pop(key, None)
    finally:
        st.session_state[_LAST] = drawn  # the same set: parts that are drawn alone later enter theirs


def _keys(name: str) -> set[str]:
    found: set[str] = st.session_state.setdefault(name, set())
    return found


@contextmanager
def one_of(
    key: str, options: Sequence[Any], default: Any = None, *, code: Callable[[Any], str] = str, free: bool = False
) -> Iterator[None]:
    """Around a widget that chooses one of the options; without ``default`` the first is chosen to begin with.

    The widget gets no default of its own. ``code`` names an option in the address. ``free``: any other text will do.
    """
    first = options[0] if default is None else default
    known = {code(option): option for option in options}

    def read(texts: Sequence[str]) -> Any:
        return known.get(texts[-1], texts[-1] if free else None) if texts else None

    _start(key, read, first, lambda value: value in options or (free and isinstance(value, str)))
    yield
    chosen = st.session_state.get(key)
    _tell(key, first if chosen is None else chosen, first, lambda value: [code(value)])


@contextmanager
def some_of(key: str, options: Sequence[str], default: Sequence[str] = ()) -> Iterator[None]:
    """Around a widget that chooses several of the options, which are their own codes; at first those of ``default``."""
    first = list(default)

    def read(texts: Sequence[str]) -> list[str] | None:
        found = [text for text in dict.fromkeys(texts) if text in options]
        return found if found or list(texts) == [""] else None

    _start(key, read, first, lambda value: isinstance(value, list) and set(value) <= set(options))
    yield
    _tell(key, list(st.session_state.get(key) or ()), first, lambda value: value or [""])


def tabs(key: str, names: Mapping[str, str]) -> dict[str, TabContainer]:
    """Tabs by their codes; ``names`` are what they are called. The first is open to begin with."""
    codes, first = {name: code for code, name in names.items()}, next(iter(names))
    widget = f"{key}_tabs"  # whose own state is the name of the open tab
    if key not in _keys(_ASKED) and (open_now := codes.get(st.session_state.get(widget, ""))):
        st.session_state[key] = open_now
    _start(key, lambda texts: texts[-1] if texts and texts[-1] in names else None, first, names.__contains__)
    code = str(st.session_state[key])
    if st.session_state.get(widget) != names[code]:
        st.session_state[widget] = names[code]
    made = st.tabs(list(names.values()), key=widget, on_change="rerun")
    _tell(key, code, first, lambda value: [value])
    return dict(zip(names, made, strict=True))


def choose(key: str, value: Any) -> None:
    """Choose for the widget that is drawn next, whatever the address says; before it is drawn, or in a callback."""
    st.session_state[key] = value
    _keys(_ASKED).add(key)


@dataclass
class _Written:
    """A value of the address that code has replaced, when, and in which run of the script."""

    before: list[str]
    now: list[str]
    at: float
    run: object


def write(**values: str | None) -> None:
    """Have the address say something else, in a callback; None takes a name out of it.

    Messages that the browser had sent before it heard of this still bring the old address. :func:`catch_up` mends it.
    """
    written: dict[str, _Written] = st.session_state.setdefault(_WRITTEN, {})
    for name, value in values.items():
        now = [] if value is None else [value]
        written[name] = _Written(st.query_params.get_all(name), now, time.monotonic(), streamlit_private.this_run())
        _put(name, now)


def catch_up() -> None:
    """Put what :func:`write` has said in the place of an older address; before anything reads it.

    That is over as soon as the browser says the new value itself, goes back or forward, or opens another page.
    """
    written: dict[str, _Written] = st.session_state.get(_WRITTEN, {})
    run = streamlit_private.this_run()
    for name, said in list(written.items()):
        found = st.query_params.get_all(name)
        if found == said.now and said.run is run:
            continue
        if found == said.before != said.now and _is_on_the_way(said):
            _put(name, said.now)
            said.run = run
        else:
            del written[name]


def _is_on_the_way(said: _Written) -> bool:
    return not streamlit_private.went_back() and time.monotonic() - said.at < _ON_THE_WAY


def _put(name: str, values: list[str]) -> None:
    if values:
        st.query_params[name] = values
    else:
        st.query_params.pop(name, None)


def is_set(key: str) -> bool:
    """Whether something else than at first is chosen, also before the widget is drawn."""
    if lives(key):
        return bool(st.session_state.get(key))
    return key in st.query_params or key in st.session_state.get(_CHOSEN, {})


def lives(key: str) -> bool:
    """Whether the widget is on the page already, so that its state counts; Streamlit may keep an older one of it."""
    return key in _keys(_LAST) | _keys(_DRAWN) | _keys(_ASKED)


def _start(key: str, read: Callable[[Sequence[str]], Any], first: Any, fits: Callable[[Any], bool]) -> None:
    """Give the widget the value that it begins with: that of the address, else the one of before, else the first.

    One that has a value keeps it, unless the browser went back or forward.
    """
    alive, back = lives(key), streamlit_private.went_back()
    _keys(_DRAWN).add(key)
    _keys(_ASKED).discard(key)
    if alive and not back and key in st.session_state and fits(st.session_state[key]):
        return
    value = read(st.query_params.get_all(key))
    if value is None and not alive and not back:
        value = st.session_state.get(_CHOSEN, {}).get(key)
    st.session_state[key] = value if value is not None and fits(value) else first


def _tell(key: str, value: Any, first: Any, codes: Callable[[Any], list[str]]) -> None:
    """Let the address and this session know what is chosen."""
    chosen: dict[str, Any] = st.session_state.setdefault(_CHOSEN, {})
    if value == first:
        chosen.pop(key, None)
        st.query_params.pop(key, None)
        return
    chosen[key] = value
    told = codes(value)
    if st.query_params.get_all(key) != told:
        st.query_params[key] = told
