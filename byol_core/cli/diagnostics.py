"""``byol doctor``: what this machine has, and whether all that the lab needs works here."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from byol_core.errors import LabError
from byol_core.messages import Listing, Message
from byol_core.runs import folder, launcher
from byol_core.runs.store import RunStore
from byol_core.system import paths
from byol_core.system.files import write_atomic

# Module -> the name under which it is installed.
NEEDED = {
    "torch": "torch",
    "torchvision": "torchvision",
    "numpy": "numpy",
    "pandas": "pandas",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "numba": "numba",
    "plotly": "plotly",
    "streamlit": "streamlit",
    "pydantic": "pydantic",
    "sqlalchemy": "sqlalchemy",
    "safetensors": "safetensors",
    "psutil": "psutil",
    "yaml": "pyyaml",
    "filelock": "filelock",
    "pyarrow": "pyarrow",
    "typer": "typer",
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``name`` and ``detail`` are for people."""

    name: str
    ok: bool
    detail: str


def examine() -> dict[str, Any]:
    """All checks, the machine, and whether all is well."""
    checks = [
        *(
            _check(Message("package {name}", name=name), partial(_import, module, name))
            for module, name in NEEDED.items()
        ),
        _check(Message("home"), _home),
        _check(Message("disk"), _disk),
        _check(Message("image cache"), _cache),
        _check(Message("run store"), _store),
        _check(Message("embedded images"), _embedded),
        _check(Message("dashboard"), _dashboard),
    ]
    machine, device = _machine()
    checks.insert(0, device)
    return {
        "ok": all(check.ok for check in checks),
        "home": str(paths.home()),
        "machine": machine,
        "checks": [asdict(check) for check in checks],
    }


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except LabError as error:
        return Check(name, False, error.message)
    except Exception as error:  # a broken package can fail with anything at import
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        kind = type(error).__name__
        return Check(name, False, Message("does not work here ({kind}: {reason})", kind=kind, reason=reason))


def _machine() -> tuple[dict[str, Any], Check]:
    found: dict[str, Any] = {}

    def look() -> str:
        from byol_core.system.device import describe_machine

        found.update(describe_machine())
        return Listing((f"{device['name']} ({device['kind']})" for device in found["devices"]), "comma")

    check = _check(Message("device"), look)
    return found, check


def _import(module: str, distribution: str) -> str:
    importlib.import_module(module)
    return metadata.version(distribution)


def _home() -> str:
    home = paths.home()
    snapshot = home / f".doctor-{id(home):x}"
    RunStore(home)
    write_atomic(snapshot, b"")
    snapshot.unlink()
    return Message("{folder} can be written", folder=str(home))


def _disk() -> str:
    free = shutil.disk_usage(paths.home()).free
    if free < folder.LEAST_FREE_BYTES:
        raise LabError("only {free:.0f} MB are free in {folder}", free=free / 1e6, folder=paths.home())
    return Message("{free:.1f} GB free", free=free / 1e9)


def _cache() -> str:
    from byol_core.data.cache import cache_size

    return Message(
        "{size:.1f} GB in {folder}; it may be deleted, and is made again when it is needed",
        size=cache_size() / 1e9,
        folder=str(paths.cache()),
    )


def _store() -> str:
    store = RunStore()
    count = len(store.runs())
    if launcher.supervisor_runs(store.home):
        return Message.plural("{n} run; a supervisor is at work", "{n} runs; a supervisor is at work", count)
    return Message.plural("{n} run; no supervisor is needed now", "{n} runs; no supervisor is needed now", count)


def _embedded() -> str:
    from byol_core.data.catalog import load

    images = load("eurosat", 32)
    return Message("{images} images of {classes} classes", images=len(images.images), classes=len(images.class_names))


def _dashboard() -> str:
    main: Path = paths.bundled("app") / "main.py"
    if not main.is_file():
        raise LabError("{file} is missing; install the lab again", file=main)
    return Message("'byol app' starts it")
