"""Views for sliders that move, by an address of their own.

Streamlit draws a part of the page anew for every message, which takes a browser ten times as long as the views
themselves. So the page offers what it shows under an address that nobody can guess, the sliders ask there, and tell
Streamlit where they stand once they rest.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import anyio.to_thread
import streamlit as st
from anyio import CapacityLimiter
from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.widgets.strengths import strengths
from byol_core.config import OPERATIONS

PATH = "_views"
NAMES = ("strength", *OPERATIONS)
MOST_KEPT = 2**28  # bytes of images that are offered at once
MOST_ASKED = 4096  # bytes of a request
MINE = "views_offer"

# A message for the grid, from where the sliders stand and the number of their message.
Draw = Callable[[Mapping[str, float], int], bytes]


@dataclass(frozen=True)
class _Offer:
    draw: Draw
    weight: int


_offers: LRUCache[str, _Offer] = LRUCache(MOST_KEPT, getsizeof=lambda offer: offer.weight)
_lock = Lock()
_limiter = CapacityLimiter(os.cpu_count() or 1)


def offer(what: str, draw: Draw, weight: int) -> str:
    """The address at which this session's browser gets what ``draw`` makes; the same one for the same ``what``.

    ``weight``: bytes that are kept for it.
    """
    known, token = st.session_state.get(MINE, ("", ""))
    if known != what:
        token = secrets.token_urlsafe(16)
        st.session_state[MINE] = (what, token)
    with _lock:
        _offers[token] = _Offer(draw, min(weight, MOST_KEPT))
    return _address(token)


def route() -> Route:
    """What the server answers at these addresses."""
    return Route(_address("{token}"), _answer, methods=["POST"])


def _address(token: str) -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return "/".join(("", *filter(None, (base, PATH, token))))


async def _answer(request: Request) -> Response:
    with _lock:
        found = _offers.get(request.path_params["token"])
    if found is None:  # it was long ago, or the server has been started again
        return PlainTextResponse("These views are no longer offered: reload the page.", 404)
    asked = await _asked(request)
    if asked is None:
        return PlainTextResponse("A request has the strengths of all operations, from 0 to 2, and its number.", 400)
    content = await anyio.to_thread.run_sync(found.draw, *asked, limiter=_limiter)
    # Pixels hardly shrink, and to try takes as long as to draw them.
    headers = {"Cache-Control": "no-store", "Content-Encoding": "identity"}
    return Response(content, media_type="application/octet-stream", headers=headers)


async def _asked(request: Request) -> tuple[dict[str, float], int] | None:
    """The strengths and the number of a request; None for anything else."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_ASKED:
            return None
    said = _json(body)
    values, serial = said.get("values"), said.get("serial")
    read = strengths(values, NAMES) if isinstance(values, dict) else None
    return (read, serial) if read and type(serial) is int else None


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
