"""The helpers of the tests are found whatever else is installed: other projects bring a package ``tests`` too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_another_package_called_tests_hides_nothing(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    (site / "tests" / "faults").mkdir(parents=True)
    for folder in (site / "tests", site / "tests" / "faults"):
        (folder / "__init__.py").write_text("raise SystemExit('the wrong tests')")
    (site / "tests" / "faults" / "nursery.py").write_text("")
    code = f"import sys; sys.path.append({str(site)!r}); import tests.faults.nursery as found; print(found.__file__)"
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == str(ROOT / "tests" / "faults" / "nursery.py"), done.stderr


def test_each_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")} - {ROOT / "tests" / "faults" / "site"}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
