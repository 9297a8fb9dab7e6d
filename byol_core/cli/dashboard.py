"""``byol app``: start the dashboard, for this machine or (``--share``) for a class; ``byol passphrase``: its hash."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from byol_core import paths, share
from byol_core.cli.common import Json, app, print_json
from byol_core.errors import LabError
from byol_core.runs.executors import child_environment
from byol_core.runs.store import RunStore

FIRST_PORT, MOST_PORTS = 8501, 50

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Where to serve; by itself a free one.")]
Home = Annotated[Path | None, typer.Option(help="The folder of the runs.")]
Share = Annotated[
    bool, typer.Option("--share", help="Let the local network in: a passphrase makes a teacher, all others look on.")
]
Host = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="NAME", help="With --share: a further name in browsers' address bars."),
]


@app.command("app")
def dashboard(port: Port = None, home: Home = None, shared: Share = False, host: Host = None) -> int:
    """Start the dashboard."""
    if home is not None:
        os.environ["BYOL_LAB_HOME"] = str(paths.expand(str(home)).resolve())
    if shared:
        port = port or _free_port()
    command, folder = dashboard_command(port, shared, host or ())
    environment = child_environment(RunStore().home)
    if shared:
        environment[share.HASH_VARIABLE] = _open_to_network(port or FIRST_PORT)
    if sys.platform != "win32":
        os.chdir(folder)
        os.execve(command[0], command, environment)  # in place of this process, so that a signal ends the dashboard
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


@app.command()
def passphrase(as_json: Json = False) -> None:
    """Print the hash of a passphrase, for a server that 'byol app --share' does not start."""
    chosen = _ask()
    hashed = share.hash_passphrase(chosen)
    if as_json:
        print_json({"passphrase": chosen, share.HASH_VARIABLE: hashed})
    else:
        print(f"Passphrase: {chosen}\n{share.HASH_VARIABLE}={hashed}")


def dashboard_command(
    port: int | None, shared: bool = False, hosts: tuple[str, ...] | list[str] = ()
) -> tuple[list[str], Path]:
    """The command that serves the dashboard, and the folder to start it in: Streamlit looks there for its settings."""
    served = paths.bundled("app") / "server.py"
    if not served.is_file():
        raise LabError(f"The dashboard '{served}' is missing; install the lab again.")
    screen = sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    flags = ["--server.headless", "true" if shared or not (screen and sys.stdout.isatty()) else "false"]
    flags += ["--server.showEmailPrompt", "false", *(["--server.port", str(port)] if port else [])]
    if shared:
        flags += ["--server.address", "0.0.0.0"]
        # Told its address, Streamlit does not ask the internet for it.
        flags += ["--browser.serverAddress", (share.addresses() or ["localhost"])[0]]
        flags += [word for name in (*share.host_names(), *hosts) for word in ("--server.allowedHosts", name)]
    return [sys.executable, "-m", "streamlit", "run", str(served), *flags], served.parent.parent


def _open_to_network(port: int) -> str:
    """The hash of the passphrase, asked for or made; says where the class goes and how a teacher signs in."""
    hashed = os.environ.get(share.HASH_VARIABLE, "").strip()
    if hashed and not share.usable(hashed):
        raise LabError(f"{share.HASH_VARIABLE} is not a hash that 'byol passphrase' prints; unset it, or set it anew.")
    chosen = "" if hashed else _ask()
    reached = share.addresses()
    print("The class looks on at:   " + ("  or  ".join(f"http://{address}:{port}" for address in reached) or "nowhere"))
    if not reached:
        print("This machine is in no network now; connect it and start again.")
    said = f"the passphrase of {share.HASH_VARIABLE}" if hashed else f"this passphrase: {chosen}"
    print(f"A teacher signs in with {said}")
    print("Everybody in this network can look. Without HTTPS others in it could listen; see docs/threat-model.md.")
    sys.stdout.flush()
    return hashed or share.hash_passphrase(chosen)


def _ask() -> str:
    """A passphrase from the keyboard; made here when there is none, or nobody to ask."""
    if not sys.stdin.isatty():
        return share.make_passphrase()
    asked = "Passphrase for teachers (Enter makes one)"
    given: str = typer.prompt(asked, default="", show_default=False, hide_input=True, err=True)
    if not given:
        return share.make_passphrase()
    share.check_passphrase(given)
    typer.prompt("The same again", hide_input=True, err=True, value_proc=lambda again: _same(given, again))
    return given


def _same(given: str, again: str) -> str:
    if again != given:
        raise typer.BadParameter("The two are not the same.")
    return again


def _free_port() -> int:
    """The first port from Streamlit's usual one on that nobody uses, so that the address can be printed."""
    for port in range(FIRST_PORT, FIRST_PORT + MOST_PORTS):
        with socket.socket() as probe:
            if sys.platform != "win32":  # a port that was in use a moment ago is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise LabError(f"No port from {FIRST_PORT} to {FIRST_PORT + MOST_PORTS - 1} is free; choose one with --port.")
