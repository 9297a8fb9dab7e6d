"""``byol``: the same verbs as the dashboard. Exit status 0 done, 1 failed, 2 the input was wrong (one sentence).

Torch and Streamlit are imported by the commands that need them, so that ``byol --help`` and ``byol runs`` are quick.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import byol_core
from byol_core import config as settings
from byol_core import config_text, paths, presets
from byol_core.errors import InputError, LabError
from byol_core.runs import report
from byol_core.runs.executors import LocalExecutor, child_environment
from byol_core.runs.model import Run
from byol_core.runs.store import RunStore

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="byol",
    help="BYOL Lab: train Bootstrap Your Own Latent without labels, and watch it learn.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for machines.")]
Ref = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or its name.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as views.strength=0.6.")
]
Name = Annotated[str, typer.Option(help="What to call the run.")]


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        print(byol_core.__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def train(
    preset: Annotated[str | None, typer.Option(help=f"A recipe: {', '.join(presets.PRESETS)}.")] = None,
    data: Annotated[str | None, typer.Option(help="A name from the catalog, or a path of images.")] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML or JSON file of settings, over the preset.")] = None,
    set_: Set = None,
    name: Name = "",
    queue: Annotated[bool, typer.Option("--queue", help="Leave it to the supervisor, and return at once.")] = False,
    as_json: Json = False,
) -> int:
    """Train a run here, with a progress bar; Ctrl-C writes a checkpoint and stops."""
    wanted = configure(preset, config, data, set_ or [])
    _refuse_missing_images(wanted)
    store = RunStore()
    if queue:
        return _queued(store, store.create(wanted, name=name, preset=preset), as_json)
    return _train_here(store, wanted, name, preset, as_json)


def configure(
    preset: str | None, file: Path | None, data: str | None, assignments: Sequence[str]
) -> settings.RunConfig:
    """Preset, then the file over it, then ``--data``, then each ``--set``."""
    base = presets.get(preset).config() if preset else settings.RunConfig()
    given = _plain(config_text.read_file(file), file) if file else {}
    dotted = {key: value for key, value in given.items() if "." in key}
    tree = _merged(base.model_dump(mode="json"), {key: value for key, value in given.items() if "." not in key})
    source = {"data.source": data} if data is not None else {}
    return settings.build(tree, {**dotted, **source, **config_text.parse_assignments(assignments)})


def _refuse_missing_images(wanted: settings.RunConfig) -> None:
    """Say at once, and not from a worker, that there are no such images."""
    from byol_core.data.catalog import find, load

    source = wanted.data.source
    if find(source) is None and not os.path.exists(paths.expand(source)):  # noqa: PTH110 (never raises)
        load(source, wanted.data.image_size)


def _plain(tree: dict[str, Any], file: Path) -> dict[str, Any]:
    """YAML knows dates, sets and knots; a configuration has none of them."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(tree, default=str))
    except (TypeError, ValueError, RecursionError):
        raise InputError(f"The configuration file '{file}' should hold settings as 'key: value'.") from None
    return plain


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping | None):
            value = _merged(below, value or {})  # an empty section of a YAML file is None, and changes nothing
        result[key] = value
    return result


def _queued(store: RunStore, run: Run, as_json: bool) -> int:
    LocalExecutor(store).submit(run.run_id)
    if as_json:
        _print_json(report.as_object(store, run))
    else:
        print(f"Run {run.run_id} '{run.name}' waits for its turn; follow it with: byol tail {run.run_id} --follow")
    return 0


def _train_here(store: RunStore, wanted: settings.RunConfig, name: str, preset: str | None, as_json: bool) -> int:
    from byol_core.runs import worker
    from byol_core.runs.bar import Bar

    run = store.create(wanted, name=name, preset=preset, here=True)
    console = _console(stderr=True)
    console.print(f"Run {run.run_id} '{run.name}' in {run.folder}", highlight=False, soft_wrap=True, markup=False)
    with Bar(console) as bar:
        run, status = worker.work(store, run, also=bar)
    if status == 2 and not store.metric_keys(run.run_id):
        store.delete(run.run_id)  # nothing was trained: the sentence is all there is to keep
        raise InputError(run.message)
    if run.message:
        print(run.message, file=sys.stderr)
    if run.state == "stopped":
        where = f"Stopped at step {run.step} of {run.total_steps}; go" if run.total_steps else "Go"
        print(f"{where} on with: byol resume {run.run_id}", file=sys.stderr)
    if as_json:
        _print_json(report.as_object(store, run))
    elif run.summary:
        _console().print(report.numbers_table(run))
    return status


@app.command("runs")
def list_runs(
    limit: Annotated[int | None, typer.Option(min=1, help="The newest so many.")] = None, as_json: Json = False
) -> None:
    """List the runs, newest first."""
    store = RunStore()
    found = store.runs(limit)
    if as_json:
        _print_json([report.as_object(store, run) for run in found])
    elif found:
        _console().print(report.runs_table(found))
    else:
        print(f"There are no runs in {store.home}; start one with: byol train --preset classroom")


@app.command()
def show(run: Ref, as_json: Json = False) -> None:
    """Show one run: its state, numbers and settings."""
    store = RunStore()
    found = store.get(run)
    _print_json(report.as_object(store, found)) if as_json else _console().print(report.facts_table(store, found))


