from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from byol_core.cli import COMMANDS
from byol_core.cli.dashboard import dashboard_command

# The machine and the dashboard


def test_doctor_looks_at_everything_and_says_what_fails(byol, monkeypatch):
    from byol_core.cli import diagnostics

    monkeypatch.setattr(diagnostics, "NEEDED", {"yaml": "pyyaml", "no_such_module": "no-such-package"})
    status, out, _ = byol("doctor", "--json")
    found = json.loads(out)
    checks = {check["name"]: check for check in found["checks"]}
    assert (status, found["ok"]) == (1, False)
    assert "No module named 'no_such_module'" in checks["package no-such-package"]["detail"]
    assert all(check["ok"] for name, check in checks.items() if name != "package no-such-package")
    assert found["machine"]["devices"]
    assert {"device", "home", "disk", "run store", "embedded images", "dashboard"} <= set(checks)


def test_the_dashboard_starts_where_its_settings_are(monkeypatch):
    command, folder = dashboard_command(8765)
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert Path(command[4]).is_file()
    assert command[-2:] == ["--server.port", "8765"]
    assert (folder / ".streamlit" / "config.toml").is_file()


def test_help_lists_every_command_and_imports_no_heavy_packages():
    code = "import sys; from byol_core.cli import main\ntry: main(['--help'])\nfinally: print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout
    assert "'babel'" not in out  # English needs no translations
    assert all(re.search(rf"^  {command} ", out, re.MULTILINE) for command in COMMANDS)
    assert not {"'torch'", "'streamlit'", "'pandas'", "'rich'"} & set(re.findall(r"'\w+'", out))


def test_the_version_is_printed(byol):
    import byol_core

    assert byol("--version")[:2] == (0, f"{byol_core.__version__}\n")
