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
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str


def examine() -> dict[str, Any]:
    """All checks, the machine, and whether all is well."""
    checks = [
        *(_check(f"package {name}", partial(_import, module, name)) for module, name in NEEDED.items()),
        _check("home", _home),
        _check("disk", _disk),
        _check("image cache", _cache),
        _check("run store", _store),
        _check("embedded images", _embedded),
        _check("dashboard", _dashboard),
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
        return Check(name, False, str(error))
    except Exception as error:  # a broken package can fail with anything at import
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Check(name, False, f"does not work here ({type(error).__name__}: {reason})")


def _machine() -> tuple[dict[str, Any], Check]:
    found: dict[str, Any] = {}

    def look() -> str:
        from byol_core.system.device import describe_machine

        found.update(describe_machine())
        return ", ".join(f"{device['name']} ({device['kind']})" for device in found["devices"])

    check = _check("device", look)
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
    return f"{home} can be written"


def _disk() -> str:
    free = shutil.disk_usage(paths.home()).free
    if free < folder.LEAST_FREE_BYTES:
        raise LabError(f"only {free / 1e6:.0f} MB are free in {paths.home()}")
    return f"{free / 1e9:.1f} GB free"


def _cache() -> str:
    from byol_core.data.cache import cache_size

    return f"{cache_size() / 1e9:.1f} GB in {paths.cache()}; it may be deleted, and is made again when it is needed"


def _store() -> str:
    store = RunStore()
    watched = "a supervisor is at work" if launcher.supervisor_runs(store.home) else "no supervisor is needed now"
    return f"{len(store.runs())} runs; {watched}"


def _embedded() -> str:
    from byol_core.data.catalog import load

    images = load("eurosat", 32)
    return f"{len(images.images)} images of {len(images.class_names)} classes"


def _dashboard() -> str:
    main: Path = paths.bundled("app") / "main.py"
    if not main.is_file():
        raise LabError(f"{main} is missing; install the lab again")
    return "'byol app' starts it"