@app.command()
def stop(
    run: Ref,
    wait: Annotated[bool, typer.Option(help="Return when it has stopped.")] = True,
    as_json: Json = False,
) -> None:
    """Have a run write a checkpoint and stop."""
    store = RunStore()
    run_id = store.get(run).run_id
    LocalExecutor(store).stop(run_id)
    while wait and store.get(run_id).live:
        time.sleep(0.2)
    _say(store, run_id, as_json)


@app.command()
def resume(run: Ref, as_json: Json = False) -> int:
    """Queue a stopped, failed or interrupted run again; it goes on from its last checkpoint."""
    store = RunStore()
    return _queued(store, store.resume(run), as_json)


@app.command()
def clone(run: Ref, set_: Set = None, name: Name = "", as_json: Json = False) -> int:
    """Queue a new run with the settings of another, some of them changed."""
    store = RunStore()
    changes = config_text.parse_assignments(set_ or [])
    return _queued(store, store.clone(run, changes, name=name), as_json)


@app.command()
def delete(run: Ref, as_json: Json = False) -> None:
    """Remove a run with all its files."""
    store = RunStore()
    found = store.get(run)
    store.delete(found.run_id)
    if as_json:
        _print_json({"run_id": found.run_id, "name": found.name, "deleted": True})
    else:
        print(f"Run {found.run_id} '{found.name}' is deleted.")


@app.command()
def tail(
    run: Ref,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print the end of a run's log."""
    store = RunStore()
    found = store.get(run)
    if as_json:
        _print_json({"run_id": found.run_id, "lines": LocalExecutor(store).tail(found.run_id, lines)})
        return
    print(*LocalExecutor(store).tail(found.run_id, lines), sep="\n", flush=True)
    if follow:
        _follow(store, found)


def _follow(store: RunStore, run: Run) -> None:
    log = run.folder / "log.txt"
    at = log.stat().st_size if log.exists() else 0
    while True:
        ended = not (run.live or run.state == "queued")
        if log.exists() and log.stat().st_size > at:
            with log.open(encoding="utf-8", errors="replace") as file:
                file.seek(at)
                sys.stdout.write(file.read())
                at = file.tell()
            sys.stdout.flush()
        if ended:
            return
        time.sleep(0.5)
        run = store.get(run.run_id)


@app.command()
def doctor(as_json: Json = False) -> int:
    """Say what this machine has, and whether all works."""
    from byol_core.runs.doctor import examine

    found = examine()
    if as_json:
        _print_json(found)
    else:
        for check in found["checks"]:
            print(f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']}: {check['detail']}")
        print("All is well." if found["ok"] else "Something does not work; see the lines with FAIL.")
    return 0 if found["ok"] else 1


@app.command("app")
def dashboard(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Where to serve; by itself a free one.")] = None,
    home: Annotated[Path | None, typer.Option(help="The folder of the runs.")] = None,
) -> int:
    """Start the dashboard."""
    if home is not None:
        os.environ["BYOL_LAB_HOME"] = str(paths.expand(str(home)).resolve())
    command, folder = dashboard_command(port)
    environment = child_environment(RunStore().home)
    if sys.platform != "win32":
        os.chdir(folder)
        os.execve(command[0], command, environment)  # in place of this process, so that a signal ends the dashboard
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def dashboard_command(port: int | None) -> tuple[list[str], Path]:
    """The command that serves the dashboard, and the folder to start it in: Streamlit looks there for its settings."""
    main = paths.bundled("app") / "main.py"
    if not main.is_file():
        raise LabError(f"The dashboard '{main}' is missing; install the lab again.")
    screen = sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    flags = ["--server.headless", "false" if screen and sys.stdout.isatty() else "true"]
    flags += ["--server.showEmailPrompt", "false", *(["--server.port", str(port)] if port else [])]
    return [sys.executable, "-m", "streamlit", "run", str(main), *flags], main.parent.parent


def _say(store: RunStore, run_id: str, as_json: bool) -> None:
    run = store.get(run_id)
    if as_json:
        _print_json(report.as_object(store, run))
    else:
        print(f"Run {run.run_id} '{run.name}' is {run.state}{': ' + run.message if run.message else '.'}")


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str), flush=True)


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: run a command and end the process with its exit status.

    Under torchrun, every rank but the first helps the first, which alone reads the command.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["train"] and int(os.environ.get("WORLD_SIZE", "1")) > 1 and int(os.environ.get("RANK", "0")) > 0:
        from byol_core.follow import main as follow

        sys.exit(follow())
    sys.exit(_status(arguments))


def _status(arguments: Sequence[str] | None) -> int:
    """The exit status; what went wrong as one sentence on stderr."""
    try:
        command = typer.main.get_command(app)
        return command.main(list(arguments) if arguments is not None else None, "byol", standalone_mode=False) or 0
    except InputError as error:
        return _complain(str(error), 2)
    except LabError as error:
        return _complain(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("Interrupted.", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: byol runs | head
        return 0
    except Exception as error:
        # Typer brings its own copy of click in some releases and not in others; both sign their errors like this.
        if not hasattr(error, "format_message"):
            raise
        return _complain(f"{error.format_message().strip().rstrip('.')}; see 'byol --help'.", 2)


def _complain(sentence: str, status: int) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
