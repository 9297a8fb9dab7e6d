"""Runs what serves a web page, on a port that nobody else takes."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
PORTS = 5  # that are tried, before something else must be wrong


def streamlit(script: str, *options: str) -> Callable[[int], list[str]]:
    """How Streamlit is told to serve this script on a port."""
    return lambda port: ["streamlit", "run", script, f"--server.port={port}", "--server.headless=true", *options]


@contextmanager
def serving(
    arguments: Callable[[int], list[str]],
    log: Path,
    environment: dict[str, str],
    folder: Path = ROOT,
    *,
    under: Sequence[str] = (),
) -> Iterator[str]:
    """Run a module that serves on the port it is told, and end it afterwards; gives its address.

    ``under``: a command that runs another one, such as one with fewer rights.
    """
    for left in reversed(range(PORTS)):
        port = free_port()
        with log.open("w") as out:
            server = subprocess.Popen(
                [*under, sys.executable, "-m", *arguments(port)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            if answers(port, server):
                yield f"http://localhost:{port}"
                return
        finally:
            stop(server)
        # Another worker of pytest may have taken the port that was free a moment ago.
        assert left and f"Port {port} is not available" in log.read_text(), f"no answer: {log.read_text()}"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


def answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Wait until this very server answers on the port; False when it ended before, or never does."""
    end = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5).close()
            if listens(port, server):
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def listens(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Whether it is this server that has the port, and not that of another worker."""
    try:
        parent = psutil.Process(server.pid)
        used = [one for each in (parent, *parent.children(True)) for one in each.net_connections("tcp")]
    except psutil.NoSuchProcess:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in used)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
