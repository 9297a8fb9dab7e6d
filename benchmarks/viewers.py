"""Many browser tabs without browsers: each speaks Streamlit's own protocol to a running app, and polls as a tab does.

A tab asks for a page, reads all that the server sends, and then asks for each live part of it again at the interval
that the server told it. What is left out is the drawing, which happens on the viewers' machines.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0  # seconds after which a tab counts as not answered


@dataclass
class Seen:
    """What all tabs together went through: seconds from asking to the last word of the answer, and what went wrong."""

    pages: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Tab:
    """One tab on one page of the app."""

    def __init__(self, url: str, seen: Seen) -> None:
        self.url, self.seen = url, seen
        self.timers: dict[str, float] = {}  # fragment -> seconds between two polls
        self.page = ""

    async def visit(self, path: str, seconds: float) -> None:
        """Open a page and stay there, polling as it says."""
        address = f"ws://{urlsplit(self.url).netloc}/_stcore/stream"
        origin = self.url
        async with connect(address, subprotocols=["streamlit"], origin=origin, max_size=None) as socket:  # type: ignore[arg-type,list-item]
            page, _, query = path.partition("?")
            self.state = ClientState(query_string=query, page_name=page)
            self.timers = {}
            self.seen.pages.append(await self.ask(socket, self.state))
            await self.stay(socket, time.monotonic() + seconds)

    async def stay(self, socket: ClientConnection, end: float) -> None:
        """Ask for each live part whenever it is due."""
        due = {fragment: time.monotonic() + every for fragment, every in self.timers.items()}
        while (now := time.monotonic()) < end:
            if not due or (first := min(due, key=lambda fragment: due[fragment])) is None:
                await asyncio.sleep(end - now)
                return
            await asyncio.sleep(max(0.0, min(due[first], end) - now))
            if time.monotonic() >= end:
                return
            state = ClientState()
            state.CopyFrom(self.state)
            state.fragment_id, state.is_auto_rerun = first, True
            self.seen.polls.append(await self.ask(socket, state))
            due = {fragment: due.get(fragment, time.monotonic() + every) for fragment, every in self.timers.items()}
            if first in due:
                due[first] = time.monotonic() + self.timers[first]

    async def ask(self, socket: ClientConnection, state: ClientState) -> float:
        """Have the script run, and read until it has finished; the seconds."""
        started = time.perf_counter()
        message = BackMsg()
        message.rerun_script.CopyFrom(state)
        await socket.send(message.SerializeToString())
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.read(ForwardMsg.FromString(await socket.recv(decode=False))):
                    pass
        except TimeoutError:
            self.seen.complaints.append(f"no answer from {state.page_name or 'the first page'} in {PATIENCE:.0f} s")
        return time.perf_counter() - started

    def read(self, message: ForwardMsg) -> bool:
        """Take one message; whether it was the last of an answer."""
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.timers = {}
            self.state.page_script_hash = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.timers.pop(fragment, None)
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            self.seen.complaints.append(message.delta.new_element.exception.message)
        return kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN


async def watch(url: str, paths: Sequence[str], tabs: int, seconds: float, stay: float) -> Seen:
    """So many tabs for so long, each going round the pages and staying on each for ``stay`` seconds."""
    seen, end = Seen(), time.monotonic() + seconds

    async def viewer(number: int) -> None:
        await asyncio.sleep(stay * number / tabs)  # nobody clicks at the same instant as forty others
        turn = number
        while (left := end - time.monotonic()) > 0:
            await Tab(url, seen).visit(paths[turn % len(paths)], min(stay, left))
            turn += 1

    await asyncio.gather(*(viewer(number) for number in range(tabs)))
    return seen


def elsewhere(*arguments: object) -> subprocess.Popen[str]:
    """:func:`watch` in a process of its own, which lets everybody else on this machine go first."""
    command = [sys.executable, __file__, json.dumps(arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


if __name__ == "__main__":
    os.nice(19)
    with suppress(OSError):  # Linux shares the cores among sessions first
        Path("/proc/self/autogroup").write_text("19")
    print(json.dumps(asdict(asyncio.run(watch(*json.loads(sys.argv[1]))))))
