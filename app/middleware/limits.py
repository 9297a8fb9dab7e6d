"""How much of the server one address may have, so that no single computer shuts out a class.

A whole class often comes from one address, that of the school's router or of a proxy: forty students with five pages
each fit.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlit.logger import get_logger

from app.shared.streamlit_private import is_silent, on_connection
from byol_core.messages import Message
from byol_core.sharing import PAGES, PAGES_VARIABLE
from byol_core.system.files import raise_open_files

# A page is four open files to Streamlit: its connection, and an event loop of three, which 128 that were left keep.
FILES_A_PAGE, OWN_FILES = 4, 512
# While it loads, a page has up to six more connections.
CONNECTIONS_A_PAGE = 2.5
# Who has asked for nothing by then gives the connection back; browsers ask at once.
SILENT_SECONDS = 20.0
SAID_EVERY_SECONDS = 60.0

_log = get_logger(__name__)
_said: dict[str, float] = {}


class Bounds:
    """How many connections there may be, and pages among them: of all together, and of one address, which never has
    more than three quarters of that."""

    def __init__(self, open_files: int, pages: int = PAGES) -> None:
        room = max(open_files - OWN_FILES, open_files // 4)
        self.all_pages = max(1, room // (FILES_A_PAGE + 1))
        self.all_connections = room - (FILES_A_PAGE - 1) * self.all_pages
        self.pages = max(1, min(pages, self.all_pages * 3 // 4))
        self.connections = max(1, min(round(pages * CONNECTIONS_A_PAGE), self.all_connections * 3 // 4))


class Room:
    """The connections and the open pages of each address."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._connections: dict[str, set[asyncio.BaseTransport]] = {}
        self._pages: Counter[str] = Counter()

    def lets_in(self, address: str, transport: asyncio.BaseTransport) -> bool:
        """Whether there is room for one more connection of that address, which then has it."""
        most, all_ = self.bounds.connections, self.bounds.all_connections
        if self._count(address) >= most:
            say(f"{address} has {most} connections, the most that one address may have; more are refused.")
            return False
        if sum(map(self._count, list(self._connections))) >= all_:
            say(f"There are {all_} connections, the most that this server can have; more are refused.")
            return False
        self._connections.setdefault(address, set()).add(transport)
        return True

    def _count(self, address: str) -> int:
        """The connections that an address still has."""
        held = {each for each in self._connections.get(address, ()) if not each.is_closing()}
        if held:
            self._connections[address] = held
        else:
            self._connections.pop(address, None)
        return len(held)

    def refusal(self, address: str) -> str:
        """Why that address cannot open one more page, which the log is told as well; empty when it can."""
        if self._pages[address] >= self.bounds.pages:
            say(f"{address} has {self.bounds.pages} pages open, the most that one address may have; more are refused.")
            return Message(
                "Your network has as many pages open here as it may ({pages}): close some and try again.",
                pages=self.bounds.pages,
            )
        if self._pages.total() >= self.bounds.all_pages:
            say(f"There are {self.bounds.all_pages} pages open, the most that this server can have; more are refused.")
            return Message("Too many people are viewing this page: try again in a minute.")
        return ""

    @contextmanager
    def page(self, address: str) -> Iterator[None]:
        """One page of that address, for as long as it is open."""
        self._pages[address] += 1
        try:
            yield
        finally:
            self._pages[address] -= 1
            if not self._pages[address]:
                del self._pages[address]


def address_of(client: Any) -> str:
    """Whose connection it is; in IPv6 one household has a whole network of addresses."""
    host = str(client[0]) if client else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)


def say(sentence: str) -> None:
    """A warning in the log, the same one at most once a minute."""
    now = time.monotonic()
    if now - _said.get(sentence, -SAID_EVERY_SECONDS) >= SAID_EVERY_SECONDS:
        if len(_said) > 1000:
            _said.clear()
        _said[sentence] = now
        _log.warning(sentence)


class _InOneSentence(logging.Filter):
    """Says once a minute that there are too many open files, in place of a traceback for each that could not be."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            say("The system allows this server no more open files: raise the limit ('ulimit -n').")
            return False
        return True


def _pages() -> int:
    chosen = os.environ.get(PAGES_VARIABLE, "")
    return max(1, int(chosen)) if chosen.isascii() and chosen.isdecimal() else PAGES


ROOM = Room(Bounds(raise_open_files(), _pages()))


def keep() -> None:
    """Have this process's server keep the bounds; once is enough, and more do no harm."""
    for name in ("asyncio", "uvicorn.error"):
        logger = logging.getLogger(name)
        if not any(isinstance(each, _InOneSentence) for each in logger.filters):
            logger.addFilter(_InOneSentence())
    on_connection(_welcome)


def _welcome(protocol: Any, transport: asyncio.Transport) -> None:
    if ROOM.lets_in(address_of(transport.get_extra_info("peername")), transport):
        asyncio.get_running_loop().call_later(SILENT_SECONDS, drop_if_silent, protocol)
    else:
        transport.abort()


def drop_if_silent(protocol: Any) -> None:
    """Close a connection on which nobody has asked for anything yet."""
    if is_silent(protocol):
        protocol.transport.abort()
