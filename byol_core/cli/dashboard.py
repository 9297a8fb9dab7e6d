"""``byol app``: start the dashboard, for this machine or (``--share``) for a class; ``byol passphrase``: its hash."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from byol_core import sharing
from byol_core.cli import help_pages, language
from byol_core.cli.common import Json, app, print_json
from byol_core.cli.language import _
from byol_core.errors import InputError, LabError
from byol_core.language import VARIABLE as LANGUAGE_VARIABLE
from byol_core.messages import Message
from byol_core.runs.store import RunStore
from byol_core.system import paths, qr
from byol_core.system.environment import child_environment
from byol_core.system.files import raise_open_files

FIRST_PORT, MOST_PORTS = 8501, 50
_LONGEST_LINE = 10_000
SECRETS = "secrets.toml"

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to serve on; default: a free one.")]
Home = Annotated[Path | None, typer.Option(help="The folder of the runs.")]
Share = Annotated[
    bool, typer.Option("--share", help="Open to the local network: view-only, unless one knows the passphrase.")
]
Host = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="NAME", help="With --share: a further name in browsers' address bars."),
]
_PAGES = help_pages.made(
    Message("With --share: how many pages one address may have open ({usual}).", usual=sharing.PAGES)
)
Pages = Annotated[int | None, typer.Option("--pages-per-address", min=1, help=_PAGES)]
Lang = Annotated[
    str | None,
    typer.Option(
        language.OPTION, metavar="CODE", help="The language of the pages, en or zh_CN; default: that of each browser."
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", help="A file whose first line is the passphrase; - is standard input."
    ),
]


@app.command("app")
def dashboard(
    context: typer.Context,
    port: Port = None,
    home: Home = None,
    shared: Share = False,
    host: Host = None,
    passphrase_file: PassphraseFile = None,
    pages: Pages = None,
    lang: Lang = None,
) -> int:
    """Start the dashboard."""
    spoken = language.known(lang or context.find_root().params["lang"])
    if spoken:
        language.settle(spoken)
    raise_open_files()  # a page takes four
    if passphrase_file and not shared:
        raise InputError("A passphrase is for a dashboard that others reach: --passphrase-file goes with --share.")
    if home is not None:
        os.environ["BYOL_LAB_HOME"] = str(paths.expand(str(home)).resolve())
    if shared:
        port = port or _free_port()
    command, folder = dashboard_command(port, shared, host or ())
    environment = child_environment(RunStore().home)
    if spoken:
        environment[LANGUAGE_VARIABLE] = spoken
    if pages:
        environment[sharing.PAGES_VARIABLE] = str(pages)
    if shared:
        environment[sharing.HASH_VARIABLE] = _open_to_network(port or FIRST_PORT, passphrase_file)
    if sys.platform != "win32":
        os.chdir(folder)
        os.execve(command[0], command, environment)  # in place of this process, so that a signal ends the dashboard
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


@app.command()
def passphrase(passphrase_file: PassphraseFile = None, as_json: Json = False) -> None:
    """Print the hash of a passphrase, for a server that 'byol app --share' does not start."""
    chosen, made = _passphrase(passphrase_file)
    hashed = sharing.hash_passphrase(chosen)
    if as_json:
        print_json({**({"passphrase": chosen} if made else {}), sharing.HASH_VARIABLE: hashed})
    else:
        if made:
            print(_("Passphrase: {passphrase}", passphrase=chosen))
        print(f"{sharing.HASH_VARIABLE}={hashed}")


def dashboard_command(
    port: int | None, shared: bool = False, hosts: tuple[str, ...] | list[str] = ()
) -> tuple[list[str], Path]:
    """The command that serves the dashboard, and the folder to start it in: Streamlit looks there for its settings."""
    served = paths.bundled("app") / "main.py"
    if not served.is_file():
        raise LabError("The dashboard '{file}' is missing; install the lab again.", file=served)
    screen = sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    flags = ["--server.headless", "true" if shared or not (screen and sys.stdout.isatty()) else "false"]
    flags += ["--server.showEmailPrompt", "false", *(["--server.port", str(port)] if port else [])]
    # Streamlit would look in the folder that it is started in, which from a wheel is one inside the package.
    if (secrets := paths.home() / SECRETS).is_file():
        flags += ["--secrets.files", str(secrets)]
    if shared:
        flags += ["--server.address", "0.0.0.0"]
        # Told its address, Streamlit does not ask the internet for it.
        flags += ["--browser.serverAddress", (sharing.addresses() or ["localhost"])[0]]
        flags += [word for name in (*sharing.host_names(), *hosts) for word in ("--server.allowedHosts", name)]
    return [sys.executable, "-m", "streamlit", "run", str(served), *flags], served.parent.parent


def _open_to_network(port: int, passphrase_file: Path | None) -> str:
    """The hash of the passphrase, given or made; says where the class goes and how a teacher signs in."""
    hashed = "" if passphrase_file else os.environ.get(sharing.HASH_VARIABLE, "").strip()
    if hashed and not sharing.usable(hashed):
        raise LabError(
            "{variable} is not a hash that 'byol passphrase' prints; unset it, or set it again.",
            variable=sharing.HASH_VARIABLE,
        )
    chosen, made = ("", False) if hashed else _passphrase(passphrase_file)
    reached = sharing.addresses()
    _say_where([f"http://{address}:{port}" for address in reached])
    if made:
        print(_("A teacher signs in with this passphrase: {passphrase}", passphrase=chosen))
    elif hashed:
        print(_("A teacher signs in with the passphrase of {variable}", variable=sharing.HASH_VARIABLE))
    else:
        print(_("A teacher signs in with the passphrase that you gave."))
    print(
        _("Everybody in this network has view-only access. Without HTTPS, others could listen: docs/threat-model.md.")
    )
    sys.stdout.flush()
    return hashed or sharing.hash_passphrase(chosen)


def _say_where(reached: list[str]) -> None:
    """Where the class goes, on a terminal with a code for phones."""
    if not reached:
        print(_("Address for the class:   nowhere"))
        print(_("This machine is in no network now; connect it and start again."))
        return
    print(_("Address for the class:   {address}", address=reached[0]))
    if code := _code(reached[0]):
        print(f"\n{code}\n")
    if len(reached) > 1:
        others = language.listing(reached[1:], "or")
        print(_("This machine has further addresses; if that one does not open: {addresses}", addresses=others))


def _code(address: str) -> str:
    """The QR code; empty where it would not be seen."""
    made = qr.for_terminal(address) if sys.stdout.isatty() else ""
    try:
        made.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return ""
    return made


def _passphrase(file: Path | None) -> tuple[str, bool]:
    """A passphrase, and whether it was made here: only such a one is ever printed, and on a terminal alone."""
    if given := _read(file) if file else _ask():
        return given, False
    if not sys.stdout.isatty():
        raise InputError(
            "A passphrase that is made here is shown on a terminal, and this is none: give one with --passphrase-file, "
            "or to 'byol app --share' its hash in {variable}.",
            variable=sharing.HASH_VARIABLE,
        )
    return sharing.make_passphrase(), True


def _read(file: Path) -> str:
    """The first line of the file."""
    try:
        if str(file) == "-":
            line = sys.stdin.readline(_LONGEST_LINE)
        else:
            with paths.expand(str(file)).open(encoding="utf-8") as opened:
                line = opened.readline(_LONGEST_LINE)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else Message("it is no text")
        raise InputError("The passphrase cannot be read from '{file}' ({reason}).", file=file, reason=reason) from None
    given = line.rstrip("\r\n")
    sharing.check_passphrase(given)
    return given


def _ask() -> str:
    """A passphrase from the keyboard; empty when there is none, or nobody to ask."""
    if not sys.stdin.isatty():
        return ""
    asked = _("Passphrase for teachers (Enter makes one)")
    given: str = typer.prompt(asked, default="", show_default=False, hide_input=True, err=True)
    if given:
        sharing.check_passphrase(given)
        while typer.prompt(_("The same again"), hide_input=True, err=True) != given:
            print(_("The two are not the same."), file=sys.stderr)
    return given


def _free_port() -> int:
    """The first port from Streamlit's usual one on that nobody uses, so that the address can be printed."""
    for port in range(FIRST_PORT, FIRST_PORT + MOST_PORTS):
        with socket.socket() as snapshot:
            if sys.platform != "win32":  # a port that was in use a moment ago is free
                snapshot.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                snapshot.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise LabError(
        "No port from {first} to {last} is free; choose one with --port.",
        first=FIRST_PORT,
        last=FIRST_PORT + MOST_PORTS - 1,
    )
